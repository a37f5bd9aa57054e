"""The table of docs/numpy-lloyd.md says what its run says."""

import sys
from pathlib import Path

from kmbench.api import measure
from kmbench.study import Study

TOOLS = Path(__file__).parents[2] / "benchmarks" / "tools"
sys.path.insert(0, str(TOOLS))

import numpy_lloyd_table as table  # noqa: E402


def test_a_run_becomes_a_line_for_each_case(tmp_path, capsys):
    study = {"name": "small", "backends": "numpy-lloyd,sklearn-lloyd,faiss-gpu", "baseline": "numpy-lloyd"}
    cases = {"data": ["blobs:n=3000,d=8,centers=16,seed=0"], "k": [6, 100], "threads": [1], "repeats": 2}
    measure(Study.build(study | cases, "a test"), tmp_path / "run", False, lambda event: None)
    table.print_table(tmp_path / "run")
    header, _, *lines = capsys.readouterr().out.strip().splitlines()
    found = [dict(zip(header.split(" | "), line.split(" | "), strict=True)) for line in lines]
    assert [line["| shape"] for line in found] == ["| 3,000 x 8, k=6", "| 3,000 x 8, k=100"]
    assert [line["path"] for line in found] == ["k-major", "dense"]
    for line in found:
        ratio = line["sklearn-lloyd / numpy-lloyd, memory"]
        assert float(ratio.split("x")[0]) > 0
        assert "(" in ratio  # two epochs tell an interval
        assert line["faiss-gpu / numpy-lloyd, memory"].startswith("unavailable: ")
        assert float(line["inertia off by |"].rstrip(" |")) < 1e-6
