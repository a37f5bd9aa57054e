"""Tables as people have them through `segment`, held against scikit-learn and examples by hand."""

import csv
import json

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from kmbench import segment
from kmbench.datasets.customers import customer_table
from kmbench.datasets.tables.reader import read_frame, read_table
from kmbench.errors import CaseError, DataError
from kmbench.segments.features import make_features


@pytest.fixture(scope="module")
def customers():
    drawn = customer_table(1500, seed=4)
    return pd.DataFrame(drawn.numbers | drawn.categories), drawn.segment


def written(tmp_path, text, name="table.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_features_are_scikit_learns(customers):
    frame, _ = customers
    features = make_features(read_frame(frame))
    numbers, texts = frame.select_dtypes("number"), frame.select_dtypes(exclude="number")
    expected = np.hstack(
        [StandardScaler().fit_transform(numbers), OneHotEncoder(sparse_output=False).fit_transform(texts)]
    )
    assert pytest.approx(expected, abs=1e-5) == features.X
    assert features.names[-1] == "region=west"


def test_known_segments_are_found(customers):
    frame, truth = customers
    result = segment(frame, 5, threads=1)
    X = make_features(read_frame(frame)).X
    theirs = KMeans(5, n_init=10, random_state=0).fit(X)
    assert adjusted_rand_score(truth, result.labels) > 0.85
    assert result.inertia <= 1.001 * theirs.inertia_
    assert [profile.size for profile in result.profiles[1:]] == np.bincount(result.labels)[1:].tolist()
    means = frame.assign(segment=result.labels).groupby("segment")["income"].mean()
    assert [profile.means["income"] for profile in result.profiles[1:]] == pytest.approx(means.tolist())
    assert 0 <= result.least_stability <= result.stability <= 1


def test_the_generator_is_the_same_for_a_seed_and_blurs_with_noise():
    one, two = customer_table(500, 1), customer_table(500, 1)
    assert all(np.array_equal(one.numbers[name], two.numbers[name]) for name in one.numbers)
    assert not np.array_equal(one.segment, customer_table(500, 2).segment)

    def ari(noise):
        drawn = customer_table(800, 0, noise)
        frame = pd.DataFrame(drawn.numbers)
        return adjusted_rand_score(drawn.segment, segment(frame, 5, seeds=3, threads=1).labels)

    assert ari(0.5) > 0.97
    assert ari(4.0) < 0.7


def test_six_customers_by_hand(tmp_path):
    path = written(tmp_path, "spend,visits\n10,1\n12,1\n11,1\n100,9\n104,9\n96,9\n")
    result = segment(path, 2, threads=1, seeds=3)
    assert result.labels.tolist() in ([1, 1, 1, 2, 2, 2], [2, 2, 2, 1, 1, 1])
    assert sorted(profile.means["spend"] for profile in result.profiles[1:]) == pytest.approx([11, 100])
    assert (result.stability, result.segment_stability) == (1.0, [1.0, 1.0])
    lines = list(csv.reader(result.csv.decode().splitlines()))
    assert lines[0] == ["spend", "visits", "segment"]
    assert [line[:2] for line in lines[1:3]] == [["10", "1"], ["12", "1"]]


def test_the_table_comes_back_as_it_was_with_one_more_column(tmp_path):
    text = ',name,"spend, EUR",since,plan\n0,Ada,"1,250.50",2001,gold\n1,Bob,"2,100",2003,free\n'
    text += "2,Cy,90,2011,free\n3,Di,80,2012,free\n"
    path = written(tmp_path, text)
    table = read_table(path)
    assert table.columns[2].numbers.tolist() == [1250.5, 2100, 90, 80]
    result = segment(path, 2, threads=1)
    assert result.features == ["spend, EUR", "since", "plan=free", "plan=gold"]
    notes = " / ".join(map(str, result.notes))
    assert "column 1 was left out: it numbers the rows" in notes
    assert "name was left out: every row has a different value" in notes
    assert "thousands separators" in notes
    back = list(csv.reader(result.csv.decode().splitlines()))
    assert [line[:-1] for line in back] == list(csv.reader(text.splitlines()))


def test_semicolons_and_decimal_commas(tmp_path):
    path = written(tmp_path, "kunde_id;umsatz;alter\n17;1.250,50;30\n12;99,9;41\n15;1.000;52\n")
    table = read_table(path)
    assert table.columns[1].numbers.tolist() == [1250.5, 99.9, 1000]
    features = make_features(table)
    assert features.names == ["umsatz", "alter"]
    assert segment(path, 2, threads=1).csv.decode().startswith("kunde_id;umsatz;alter;segment\n")


def test_signs_twice_the_same_name_and_a_column_that_is_called_segment(tmp_path):
    path = written(tmp_path, 'a,a,price,off,segment\n1,9,"$1,200",5%,x\n2,8,$90,10%,y\n3,9,$80,15%,y\n')
    table = read_table(path)
    assert [column.name for column in table.columns] == ["a", "a (2)", "price", "off", "segment"]
    assert table.columns[2].numbers.tolist() == [1200, 90, 80]
    assert table.columns[3].numbers.tolist() == [5, 10, 15]
    result = segment(path, 2, threads=1, seeds=2)
    assert result.csv.decode().splitlines()[0] == "a,a,price,off,segment,segment_found"
    assert any("segment_found" in note for note in map(str, result.notes))


def test_constant_and_empty_columns_are_named_and_left_out(tmp_path):
    path = written(tmp_path, "a,b,c,d\n1,5,,x\n2,5,,x\n9,5,,x\n")
    result = segment(path, 2, threads=1)
    assert result.features == ["a"]
    assert [note.split(":")[0] for note in map(str, result.notes)] == [f"{name} was left out" for name in "bcd"]


GAPS = "a,b,kind\n1,10,x\n,20,x\n3,30,\n5,70,y\n"


def test_missing_values_are_named_and_refused_or_filled(tmp_path):
    path = written(tmp_path, GAPS)
    with pytest.raises(
        DataError, match=r"lacks values in a \(1\), kind \(1\); the first is a in line 3.*--missing mean"
    ):
        segment(path, 2)
    table = read_table(path)
    assert make_features(table, "mean").numbers["a"].tolist() == [1, 3, 3, 5]
    assert make_features(table, "median").numbers["a"].tolist() == [1, 3, 3, 5]
    kind = make_features(table, "mean").categories["kind"]
    assert [kind.levels[code] for code in kind.codes] == ["x", "x", "x", "y"]
    dropped = segment(path, 2, missing="drop", threads=1)
    assert (dropped.labels == 0).tolist() == [False, True, True, False]
    assert dropped.csv.decode().splitlines()[2] == ",20,x,"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,city\nAda,Rome\nBob,Oslo\nCy,Bern\n", "no column to cluster by"),
        ("a\n1\n1\n", "no column to cluster by"),
        ("a,b\n1,2\n3\n", "lacks values in b \\(1\\); the first is b in line 3"),
        ("a,b\n", "no rows"),
        ("", "no rows"),
        ("a\x00b\n", "not a text table"),
    ],
)
def test_bad_tables_are_one_clear_error(tmp_path, text, words):
    with pytest.raises(DataError, match=words):
        segment(written(tmp_path, text), 2)


def test_too_many_segments_are_refused(tmp_path):
    path = written(tmp_path, "a\n1\n1\n2\n")
    with pytest.raises(CaseError, match="k=4 is out of bounds for 3 rows"):
        segment(path, 4)
    with pytest.raises(CaseError, match="only 2 rows are distinct"):
        segment(path, 3)
    with pytest.raises(DataError, match="no column 'b'; known: a"):
        segment(path, 2, leave_out=["b"])


def test_the_command_tells_who_is_in_the_segments(kmbench, tmp_path, customers):
    frame, _ = customers
    frame.to_csv(tmp_path / "customers.csv")
    arguments = ("segment", "customers.csv", "--k", 5, "--seeds", 3, "--threads", 1)
    process = kmbench(*arguments, "--output", "out.csv")
    assert process.returncode == 0, process.stderr
    assert max(map(len, process.stdout.splitlines())) <= 80
    assert "Unnamed" not in process.stdout
    told = json.loads(kmbench(*arguments, "--json").stdout)
    sizes = [row["size"] for row in told["segments"]]
    assert pd.read_csv(tmp_path / "out.csv")["segment"].value_counts().tolist() == sizes
    for wrong in (("nope.csv",), ("customers.csv", "--missing", "guess"), ("customers.csv", "--k", "0"),
                  ("customers.csv", "--output", "out.xlsx")):  # fmt: skip
        process = kmbench("segment", *wrong)
        assert process.returncode == 2
        assert len(process.stderr.strip().splitlines()) == 1
