"""Members of an archive: read block by block where that can be, with the same values as NumPy's own reader gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataset_files import rows_of

from kmbench.datasets import read_spec
from kmbench.errors import DataError

X = np.random.default_rng(0).normal(size=(50, 7))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", ["f4", ">f8", "f2", "i4", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_order_and_type_is_read_as_numpy_reads_it(tmp_path: Path, save, dtype: str, order: str) -> None:
    wanted = np.asarray(X > 0 if dtype == "?" else 100 * X).astype(dtype)
    save(tmp_path / "x.npz", first=np.zeros((3, 2)), wanted=np.asarray(wanted, order=order), third=X[0])
    np.testing.assert_array_equal(rows_of(f"{tmp_path}/x.npz:key=wanted"), wanted.astype(np.float32))


def test_rows_are_walked_twice_and_in_any_block(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", X)
    rows = read_spec(f"{tmp_path}/x.npz:center")
    for block in (1, 7, 50, 99):
        found = np.concatenate(list(rows.blocks(block)))
        np.testing.assert_allclose(found, X - X.mean(axis=0), atol=1e-6)


def test_the_array_is_never_in_memory_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "x.npz", X)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the whole array was asked for")

    monkeypatch.setattr(np.lib.format, "read_array", refuse)
    assert rows_of(tmp_path / "x.npz").shape == X.shape


def test_a_member_that_is_damaged_inside_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", X)
    content = bytearray((tmp_path / "x.npz").read_bytes())
    content[len(content) // 2] ^= 255
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(DataError, match="x.npz: arr_0 is damaged"):
        rows_of(tmp_path / "x.npz")
