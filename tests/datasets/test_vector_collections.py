"""The formats of vector collections: sparse matrices, .f16bin, .ibin, cropped names, groups and metrics of HDF5."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.sparse
from dataset_files import rows_of, write_bin
from embedding_files import X, codes, message

from kmbench.datasets import materialise
from kmbench.datasets.bigann import open_neighbours


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "bsr"])
def test_sparse_matrices_are_made_dense_where_that_is_small(tmp_path: Path, kind: str) -> None:
    dense = np.where(np.random.default_rng(2).random((40, 7)) < 0.2, 1.5, 0.0)
    scipy.sparse.save_npz(tmp_path / "x.npz", scipy.sparse.coo_array(dense).asformat(kind))
    np.testing.assert_array_equal(rows_of(tmp_path / "x.npz"), dense)
    assert codes(tmp_path / "x.npz") == ["KM153"]


def test_a_large_sparse_matrix_is_refused_with_a_way_on(tmp_path: Path) -> None:
    scipy.sparse.save_npz(tmp_path / "x.npz", scipy.sparse.csr_matrix((20_000, 50_000)))
    said = message(tmp_path / "x.npz")
    assert "20,000 x 50,000, which takes 3.7 GiB as a dense one" in said
    assert "TruncatedSVD" in said


def test_f16bin_and_cropped_names(tmp_path: Path) -> None:
    half = X.astype("<f2")
    (tmp_path / "x.f16bin").write_bytes(np.array(X.shape, "<u4").tobytes() + half.tobytes())
    np.testing.assert_array_equal(rows_of(tmp_path / "x.f16bin"), half.astype(np.float32))
    small = np.random.default_rng(3).integers(0, 9, (29, 6))
    write_bin(tmp_path / "base.u8bin", small)
    for name in ("base.1B.u8bin.crop_nb_29", "BASE.U8BIN.crop_nb_29"):
        (tmp_path / name).write_bytes((tmp_path / "base.u8bin").read_bytes())
        np.testing.assert_array_equal(rows_of(f"{tmp_path / name}:limit=5"), small[:5])


def test_both_layouts_of_ibin(tmp_path: Path) -> None:
    ids = np.arange(12, dtype="<i4").reshape(3, 4)
    head = np.array(ids.shape, "<u4").tobytes()
    for name, tail in {"ids.ibin": b"", "both.ibin": np.ones((3, 4), "<f4").tobytes()}.items():
        (tmp_path / name).write_bytes(head + ids.tobytes() + tail)
        np.testing.assert_array_equal(np.concatenate(list(open_neighbours(tmp_path / name).blocks(2))), ids)
    (tmp_path / "torn.ibin").write_bytes(head + ids.tobytes()[:-1])
    assert "3 x 4 neighbours, as its header says, take 56, or 104 with distances" in message(tmp_path / "torn.ibin")


def test_data_sets_in_groups(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "one.h5", "w") as file:
        file["embeddings/model/v"] = X
    np.testing.assert_array_equal(rows_of(tmp_path / "one.h5"), X)
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["a/v"], file["a/w"], file["labels"] = X, X + 1, np.arange(29)
    np.testing.assert_array_equal(rows_of(f"{tmp_path}/two.h5:key=a/w"), X + 1)
    said = message(tmp_path / "two.h5")
    assert "a/v (29, 6), a/w (29, 6), labels (29,)" in said
    assert "no data set a" in message(f"{tmp_path}/two.h5:key=a")


def test_sets_for_jaccard_are_named_as_such(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        file.attrs["distance"], file.attrs["type"] = "jaccard", "sparse"
        file["train"], file["size_train"] = np.arange(10), np.array([4, 6])
    said = message(tmp_path / "x.hdf5")
    assert "sets of numbers (type=sparse, for the Jaccard distance)" in said
    assert "reshape" not in said


def test_rows_of_zeros_stay_rows_when_all_are_normalised(tmp_path: Path) -> None:
    values = X.copy()
    values[[3, 28]] = 0
    np.save(tmp_path / "x.npy", values)
    info = materialise(f"{tmp_path}/x.npy:normalize", tmp_path / "out")
    assert info.n == 29
    assert [note.code for note in info.notes] == ["KM158"]
    assert info.notes[0].text.startswith("2 row(s)")
    normalised = np.load(info.path)
    np.testing.assert_array_equal(np.flatnonzero(~normalised.any(axis=1)), [3, 28])
    assert materialise(f"{tmp_path}/x.npy", tmp_path / "out").notes == ()


@pytest.mark.parametrize("distance", ["angular", b"hamming", "euclidean"])
def test_a_metric_that_the_file_names_and_k_means_has_not_is_told(tmp_path: Path, distance: object) -> None:
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        file.attrs["distance"] = distance
        file["train"] = X
    notes = materialise(f"{tmp_path}/x.hdf5", tmp_path).notes
    assert [one.code for one in notes] == ([] if distance == "euclidean" else ["KM159"])
    if notes:
        assert str(distance).strip("b'") in notes[0].text
    assert not materialise(f"{tmp_path}/x.hdf5:normalize", tmp_path).notes
