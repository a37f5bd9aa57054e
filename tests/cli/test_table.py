"""The table of a case in the terminal: columns, and what a wide one adds."""

import io
import re

import pytest
from rich.console import Console

from kmbench.analysis import CellSummary
from kmbench.analysis.run import RunCase
from kmbench.cli.table import print_cases
from kmbench.comparison import Verdict
from kmbench.records import Status


def row(backend, seconds, **figures):
    identity = {"case_id": "c", "cell_id": backend, "dataset": "digits", "n": 1797, "d": 64, "k": 10, "threads": 2}
    identity |= {"protocol": "matched", "iterations": 10, "seed": 0, "parameters": {}, "backend_version": "1.0"}
    known = {"status": Status.OK, "reason": None, "epochs": 5, "fit_predict_seconds": seconds} | figures
    return CellSummary(**identity, backend=backend, label=backend, baseline="sklearn-lloyd", **known)


def printed(width, wide=False):
    rival = row(
        "numpy-lloyd", 0.5, verdict=Verdict.FASTER, speedup=2.0, speedup_low=1.9, speedup_high=2.1, cpu_speedup=1.5
    )
    base = row("sklearn-lloyd", 1.0, speedup=1.0, cpu_speedup=1.0, peak_extra_bytes=3 * 2**20, input_bytes=2**20)
    target = io.StringIO()
    case = RunCase([rival, base], [], {})
    print_cases(Console(file=target, width=width, _environ={}), [case], wide=wide)
    return target.getvalue().splitlines()


def lines_of(lines, label):
    return [" ".join(line.split()) for line in lines if line.startswith(label)]


def test_a_row_has_time_ratio_strip_and_verdict_in_one_line():
    [line] = lines_of(printed(80), "numpy-lloyd")
    assert re.fullmatch(r"numpy-lloyd 500 ms 2.00x 1.90-2.10 │ ━?●━? faster", line)


def test_the_strip_shows_where_1_is_below_its_heading():
    lines = printed(80)
    heading = next(line for line in lines if line.startswith("backend"))
    rival = next(line for line in lines if line.startswith("numpy-lloyd"))
    assert heading[rival.index("│")] == "1"


def test_cpu_time_and_the_multiple_of_the_input_are_there_where_they_are_asked_for():
    assert not any("1.50x" in line for line in printed(80))
    wide = printed(80, wide=True)
    assert any("1.50x" in line for line in lines_of(wide, "numpy-lloyd"))
    assert any("3.00x" in line for line in lines_of(wide, "sklearn-lloyd"))
    assert len(lines_of(printed(200, wide=True), "numpy-lloyd")) == 1


def test_what_is_not_installed_is_told_once_for_all_cases():
    base = row("sklearn-lloyd", 1.0, speedup=1.0)
    absent = {"status": Status.UNAVAILABLE, "reason": "faiss is not installed: pip install it"}
    cases = [RunCase([base, row("faiss-cpu", None, **absent)], [], {})]
    cases.append(RunCase([base, row("faiss-cpu", None, **absent), row("faiss-ivf", None, **absent)], [], {}))
    target = io.StringIO()
    print_cases(Console(file=target, width=160, _environ={}), cases)
    told = [line for line in target.getvalue().splitlines() if "not installed" in line]
    assert told == ["faiss-cpu, faiss-ivf: unavailable: faiss is not installed: pip install it"]


@pytest.mark.parametrize("width", [80, 100, 160])
def test_no_line_is_wider_than_the_terminal(width):
    assert max(map(len, printed(width, wide=True))) <= width
