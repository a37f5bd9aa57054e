"""Folders of vector files, and formats that are not read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from dataset_files import rows_of, write_bin
from embedding_files import X, codes, message, write_lines, write_stream

from kmbench.datasets import parse_spec
from kmbench.errors import SpecError


def test_the_files_of_a_folder_are_one_matrix(tmp_path: Path) -> None:
    folder = tmp_path / "out.parquet"
    folder.mkdir()
    (folder / "_SUCCESS").touch()
    (folder / ".part.crc").write_bytes(b"x")
    for part, rows in enumerate((X[:10], X[10:11], X[11:])):
        pq.write_table(pa.table({"v": rows.tolist(), "w": (rows + 1).tolist()}), folder / f"part-{part}.parquet")
    pq.write_table(pa.table({"v": pa.array([], pa.list_(pa.float64())), "w": pa.array([], pa.list_(pa.float64()))}),
                   folder / "part-3.parquet")  # fmt: skip
    np.testing.assert_array_equal(rows_of(f"{folder}:key=w,limit=20"), X[:20] + 1)
    assert codes(f"{folder}:key=w") == ["KM154"]
    assert parse_spec(f"{folder}:key=w").canonical == f"{folder}:key=w"


@pytest.mark.parametrize("suffix", [".npy", ".jsonl", ".arrow", ".fbin"])
def test_folders_of_other_formats_and_the_order_of_names(tmp_path: Path, suffix: str) -> None:
    for number in (2, 10):
        rows, path = X[:number], tmp_path / f"emb_{number}{suffix}"
        if suffix == ".npy":
            np.save(path, rows)
        elif suffix == ".jsonl":
            write_lines(path, *({"v": row.tolist()} for row in rows))
        elif suffix == ".arrow":
            write_stream(pa.table({"v": rows.tolist()}), path)
        else:
            write_bin(path, rows)
    (tmp_path / "dataset_info.json").write_text("{}")
    (tmp_path / "README.md").write_text("text")
    np.testing.assert_array_equal(rows_of(tmp_path), np.concatenate([X[:10], X[:2]]))
    assert codes(tmp_path) == ["KM155"]


def test_folders_that_are_not_one_data_set(tmp_path: Path) -> None:
    (tmp_path / "empty" / "train").mkdir(parents=True)
    assert "is a folder without files that kmbench reads; give one of its folders: train" in message(
        tmp_path / "empty"
    )
    (tmp_path / "mixed").mkdir()
    np.save(tmp_path / "mixed" / "a.npy", X)
    write_bin(tmp_path / "mixed" / "b.fbin", X)
    assert "files of several formats: bin, npy" in message(tmp_path / "mixed")
    (tmp_path / "mixed" / "b.fbin").unlink()
    np.save(tmp_path / "mixed" / "b.npy", X[:, :3])
    assert "b.npy has 3 columns, a.npy has 6" in message(tmp_path / "mixed")


def test_formats_that_are_not_read_say_what_to_write_instead(tmp_path: Path) -> None:
    wanted = {"x.pt": "safetensors", "x.pkl": "numpy.save", "x.joblib": "numpy.save", "x.lance": "write_table",
              "x.bin": "word2vec", "x.mat": "numpy.save", "x.faiss": "reconstruct_n"}  # fmt: skip
    for name, hint in wanted.items():
        (tmp_path / name).write_bytes(b"\x80\x04")
        assert hint in message(f"{tmp_path / name}:limit=3")
    (tmp_path / "table" / "_versions").mkdir(parents=True)
    assert "Lance" in message(tmp_path / "table")
    assert "unpickled" in message(tmp_path / "x.pt")
    assert "unknown suffix" in message(tmp_path / "x.xyz", SpecError)
