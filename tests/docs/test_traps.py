"""The lines of the explanation show what the text says: each page's blocks run, in their order."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [*sorted((DOCS / "explanation" / "traps").glob("*.md")), DOCS / "explanation" / "one-pass.md"]
CODE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
IMPORTED = re.compile(r"^(?:import|from) (\w+)", re.MULTILINE)
PAGES = [page for page in PAGES if CODE.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@pytest.mark.filterwarnings("ignore")
def test_the_lines_show_the_trap(page):
    code = "\n".join(CODE.findall(page.read_text(encoding="utf-8")))
    for name in IMPORTED.findall(code):
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    exec(compile(code, str(page), "exec"), {"__name__": "example"})
