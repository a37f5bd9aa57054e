"""Tensors of safetensors files, written by their package and byte by byte."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from dataset_files import rows_of
from embedding_files import X, codes, message
from safetensors.numpy import save_file

from kmbench.datasets import read_spec


def test_tensors_that_the_safetensors_package_wrote(tmp_path: Path) -> None:
    for dtype in ("f8", "f4", "f2", "i8", "u1", "?"):
        values = np.rint(X * 3).astype(np.int8).astype(dtype) if dtype in ("i8", "u1", "?") else X.astype(dtype)
        save_file({"e": values}, tmp_path / "x.safetensors", metadata={"format": "np"})
        source = read_spec(str(tmp_path / "x.safetensors"))
        assert source.source_dtype == np.dtype(dtype).name
        np.testing.assert_array_equal(rows_of(tmp_path / "x.safetensors"), values.astype(np.float32))


def raw_safetensors(path: Path, **entries: dict[str, object]) -> None:
    text = json.dumps(entries).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(240))


def test_bfloat16_is_the_upper_half_of_float32(tmp_path: Path) -> None:
    # 1.0 is 0x3f80, -2.5 is 0xc020, 2**-133 is 0x0001 (subnormal), 3.140625 is 0x4049.
    halves = np.array([[0x3F80, 0xC020], [0x0001, 0x4049]], "<u2")
    text = json.dumps({"e": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}}).encode()
    (tmp_path / "x.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + halves.tobytes())
    source = read_spec(str(tmp_path / "x.safetensors"))
    assert source.source_dtype == "bfloat16"
    np.testing.assert_array_equal(rows_of(tmp_path / "x.safetensors", 1), [[1.0, -2.5], [2.0**-133, 3.140625]])


def test_of_several_tensors_the_matrix_is_taken_or_all_are_listed(tmp_path: Path) -> None:
    save_file({"norm": X[0], "embed.weight": X}, tmp_path / "one.safetensors")
    np.testing.assert_array_equal(rows_of(tmp_path / "one.safetensors"), X)
    assert codes(tmp_path / "one.safetensors") == ["KM157"]
    save_file({"norm": X[0], "embed.weight": X, "head": X[:3]}, tmp_path / "two.safetensors")
    assert "holds 2 matrices: " in message(tmp_path / "two.safetensors")
    assert "embed.weight 29 x 6" in message(tmp_path / "two.safetensors")
    np.testing.assert_array_equal(rows_of(f"{tmp_path}/two.safetensors:key=head"), X[:3])
    assert "no tensor tail; its matrices: " in message(f"{tmp_path}/two.safetensors:key=tail")
    assert "save X.reshape(-1, 1)" in message(f"{tmp_path}/two.safetensors:key=norm")
    save_file({"a": X[0], "b": X[1]}, tmp_path / "none.safetensors")
    assert "no tensor with two axes" in message(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"dtype": "F8_E4M3", "shape": [2, 3], "data_offsets": [0, 6]}, "values of type F8_E4M3; store it as BF16"),
        ({"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 23]}, "has 23 bytes for 2 x 3 F32"),
        ({"dtype": "F32", "shape": [20, 30], "data_offsets": [0, 2400]}, "lie at bytes 0 to 2400 of 240"),
        ({"dtype": "F32", "shape": "x", "data_offsets": [0, 24]}, "header cannot be read"),
        ({"dtype": "F32", "shape": [2, 3]}, "header cannot be read"),
    ],
)
def test_safetensors_that_are_wrong(tmp_path: Path, entry: dict[str, object], said: str) -> None:
    raw_safetensors(tmp_path / "x.safetensors", e=entry)
    assert said in message(tmp_path / "x.safetensors")
