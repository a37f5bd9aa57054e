from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataset_files import rows_of
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kmbench.datasets import ConvertedRows, Options
from kmbench.datasets.base import ArrayRows, rechunk
from kmbench.datasets.moments import ColumnMoments
from kmbench.errors import DataError


def convert(X: np.ndarray, block: int = 3, **options: object) -> np.ndarray:
    rows = ConvertedRows(ArrayRows(X), Options(**options), "X")
    return np.concatenate(list(rows.blocks(block)))


def test_normalize_gives_unit_rows_and_leaves_zeros() -> None:
    X = np.array([[3.0, 4.0], [0.0, 0.0], [-2.0, 0.0], [1e300, 1e300], [1e-300, 0.0], [5e-324, 0.0]])
    half = np.sqrt(0.5)
    expected = [[0.6, 0.8], [0, 0], [-1, 0], [half, half], [1, 0], [1, 0]]
    np.testing.assert_allclose(convert(X, steps=("normalize",)), expected, rtol=1e-7)


def test_center_subtracts_the_mean_of_the_rows_that_are_kept() -> None:
    X = np.array([[1.0, 10.0], [3.0, 10.0], [100.0, 7.0]])
    np.testing.assert_array_equal(convert(X, steps=("center",), limit=2), [[-1, 0], [1, 0]])


def test_center_keeps_the_digits_of_data_far_from_the_origin() -> None:
    near = np.random.default_rng(0).normal(size=(1000, 3))
    X = near + 1e6
    np.testing.assert_allclose(convert(X, steps=("center",)), near - near.mean(axis=0), atol=1e-7, rtol=1e-6)


def test_steps_are_done_in_the_order_written() -> None:
    X = np.random.default_rng(0).normal(size=(20, 3)) + 1
    last = convert(X, steps=("center", "normalize"))
    np.testing.assert_allclose(np.linalg.norm(last, axis=1), 1, rtol=1e-6)
    first = convert(X, steps=("normalize", "center"))
    np.testing.assert_allclose(first.mean(axis=0), 0, atol=1e-7)
    assert not np.allclose(np.linalg.norm(first, axis=1), 1, rtol=0.01)


def test_dtype_rounds_before_anything_else() -> None:
    X = np.array([[1 / 3, 1.0]])
    assert convert(X, dtype="float16")[0, 0] == np.float32(np.float16(1 / 3))
    assert convert(X)[0, 0] == np.float32(1 / 3)
    by_half = np.float64(np.float16(1 / 3))
    np.testing.assert_array_equal(
        convert(X, dtype="float16", steps=("normalize",)),
        np.array([[by_half, 1]] / np.sqrt(by_half**2 + 1), dtype=np.float32),
    )


def test_a_limit_beyond_the_end_is_all_rows() -> None:
    assert len(convert(np.ones((4, 2)), limit=100)) == 4


def test_equal_rows_have_equal_bytes() -> None:
    assert not np.signbit(convert(np.array([[-0.0, 0.0], [-1e-60, 1.0]]))).any()


@pytest.mark.parametrize("value", [1e18, -1e18, 5e-324])
def test_values_up_to_the_bound_pass(value: float) -> None:
    assert convert(np.array([[value]])).shape == (1, 1)


@pytest.mark.parametrize(
    ("value", "options", "said"),
    [
        (np.nan, {}, "X holds NaN at row 5, column 1, counting from 0; remove or replace"),
        (np.inf, {}, "X holds infinity at row 5, column 1"),
        (-np.inf, {"steps": ("normalize",)}, "X holds infinity at row 5, column 1"),
        (np.nan, {"steps": ("center",)}, "X holds NaN at row 5, column 1"),
        (1e300, {}, r"X holds 1e\+300 at row 5, column 1.*overflow float32; scale the data"),
        (-2e18, {}, r"X holds -2e\+18 at row 5, column 1.*scale the data"),
        (2e18, {"steps": ("center",)}, r"X holds 2e\+18 at row 5, column 1"),
        (70000, {"dtype": "float16"}, r"X holds 70000 at row 5, column 1.*overflows float16"),
    ],
)
@pytest.mark.parametrize("block", [1, 4, 10])
def test_the_first_bad_value_is_named(value: float, options: dict, said: str, block: int) -> None:
    X = np.ones((8, 3))
    X[5, 1] = X[5, 2] = X[7, 0] = value
    with pytest.raises(DataError, match=said):
        convert(X, block, **options)
    assert len(convert(X, block, **options, limit=5)) == 5


def test_large_integers_are_refused_too() -> None:
    with pytest.raises(DataError, match="scale the data"):
        convert(np.array([[2**62]]))


def test_a_source_that_ends_early_is_no_data(tmp_path: Path) -> None:
    class Shrunk(ArrayRows):
        def blocks(self, rows: int):
            yield self._array[:1]

    rows = ConvertedRows(Shrunk(np.ones((3, 1))), Options(), "X")
    with pytest.raises(DataError, match="X ends after 1 of 3 rows"):
        list(rows.blocks(2))


@given(
    X=hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(-1e9, 1e9)),
    block=st.integers(1, 10),
    steps=st.sampled_from([(), ("normalize",), ("center",), ("normalize", "center"), ("center", "normalize")]),
)
def test_neither_block_size_nor_memory_order_changes_a_bit(X: np.ndarray, block: int, steps: tuple[str, ...]) -> None:
    whole = convert(X, len(X), steps=steps)
    np.testing.assert_array_equal(convert(X, block, steps=steps), whole)
    np.testing.assert_array_equal(convert(np.asfortranarray(X), block, steps=steps), whole)
    np.testing.assert_array_equal(convert(X.astype(">f8"), block, steps=steps), whole)


@given(lengths=st.lists(st.integers(0, 9)), rows=st.integers(1, 12))
def test_rechunk_keeps_all_rows_in_order(lengths: list[int], rows: int) -> None:
    ends = np.cumsum(lengths, dtype=int)
    pieces = [np.arange(end - length, end)[:, np.newaxis] for end, length in zip(ends, lengths, strict=True)]
    blocks = list(rechunk(pieces, rows))
    assert [row for block in blocks for row in block[:, 0]] == list(range(sum(lengths)))
    assert all(len(block) == rows for block in blocks[:-1])
    assert all(1 <= len(block) <= rows for block in blocks)


@given(
    X=hnp.arrays(np.float32, st.tuples(st.integers(1, 30), st.integers(1, 3)), elements=st.floats(-1, 1, width=32)),
    block=st.integers(1, 30),
    shift=st.sampled_from([0.0, 1e4, -1e8]),
)
def test_moments_are_those_of_numpy_even_far_from_the_origin(X: np.ndarray, block: int, shift: float) -> None:
    moved = X.astype(np.float64) + shift
    moments = ColumnMoments(X.shape[1])
    for at in range(0, len(X), block):
        moments.update(moved[at : at + block])
    np.testing.assert_allclose(moments.mean, moved.mean(axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(moments.variance, np.var(moved - shift, axis=0), rtol=1e-6, atol=1e-12)
    constant = ColumnMoments(1)
    for _ in range(3):
        constant.update(np.full((block, 1), 0.1 + shift))
    assert constant.variance[0] == 0.0


def test_options_apply_to_built_in_sources() -> None:
    X = rows_of("digits:center,limit=100", 1000)
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-6)
    assert X.shape == (100, 64)
