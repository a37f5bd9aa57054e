"""The table in the terminal, at 80 columns."""

import io

import pytest
from rich.console import Console

from kmbench.analysis import CellSummary
from kmbench.cli.table import print_table
from kmbench.comparison import Verdict
from kmbench.records import Status


def row(backend, seconds, **figures):
    identity = {"case_id": "c", "cell_id": backend, "dataset": "digits", "n": 1797, "d": 64, "k": 10, "threads": 2}
    identity |= {"protocol": "matched", "iterations": 10, "seed": 0, "parameters": {}, "backend_version": "1.0"}
    known = {"status": Status.OK, "reason": None, "epochs": 5, "fit_predict_seconds": seconds} | figures
    return CellSummary(**identity, backend=backend, label=backend, baseline="sklearn-lloyd", **known)


@pytest.fixture
def printed():
    rival = row(
        "numpy-lloyd", 0.5, verdict=Verdict.FASTER, speedup=2.0, speedup_low=1.9, speedup_high=2.1, cpu_speedup=1.5
    )
    base = row("sklearn-lloyd", 1.0, speedup=1.0, cpu_speedup=1.0, peak_extra_bytes=3 * 2**20, input_bytes=2**20)
    target = io.StringIO()
    print_table(Console(file=target, width=80), [rival, base])
    return target.getvalue()


def test_the_ratio_in_cpu_time_stands_below_the_one_in_wall_time(printed):
    lines = printed.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("numpy-lloyd"))
    assert "2.00x 1.90-2.10" in lines[at]
    assert lines[at + 1].strip() == "CPU 1.50x"


def test_memory_is_told_as_a_multiple_of_the_input(printed):
    lines = printed.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("sklearn-lloyd"))
    assert "3.00 MiB" in lines[at]
    assert lines[at + 1].strip() == "3.00x input"
    assert max(map(len, lines)) <= 80
