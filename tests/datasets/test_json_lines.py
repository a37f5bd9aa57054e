"""Vectors in JSON lines, in the shapes that services write."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from dataset_files import rows_of
from embedding_files import X, message, write_lines


@pytest.mark.parametrize("name", ["x.jsonl", "x.ndjson", "x.json"])
def test_json_lines_in_the_shapes_that_services_write(tmp_path: Path, name: str) -> None:
    rows = [[float(str(v)) for v in row] for row in X]
    path = tmp_path / name
    shapes = {
        "": [{"id": i, "text": 'a "b"\n[1, 2]', "embedding": row} for i, row in enumerate(rows)],
        ":key=data.embedding": [{"data": {"embedding": row, "other": row[:2]}} for row in rows],
        ":limit=29": rows,
        ":limit=28": [{"embedding": [row]} for row in rows],
    }
    for options, lines in shapes.items():
        write_lines(path, *lines)
        got = rows_of(f"{path}{options}")
        np.testing.assert_array_equal(got, X[: len(got)])
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n\r\n".join(json.dumps({"e": row}).encode() for row in rows))
    np.testing.assert_array_equal(rows_of(path), X)


def test_json_lines_whose_other_fields_change_their_types(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "x.jsonl", {"v": [1, 2], "m": 1}, {"m": {"a": []}, "v": [3, 4.5]}, {"v": [5, 6], "m": "x"}
    )
    np.testing.assert_array_equal(rows_of(path), [[1, 2], [3, 4.5], [5, 6]])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (['[{"v": [1, 2]}, {"v": [3, 4]}]'], "not a complete object"),
        (["[[1, 2], [3, 4]]"], "not a complete object"),
        (["{", '"v": [1]', "}"], "not a complete object"),
        (["v,w", "1,2"], "begins with 'v,w'"),
        ([{"v": [1, 2]}, '{"v": [1, 2'], "not readable at row 1"),
        ([{"v": [1, 2]}, [1, 2]], "at row 1 instead of an object"),
        ([{"v": [1, 2]}, {"w": "x"}], "no value at row 1, column v"),
        ([{"v": [1, 2]}, {"v": [1, 2, 3]}], "v has 3 values at row 1, but 2 at row 0"),
        ([{"v": [1, 2]}, {"v": [1, None]}], "no value at row 1, column v[1]"),
        ([{"a": {"v": [1, 2]}}, {"a": None}], "no value at row 1, column a.v"),
        ([{"name": "x", "tags": ["a"]}], "has no column of numbers"),
        (['{"v": [1, 2]} {"v": [1, 2]}'], "not JSON lines"),
    ],
)
def test_json_lines_that_are_wrong(tmp_path: Path, lines: list[object], said: str) -> None:
    assert said in message(write_lines(tmp_path / "x.jsonl", *lines))
