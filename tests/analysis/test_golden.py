"""What ``run --json`` prints of records that were written long ago: no key is lost and no value changes."""

import gzip
import json
from pathlib import Path

import pytest

from kmbench.analysis.run import Run
from kmbench.records import parse_records
from kmbench.run_folder import read_host, read_study

GOLDEN = Path(__file__).parents[1] / "golden"
RUNS = sorted(folder.name for folder in GOLDEN.iterdir() if folder.is_dir())


def unpacked(file: Path) -> bytes:
    with gzip.open(file) as stream:
        return stream.read()


@pytest.mark.parametrize("name", RUNS)
def test_old_records_give_the_array_that_they_gave(name):
    folder = GOLDEN / name
    records = list(parse_records(unpacked(folder / "records.jsonl.gz"), name))
    rows = Run(records=records, study=read_study(folder), host=read_host(folder)).json_rows()
    expected = json.loads(unpacked(folder / "cells.json.gz"))
    assert len(rows) == len(expected)
    for row, then in zip(json.loads(json.dumps(rows)), expected, strict=True):
        assert {key: row.get(key, "missing") for key in then} == then


def test_golden_runs_hold_each_kind_of_row():
    rows = [row for name in RUNS for row in json.loads(unpacked(GOLDEN / name / "cells.json.gz"))]
    assert any("seeds" in row for row in rows)
    assert any(row.get("workload") for row in rows)
    assert {"ok", "skipped", "unavailable"} <= {row["status"] for row in rows}
