"""The table's benchmark measures each case once, stops when its time is over, and prints what the runs say."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "benchmarks" / "tools"
sys.path.insert(0, str(TOOLS))

import numpy_lloyd_table as table  # noqa: E402

TINY = table.Shape("3k x 8, k=6", "blobs:n=3000,d=8,centers=16,seed=0", 6)


def test_finished_cases_are_not_measured_again_and_none_begins_late(monkeypatch, tmp_path):
    cases = [table.Case(TINY, threads) for threads in (1, 2, 3, 4)]
    measured, now = [], [0.0]

    def measure(case, records, epochs):
        measured.append(case.threads)
        now[0] += 60

    monkeypatch.setattr(table, "is_finished", lambda case, records: case.threads == 1)
    monkeypatch.setattr(table, "measure", measure)
    left = table.measure_all(cases, tmp_path, 6, seconds=100, clock=lambda: now[0])
    assert measured == [2, 3]
    assert [case.threads for case in left] == [4]


def test_cases_have_folders_of_their_own(tmp_path):
    folders = {table.Case(shape, threads).folder(tmp_path) for shape in table.SHAPES for threads in (1, 2)}
    assert len(folders) == 14


def test_a_run_becomes_a_line_and_is_kept(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(table, "engines", lambda: ["numpy-lloyd", "sklearn-lloyd"])
    case = table.Case(TINY, 1)
    assert table.measure_all([case], tmp_path, 2, seconds=1e9) == []
    table.print_table([case], tmp_path)
    header, _, line = capsys.readouterr().out.strip().splitlines()
    cells = dict(zip(header.split(" | "), line.split(" | "), strict=True))
    assert cells["| shape"] == "| 3k x 8, k=6"
    assert cells["path"] == "k-major"
    ratio = cells["sklearn-lloyd / numpy-lloyd, memory"]
    assert float(ratio.split("x")[0]) > 0
    assert "(" in ratio  # two epochs tell an interval
    assert cells["faiss-cpu / numpy-lloyd, memory"] == "not installed"
    assert float(cells["inertia off by |"].rstrip(" |")) < 1e-6
    monkeypatch.setattr(table, "measure", lambda *_: pytest.fail("it is there already"))
    assert table.measure_all([case], tmp_path, 2, seconds=1e9) == []


@pytest.mark.parametrize(("option", "complaint"), [("--shapes=9", "from 1 to 7"), ("--threads=0", "thread counts")])
def test_wrong_options_are_named(option, complaint, tmp_path):
    command = [sys.executable, str(TOOLS / "numpy_lloyd_table.py"), f"--records={tmp_path}", option]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert complaint in done.stderr
