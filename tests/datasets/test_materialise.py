from __future__ import annotations

import json
import shutil
import tracemalloc
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from dataset_files import rows_of

from kmbench.datasets import materialise, read_spec
from kmbench.datasets.base import block_rows
from kmbench.errors import DataError, KmbenchError, OutputError


def test_the_file_holds_the_rows_as_c_ordered_float32(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(5, 2, size=(50, 3))
    np.save(tmp_path / "x.npy", np.asfortranarray(X))
    info = materialise(f"{tmp_path}/x.npy:limit=40", tmp_path / "a" / "b")
    assert Path(info.path) == tmp_path / "a" / "b" / f"{info.fingerprint}.npy"
    stored = np.load(info.path, mmap_mode="r", allow_pickle=False)
    assert stored.dtype == np.float32
    assert stored.flags.c_contiguous
    np.testing.assert_array_equal(stored, X[:40].astype(np.float32))
    assert (info.n, info.d, info.source_dtype) == (40, 3, "float64")
    assert info.spec == f"{tmp_path}/x.npy:limit=40"
    assert len(info.fingerprint) == 16
    assert int(info.fingerprint, 16) >= 0
    Y = stored.astype(np.float64)
    assert info.spread == pytest.approx(((Y - Y.mean(axis=0)) ** 2).sum(axis=1).mean())
    assert info.mean_square == pytest.approx((Y**2).sum(axis=1).mean())
    json.dumps(asdict(info), allow_nan=False)


def test_the_path_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Path(materialise("digits", "out").path).parent == tmp_path / "out"


def test_fingerprints_tell_content_and_shape_apart(tmp_path: Path) -> None:
    X = np.arange(12.0)
    prints = set()
    for index, Y in enumerate((X.reshape(3, 4), X.reshape(4, 3), X.reshape(3, 4) + 1, X[:8].reshape(2, 4))):
        np.save(tmp_path / f"{index}.npy", Y)
        prints.add(materialise(f"{tmp_path}/{index}.npy", tmp_path).fingerprint)
    assert len(prints) == 4


def test_the_block_size_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = materialise("digits:normalize", tmp_path)
    monkeypatch.setattr("kmbench.datasets.reading.block_rows", lambda d: 100)
    cut = materialise("digits:normalize", tmp_path)
    assert cut.fingerprint == whole.fingerprint
    assert cut.spread == pytest.approx(whole.spread, rel=1e-12)


def test_a_second_time_is_the_same_file(tmp_path: Path) -> None:
    assert materialise("digits", tmp_path) == materialise("digits", tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(("value", "offset_ratio"), [(0.0, 0.0), (3.0, float("inf")), (0.1, float("inf"))])
def test_rows_that_are_all_equal(tmp_path: Path, value: float, offset_ratio: float) -> None:
    np.save(tmp_path / "x.npy", np.full((1000, 2), value))
    info = materialise(f"{tmp_path}/x.npy", tmp_path)
    assert (info.spread, info.offset_ratio) == (0.0, offset_ratio)


def test_data_far_from_the_origin_is_told(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(1000, 4))
    np.save(tmp_path / "x.npy", X + 10_000)
    far = materialise(f"{tmp_path}/x.npy", tmp_path)
    assert far.offset_ratio == pytest.approx(1e8, rel=0.2)
    assert materialise(f"{tmp_path}/x.npy:center", tmp_path).offset_ratio < 1e-6
    assert materialise(f"{tmp_path}/x.npy", tmp_path, shift=True).offset_ratio < 1e-6


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    X = np.ones((block_rows(2) + 10, 2), dtype=np.float32)
    X[-1, 1] = np.nan
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(DataError, match=f"NaN at row {len(X) - 1}, column 1"):
        materialise(f"{tmp_path}/x.npy", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_stop_in_the_middle_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kmbench.datasets.moments.ColumnMoments.update", stop)
    with pytest.raises(KeyboardInterrupt):
        materialise("digits", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="file.* cannot be written"):
            materialise("digits", folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(OutputError, match=r"has 1e-06 GB free, the data takes 0.00046 GB; .*limit=N"):
        materialise("digits", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_error_while_reading_is_not_blamed_on_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    np.save(tmp_path / "x.npy", np.ones((3, 2)))
    monkeypatch.setattr("kmbench.datasets.base.ArrayRows.blocks", fail)
    with pytest.raises(DataError, match=r"x\.npy cannot be read: .*Input/output error"):
        materialise(f"{tmp_path}/x.npy", tmp_path / "out")


def test_memory_stays_bounded_however_large_the_data(tmp_path: Path) -> None:
    size = 4 * 2_000_000 * 16
    tracemalloc.start()
    materialise("uniform:n=2M,d=16,center", tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < size / 3


def test_digits_are_those_of_scikit_learn(tmp_path: Path) -> None:
    from sklearn.datasets import load_digits

    np.testing.assert_array_equal(rows_of("digits", 500), load_digits().data)
    assert materialise("digits", tmp_path).fingerprint == "b9ceee203a5d8611"


def test_photo_is_the_picture_of_scikit_learn() -> None:
    source = read_spec("photo")
    X = rows_of("photo", source.n)
    assert (source.n, source.d, source.source_dtype) == (273_280, 3, "uint8")
    assert len(np.unique(X, axis=0)) > 90_000
    assert np.abs(X - np.round(X)).max() == 0


@pytest.mark.parametrize("source", ["digits", "photo"])
def test_without_scikit_learn_its_data_says_what_to_install(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(KmbenchError, match=f"{source} ships with scikit-learn.*pip install scikit-learn"):
        read_spec(source)
