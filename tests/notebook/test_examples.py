"""The examples of docs/notebook.md run in order, in a process of their own, as a reader would run them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "notebook.md"
BLOCKS = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)

SHOW = """
for shown in (results, choice, segments, ids):
    line, html = repr(shown), shown._repr_html_()
    assert "\\n" not in line and len(line) < 400, line
    assert html.count("<table") == 1 and "data:image/png;base64," in html
    assert len(shown.frame()) and shown.plot().figure is not None
print("every example ran")
"""


@pytest.mark.filterwarnings("default")
def test_every_example_runs_and_every_result_shows_itself(tmp_path):
    for name in ("polars", "torch", "pandas"):
        if "CI" not in os.environ:
            pytest.importorskip(name, exc_type=ImportError)
    script = tmp_path / "notebook.py"
    script.write_text("\n".join([*BLOCKS, SHOW]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-P", str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.endswith("every example ran\n")
    assert (tmp_path / "speed-ups.svg").stat().st_size > 1000
    assert "<svg" in (tmp_path / "page.html").read_text(encoding="utf-8")
