"""Rows of zeros under cosine: they keep their row numbers and are nobody's neighbours."""

from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from kmbench.errors import DataError, TuneError
from kmbench.tuning.problem.data import Sources, read_problem
from kmbench.tuning.problem.space import Space
from kmbench.tuning.problem.truth import exact_neighbours, neighbours_from_file

ZERO = [0, 3, 117, 399]
COSINE = Space(metric="cosine")


@pytest.fixture
def vectors():
    # All in one half space but the queries in the other: every cosine is negative, so zeros would come first.
    rng = np.random.default_rng(5)
    base = np.abs(rng.normal(size=(400, 6))).astype(np.float32)
    base[ZERO] = 0
    queries = -np.abs(rng.normal(size=(20, 6))).astype(np.float32)
    return SimpleNamespace(base=COSINE.apply(base), queries=COSINE.apply(queries))


def brute_force(base, queries, k):
    cosine = queries.astype(np.float64) @ base.astype(np.float64).T
    cosine[:, ZERO] = -np.inf
    return np.argsort(-cosine, axis=1)[:, :k]


def test_rows_of_zeros_are_no_neighbours_and_shift_no_row_number(vectors):
    truth = exact_neighbours(vectors.base, vectors.queries, 7, COSINE)
    np.testing.assert_array_equal(np.sort(truth.ids), np.sort(brute_force(vectors.base, vectors.queries, 7)))


def test_neighbours_of_a_file_are_kept_without_the_rows_of_zeros_in_it(vectors):
    stored = brute_force(vectors.base, vectors.queries, 12)
    stored[4, :4] = ZERO
    truth = neighbours_from_file(vectors.base, vectors.queries, stored, 7, COSINE, "truth")
    np.testing.assert_array_equal(np.sort(truth.ids), np.sort(brute_force(vectors.base, vectors.queries, 7)))


def test_more_neighbours_than_rows_with_a_direction_are_refused(vectors):
    with pytest.raises(TuneError, match="the data has only 396 rows"):
        exact_neighbours(vectors.base, vectors.queries, 397, COSINE)


def test_zeros_are_only_left_out_where_there_are_directions(vectors):
    truth = exact_neighbours(vectors.base, vectors.queries, 4, Space(metric="ip"))
    assert set(truth.ids[0]) == set(ZERO)


def test_queries_of_zeros_are_left_out_with_their_neighbours(tmp_path, vectors):
    queries = np.insert(vectors.queries, 2, 0, axis=0)
    with h5py.File(tmp_path / "zeros.hdf5", "w") as file:
        file.attrs["distance"] = "angular"
        file["train"], file["test"] = vectors.base, queries
        file["neighbors"] = np.insert(brute_force(vectors.base, vectors.queries, 9), 2, 0, axis=0)
    problem = read_problem(Sources(data=tmp_path / "zeros.hdf5"), 5, 0, tmp_path)
    assert len(problem.base) == 400
    assert [(one.code, one.text.split()[0]) for one in problem.notes] == [("KM315", "4"), ("KM316", "1")]
    np.testing.assert_allclose(problem.queries, vectors.queries, rtol=1e-6)
    np.testing.assert_array_equal(problem.stored, brute_force(vectors.base, vectors.queries, 9))


def test_drawn_queries_are_no_zeros(tmp_path):
    X = np.zeros((300, 4), dtype=np.float32)
    X[::10] = 1 + np.arange(120).reshape(30, 4)
    problem = read_problem(Sources(data=X, metric="cosine"), 2, 0, tmp_path)
    assert len(problem.queries) == 3
    assert set(problem.held_out) <= set(range(0, 300, 10))


@pytest.mark.parametrize(("distance", "words"), [("jaccard", "jaccard"), ("hamming", "l2 finds the same neighbours")])
def test_a_metric_that_is_not_there_never_becomes_another(tmp_path, distance, words):
    X = np.random.default_rng(0).integers(2, size=(200, 8)).astype(np.float32)
    with h5py.File(tmp_path / "bits.hdf5", "w") as file:
        file.attrs["distance"] = distance
        file["train"], file["test"], file["neighbors"] = X, X[:9], np.zeros((9, 20), dtype="i4")
    with pytest.raises(TuneError, match=words):
        read_problem(Sources(data=tmp_path / "bits.hdf5"), 5, 0, tmp_path)
    asked = read_problem(Sources(data=tmp_path / "bits.hdf5", metric="l2"), 5, 0, tmp_path)
    assert asked.stored is None
    assert asked.notes[0].code == "KM309"


def test_queries_that_are_all_zeros_are_refused(tmp_path):
    X = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    np.save(tmp_path / "q.npy", np.zeros((3, 4)))
    with pytest.raises(DataError, match="have no direction"):
        read_problem(Sources(data=X, queries=tmp_path / "q.npy", metric="cosine"), 5, 0, tmp_path)
