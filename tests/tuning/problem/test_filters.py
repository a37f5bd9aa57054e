"""Filters as people have them: a mask, row numbers, a column; what can be read two ways is refused."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kmbench.errors import KmbenchError
from kmbench.tuning.problem.filters import read_filter

N = 6


@pytest.fixture
def shop(tmp_path):
    table = pa.table(
        {
            "country": ["AT", "DE", None, "AT", "CH", "DE"],
            "year": [2020, 2021, 2021, None, 2020, 2021],
            "sold": [True, False, True, True, None, False],
        }
    )
    pq.write_table(table, tmp_path / "shop.parquet")
    return tmp_path / "shop.parquet"


def test_mask_and_row_numbers(tmp_path):
    np.save(tmp_path / "mask.npy", np.array([True, False, True, False, False, False]))
    np.save(tmp_path / "ids.npy", np.array([2, 0, 2]))
    for name in ("mask.npy", "ids.npy"):
        found = read_filter(tmp_path / name, N)
        assert np.flatnonzero(found.allowed).tolist() == [0, 2]
        assert (found.name, found.share) == (name, pytest.approx(1 / 3))


@pytest.mark.parametrize(
    ("condition", "rows"),
    [("country=AT", [0, 3]), ("year=2021", [1, 2, 5]), ("sold=true", [0, 2, 3]), ("sold=false", [1, 5])],
)
def test_a_column_of_a_table(shop, condition, rows):
    found = read_filter(f"{shop}:{condition}", N)
    assert np.flatnonzero(found.allowed).tolist() == rows
    assert found.name == f"shop.parquet:{condition}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (np.zeros(N, bool), "allows no row"),
        (np.ones(N + 1, bool), "mask of 7 rows, the data has 6"),
        (np.array([0, 6]), "names row 6, the data has 6 rows"),
        (np.array([-1, 2]), "names row -1"),
        (np.array([0, 1, 1, 0, 1, 0]), "may be a mask or row numbers"),
        (np.zeros(N), "holds float64"),
        (np.array([], np.int64), "allows no row"),
        (np.ones((2, 3), bool), "of shape"),
    ],
)
def test_arrays_that_are_no_filter_of_this_data(tmp_path, content, words):
    np.save(tmp_path / "f.npy", content)
    with pytest.raises(KmbenchError, match=words):
        read_filter(tmp_path / "f.npy", N)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("land=AT", "no column 'land'"),
        ("year=old", "'old' is not a value of a column of int64"),
        ("country=FR", "no row"),
    ],
)
def test_conditions_that_hold_for_nothing(shop, condition, words):
    with pytest.raises(KmbenchError, match=words):
        read_filter(f"{shop}:{condition}", N)


def test_other_files(shop, tmp_path):
    with pytest.raises(KmbenchError, match="the file has 6 rows, the data has 9"):
        read_filter(f"{shop}:year=2021", 9)
    with pytest.raises(KmbenchError, match="unknown kind of filter"):
        read_filter("rows.csv", N)
    with pytest.raises(KmbenchError, match="does not exist"):
        read_filter(tmp_path / "none.npy", N)


def test_queries_that_were_drawn_from_the_data_are_left_out():
    found = read_filter(np.array([1, 4]), N)
    assert np.flatnonzero(found.without(np.array([0, 4])).allowed).tolist() == [0]
    with pytest.raises(KmbenchError, match="only rows that were drawn as queries"):
        found.without(np.array([1, 4]))
