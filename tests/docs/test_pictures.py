"""The README's picture of a terminal shows what the committed run says."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "tools"))

from run_table import draw  # noqa: E402


def test_the_terminal_is_that_of_the_committed_run(tmp_path):
    (run,) = (ROOT / "results" / "quick").iterdir()
    draw([run], tmp_path / "quick.svg")
    drawn = (ROOT / "docs" / "_static" / "quick.svg").read_text(encoding="utf-8")
    assert (tmp_path / "quick.svg").read_text(encoding="utf-8") == drawn
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "").replace("https://www.textualize.io", "")
