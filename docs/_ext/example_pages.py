"""Pages of the notebooks in `examples/`: their text as Markdown, their code as blocks.

The files are in the percent format: a line `# %% [markdown]` begins text, whose lines are comments, and `# %%` code.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "tutorials" / "generated"
CELL = re.compile(r"^# %%(?P<kind>.*)\n", re.MULTILINE)


def page_of(text: str) -> str:
    """Return a notebook in the percent format as a page of MyST; links into `docs/` are made those of the site."""
    _, *parts = CELL.split(text)
    cells = zip(parts[::2], parts[1::2], strict=True)
    return "\n\n".join(_words(body) if "[markdown]" in kind else _code(body) for kind, body in cells) + "\n"


def _words(body: str) -> str:
    lines = re.sub(r"^# ?", "", body.strip(), flags=re.MULTILINE)
    return lines.replace("](../docs/", "](/")


def _code(body: str) -> str:
    return f"```python\n{body.strip()}\n```"


def write_pages(app: Sphinx) -> None:
    """Write the pages before Sphinx looks for documents."""
    FOLDER.mkdir(exist_ok=True)
    for file in sorted((ROOT / "examples").glob("*.py")):
        page = page_of(file.read_text(encoding="utf-8"))
        (FOLDER / f"{file.stem}.md").write_text(page, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the step."""
    app.connect("config-inited", lambda app, config: write_pages(app))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
