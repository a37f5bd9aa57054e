"""Links of the documents to files of the repository that are not part of the site.

In the repository they open the file. On the site the words stay, and the link goes where the site has the same text
under another name.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

MOVED = {"README.md": "/index.md", "CHANGELOG.md": "/changelog.md", "CONTRIBUTING.md": "/contributing.md"}
ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<!!)\[(?P<words>[^\]]+)\]\((?P<target>\.\./[^)\s]+)\)")


def rewrite(app: Sphinx, docname: str, content: list[str]) -> None:
    """Rewrite the links of one document that lead out of `docs`."""
    here = (Path(app.srcdir) / docname).parent

    def replaced(match: re.Match[str]) -> str:
        path = (here / match["target"].partition("#")[0]).resolve()
        if path.is_relative_to(ROOT / "docs"):
            return match[0]
        inside = path.relative_to(ROOT)
        moved = MOVED.get(str(inside))
        if inside.parent.name == "examples":
            moved = f"/tutorials/generated/{inside.stem}.md"
        if inside.parts[0] == "reports" and inside.suffix == ".html":  # copied by report_pages.py
            return f'<a href="{"../" * docname.count("/")}{inside}">{match["words"]}</a>'
        return match["words"] if moved is None else f"[{match['words']}]({moved})"

    content[0] = LINK.sub(replaced, content[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the step."""
    app.connect("source-read", rewrite)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
