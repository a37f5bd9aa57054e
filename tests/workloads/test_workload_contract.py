"""A third party's workloads through the real runner: of one fit and of several, sound and not."""

import json

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits

RUN = ("run", "--data", "digits", "--k", 10, "--threads", 1, "--repeats", 1, "--no-report")


def rows_of(process):
    assert process.stdout, process.stderr
    return {row["backend"]: row for row in json.loads(process.stdout)}


def reference_fit(X, k, seed=0, iterations=10):
    """scikit-learn's Lloyd from the start that kmbench documents."""
    from kmbench.datasets import initial_centroids

    start = initial_centroids(X, k, seed)
    return KMeans(k, init=start, n_init=1, max_iter=iterations, tol=0, algorithm="lloyd").fit(X)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_third_partys_workload_makes_the_matrix_and_scores_every_answer(kmbench, tmp_path):
    chosen = ("--workload", "sizes[columns=20]", "--backends", "numpy-lloyd,sound")
    process = kmbench(*RUN, *chosen, "--output", "o", "--json")
    rows = rows_of(process)
    X = load_digits().data[:, :20].astype(np.float32)
    expected = np.bincount(reference_fit(X, 10).labels_).max()
    assert {row["workload"] for row in rows.values()} == {"sizes[columns=20]"}
    assert {row["status"] for row in rows.values()} == {"ok"}
    assert {row["d"] for row in rows.values()} == {20}
    assert [row["task"]["largest"] for row in rows.values()] == [expected, expected]
    (artefact,) = rows["sound"]["artefacts"]
    assert max(map(int, (tmp_path / "o" / artefact).read_text().split())) == expected


def test_values_of_a_parameter_make_cases_of_their_own(kmbench):
    process = kmbench(*RUN, "--workload", "sizes[columns=20,64]", "--backends", "numpy-lloyd", "--dry-run", "--json")
    planned = json.loads(process.stdout)
    assert [(row["workload"], row["d"]) for row in planned] == [("sizes[columns=20]", 20), ("sizes[columns=64]", 64)]


def test_several_fits_are_judged_by_the_loss_of_the_whole(kmbench):
    backends = "numpy-lloyd,sound,wrong-centroids,stops-early,raises"
    rows = rows_of(kmbench(*RUN, "--workload", "halves", "--backends", backends, "--json"))
    assert {name: row["status"] for name, row in rows.items()} == {
        "numpy-lloyd": "ok",
        "sound": "ok",
        "wrong-centroids": "invalid",
        "stops-early": "invalid",
        "raises": "error",
    }
    X = load_digits().data.astype(np.float32)
    left = reference_fit(np.ascontiguousarray(X[:, :32]), 10).inertia_
    right = reference_fit(np.ascontiguousarray(X[:, 32:]), 10, seed=2**32).inertia_
    assert rows["numpy-lloyd"]["task"]["loss"] == pytest.approx(left + right, rel=1e-5)
    assert rows["numpy-lloyd"]["inertia_ratio"] == pytest.approx(1, abs=1e-5)
    assert rows["numpy-lloyd"]["peak_extra_bytes"] > 0


def test_several_fits_run_natively_too(kmbench):
    rows = rows_of(kmbench(*RUN, "--workload", "halves", "--backends", "numpy-lloyd,sound",
                           "--protocol", "native", "--json"))  # fmt: skip
    assert {row["status"] for row in rows.values()} == {"ok"}
    assert all(row["task"]["loss"] > 0 for row in rows.values())


def test_a_score_that_fails_leaves_the_times_and_says_why(kmbench):
    rows = rows_of(kmbench(*RUN, "--workload", "unscored", "--backends", "numpy-lloyd,sound", "--json"))
    for row in rows.values():
        assert row["status"] == "ok"
        assert row["task"] is None
        assert "could not score it: RuntimeError: no such measure" in row["reason"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--workload", "haves"), ["unknown workload 'haves'", "did you mean halves?"]),
        (("--workload", "sizes[colums=3]"), ["sizes has no parameter 'colums'", "did you mean columns?"]),
        (("--workload", "sizes[columns=x]"), ["sizes: parameter columns='x' is not allowed"]),
        (("--workload", "sizes["), ["brackets do not match"]),
        (("--workload", ""), ["workload", "name at least one"]),
        (("--workload", "sizes", "--k", "1"), ["sizes on digits with k=1: it wants at least two clusters"]),
        (("--workload", "halves", "--protocol", "target"), ["halves fits several times", "matched or native"]),
    ],
)
def test_a_workload_that_cannot_be_is_one_line(kmbench, arguments, words):
    process = kmbench(*RUN, *arguments)
    assert process.returncode == 2
    assert len(process.stderr.strip().splitlines()) == 1
    assert all(word in process.stderr for word in words), process.stderr


def test_the_list_names_a_third_partys_workloads(kmbench):
    found = {row["name"]: row for row in json.loads(kmbench("workloads", "--json").stdout)}
    assert found["halves"]["several_fits"]
    assert found["sizes"]["parameters"]["columns"]["default"] == 8
    assert "halves  each half of the columns on its own" in kmbench("workloads").stdout
