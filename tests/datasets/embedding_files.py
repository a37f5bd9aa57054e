"""What the tests of vector files share: the vectors, how some are written, and what reading a file says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pytest
from dataset_files import rows_of

from kmbench.datasets import read_spec
from kmbench.errors import DataError

X = np.random.default_rng(0).normal(size=(29, 6)).astype(np.float32)


def message(spec: object, error: type[Exception] = DataError) -> str:
    with pytest.raises(error) as caught:
        rows_of(spec)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def codes(spec: object) -> list[str]:
    source = read_spec(str(spec))
    for _ in source.blocks(7):
        pass
    return [note.code for note in source.notes]


def write_stream(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_stream(path, table.schema) as file:
        file.write_table(table, max_chunksize=4)


def write_lines(path: Path, *lines: object) -> Path:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path
