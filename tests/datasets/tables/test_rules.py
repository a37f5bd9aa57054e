"""What the rules decide, each on a table of its own, and what is refused because nothing decides it."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

from kmbench import segment
from kmbench.datasets import read_spec
from kmbench.datasets.tables.parameters import Asked
from kmbench.datasets.tables.reader import read_table
from kmbench.datasets.tables.rows import TableRows
from kmbench.errors import DataError


def table(folder: Path, text: str, name: str = "t.csv", **asked):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path, Asked(**asked))


def column(folder: Path, head: str, values, **asked):
    """Return a column beside two others."""
    rows = "".join(f"{value};{place % 3};town {place % 4}\n" for place, value in enumerate(values))
    return table(folder, f"{head};level;town\n{rows}", **asked).columns[0]


def code_of(one) -> str | None:
    return None if one.left_out is None else one.left_out.code


REPEATED = [4711, 4712, 4711, 4800, 4713, 4711]
UNIQUE = [830, 112, 514, 97, 1203, 222]


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("guestId", REPEATED, "KM121"),
        ("house_uuid", UNIQUE, "KM121"),
        ("paid", REPEATED, None),
        ("Rechnungsnr", UNIQUE, "KM123"),
        ("NO", REPEATED, None),
        ("number of rooms", UNIQUE, None),
        ("billing zip", UNIQUE, "KM122"),
        ("PhoneNumber", UNIQUE, "KM122"),
        ("phone_minutes", UNIQUE, None),
        ("rooms", [1, 2, 3, 4, 5, 6], "KM123"),
        ("rooms", UNIQUE, None),
    ],
)
def test_names_and_values_say_what_is_an_id(tmp_path, name, values, code):
    assert code_of(column(tmp_path, name, values)) == code
    assert column(tmp_path, name, values, columns=(name,)).left_out is None


def test_digits_that_begin_with_zero_are_codes_and_stay_text(tmp_path):
    found = column(tmp_path, "branch", ["00231", "01999", "44012", "00231"])
    assert found.kind == "code"
    assert found.levels == ("00231", "01999", "44012")


@pytest.mark.parametrize("coded", ["0 1", "no yes", "Nein Ja", "FALSE TRUE", "f t", "non oui", "off on"])
def test_flags_weigh_the_same_however_they_are_coded(tmp_path, coded):
    no, yes = coded.split()
    rows = "".join(f"{row % 7}.5,{yes if row % 3 else no}\n" for row in range(12))
    path = tmp_path / "t.csv"
    path.write_text(f"rate,member\n{rows}")
    member = read_table(path).columns[1]
    assert member.kind == "flag"
    assert member.numbers.tolist() == [float(row % 3 > 0) for row in range(12)]
    assert segment(path, 2, threads=1, seeds=2).profiles[0].means["member"] == pytest.approx(8 / 12)


def test_one_and_two_stay_numbers(tmp_path):
    assert column(tmp_path, "class", [1, 2, 2, 1, 1]).kind == "number"


@pytest.mark.parametrize("word", ["Total", "Summe:", "Grand total", "Razem"])
def test_a_line_of_totals_is_no_row(tmp_path, word):
    found = table(tmp_path, f"shop,sales\nNorth,10\nSouth,30\nEast,25\n{word},65\n")
    assert found.n == 3
    assert [one.code for one in found.notes] == ["KM112"]


def test_totals_are_seen_beside_columns_that_are_left_out(tmp_path):
    text = "shop,sales\nNorth,10\nSouth,30\nEast,25\nTotal,65\n"
    assert table(tmp_path, text, columns=("sales",)).n == 3
    assert table(tmp_path, text, leave_out=("shop",)).n == 3


def test_a_customer_whose_name_begins_with_total_is_a_row(tmp_path):
    assert table(tmp_path, "buyer,sales\nAcme,10\nTotal Energies,30\nOrion,25\nTotal Energies,31\n").n == 4


def test_sums_without_a_word_are_totals_beside_blanks_alone(tmp_path):
    rows = "".join(f"shop {row},{row * 3},{row * row}\n" for row in range(1, 7))
    assert table(tmp_path, f"name,a,b\n{rows},63,91\n").n == 6
    assert table(tmp_path, f"name,a,b\n{rows},63,92\n").n == 7


def test_whole_numbers_of_thousands_decide_what_a_mark_is(tmp_path):
    beside = ["10.178", "6.254", "18.931", "1200", "7.5"]
    assert column(tmp_path, "yield", beside).numbers[0] == 10.178
    many = [f"1.{place:03d}" for place in range(60)] + ["250", "999"]
    assert column(tmp_path, "sales", many).numbers[:2].tolist() == [1000, 1001]


def test_other_columns_prove_the_mark(tmp_path):
    found = table(tmp_path, "sales;rate\n1.234;0,5\n2.500;1,75\n1.100;0,25\n")
    assert found.columns[0].numbers.tolist() == [1234, 2500, 1100]


def test_two_readings_are_refused_with_both_and_decided_by_the_user(tmp_path):
    text = "sales;shop\n1.234;a\n2.500;b\n1.100;a\n"
    with pytest.raises(DataError, match=r"'sales' can be read in two ways: '1\.234' is 1\.234 or 1234; say decimal="):
        table(tmp_path, text)
    assert table(tmp_path, text, decimal="comma").columns[0].numbers.tolist() == [1234, 2500, 1100]
    assert table(tmp_path, text, decimal="point").columns[0].numbers.tolist() == [1.234, 2.5, 1.1]
    assert table(tmp_path, text, leave_out=("sales",)).columns[1].kind == "text"


def test_a_file_of_one_column_proves_no_mark_by_its_delimiter(tmp_path):
    with pytest.raises(DataError, match="'sales' can be read in two ways: '1.000' is 1 or 1000"):
        table(tmp_path, "sales\n0\n0\n1.000\n")
    assert table(tmp_path, "sales\n0,0\n2,5\n1.000,0\n").columns[0].numbers.tolist() == [0, 2.5, 1000]


def test_point_and_comma_in_one_column_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"'price' holds '1\.5' with a decimal point and '2,75' with a decimal comma"):
        table(tmp_path, "price;shop\n1.5;a\n2,75;b\n3.25;a\n")


def test_a_misfit_far_down_names_row_and_value(tmp_path):
    rows = "".join(f"{row % 211}.25,{row % 17}\n" for row in range(150_000))
    with pytest.raises(DataError, match=r"holds 'broken' in line 150002, column 'weight', in a column of numbers"):
        table(tmp_path, f"weight,count\n{rows}broken,3\n")


def test_a_code_far_down_keeps_the_digits_of_its_column(tmp_path):
    rows = "".join(f"{10000 + row * 7 % 80000},{row % 17}\n" for row in range(30_000))
    found = table(tmp_path, f"district,count\n{rows}00042,3\n").columns[0]
    assert found.kind == "code"
    assert found.levels is not None


def test_where_everything_is_left_out_each_reason_is_told(tmp_path):
    found = table(tmp_path, "guest_id,plz,since\n7,50667,2024-01-02\n9,80331,2024-02-03\n7,01067,2024-03-04\n")
    with pytest.raises(DataError) as caught:
        TableRows(found)
    for name in ("guest_id", "plz", "since"):
        assert f"{name} was left out" in str(caught.value)


def test_a_line_that_is_too_long_is_named(tmp_path):
    with pytest.raises(DataError, match="4 fields in line 3"):
        table(tmp_path, "a,b\n1,2\n3,4,5,6\n7,8\n9,9\n")


def test_mixed_units_are_no_amounts(tmp_path):
    found = column(tmp_path, "price", ["5 EUR", "7 USD", "8 EUR", "9 USD"])
    assert (found.kind, [one.code for one in found.notes]) == ("text", ["KM127"])


def test_a_torn_gzip_a_zip_of_two_and_a_password_are_one_line(tmp_path):
    whole = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (row * row, row % 5) for row in range(9000)))
    with pytest.raises(DataError, match="cut short or damaged"):
        table(tmp_path, whole[: len(whole) // 2], "torn.csv.gz")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("one.csv", "a\n1\n")
        archive.writestr("other.csv", "a\n1\n")
    with pytest.raises(DataError, match=r"holds 2 files, not one: one\.csv, other\.csv"):
        read_table(tmp_path / "two.zip")
    with zipfile.ZipFile(tmp_path / "locked.zip", "w") as archive:
        archive.writestr("one.csv", "a\n1\n")
    content = bytearray((tmp_path / "locked.zip").read_bytes())
    content[content.find(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(DataError, match="needs a password"):
        table(tmp_path, bytes(content), "locked.zip")


def test_a_file_that_ends_with_parquet_and_is_none_is_one_line(tmp_path):
    with pytest.raises(DataError, match="not a readable"):
        table(tmp_path, b"PAR1" + b"\0" * 200, "other.parquet")


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("größe;preis\r\n1,5;10\r\n2,5;20\r\n9,5;10\r\n".encode("cp1252"), b";"),
        (b"\xef\xbb\xbf" + "größe\tpreis\n1.5\t10\n2.5\t20\n9.5\t10\n".encode(), b"\t"),
        (("\ufeff" + "größe,preis\n1.5,10\n2.5,20\n9.5,10\n").encode("utf-16-le"), ",".encode("utf-16-le")),
    ],
)
def test_segment_writes_with_the_delimiter_encoding_and_line_ends_of_its_input(tmp_path, content, delimiter):
    path = tmp_path / "in.csv"
    path.write_bytes(content)
    written = segment(path, 2, threads=1, seeds=2).csv
    for mark in (b"\xef\xbb\xbf", b"\xff\xfe"):
        assert written.startswith(mark) == content.startswith(mark)
    encoding = (
        "cp1252"
        if b"gr\xf6" in content and delimiter == b";"
        else "utf-16"
        if delimiter[-1:] == b"\0"
        else "utf-8-sig"
    )
    before, after = content.decode(encoding), written.decode(encoding)
    sep = delimiter.decode("utf-16-le" if encoding == "utf-16" else "ascii")
    assert [line.rsplit(sep, 1)[0] for line in after.splitlines()] == before.splitlines()
    assert after.count("\r\n") == before.count("\r\n")


def test_columns_of_a_spec_are_looked_up_and_a_plus_may_be_part_of_a_name(tmp_path):
    (tmp_path / "t.csv").write_text("a+b,c,d\n1.5,2,7\n2.5,9,1\n4.5,4,8\n")
    assert read_spec(f"{tmp_path}/t.csv:columns=a+b").d == 1
    assert read_spec(f"{tmp_path}/t.csv:columns=c+d").d == 2
    with pytest.raises(DataError, match="has no column 'e'"):
        read_spec(f"{tmp_path}/t.csv:leave_out=c+e")
