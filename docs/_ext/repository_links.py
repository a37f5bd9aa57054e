"""Links of the documents to files of the repository that are not part of the site.

In the repository they open the file. On the site its name is shown, and where it is a page that the site has under
another name, the link goes there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.osutil import relative_uri

MOVED = {"README.md": "index", "CHANGELOG.md": "changelog", "CONTRIBUTING.md": "contributing"}
ROOT = Path(__file__).parents[2]


class RepositoryLinks(SphinxTransform):
    """Turn a link out of `docs` into the name of the file, or into a link to the page that shows it."""

    default_priority = 5

    def apply(self, **_: Any) -> None:
        """Go through the links of one document."""
        here = Path(self.env.doc2path(self.env.docname)).parent
        for node in list(self.document.findall(nodes.Element)):
            target = node.get("refuri") or node.get("reftarget")
            if not isinstance(target, str) or "://" in target or target.startswith(("#", "mailto:")):
                continue
            path = (here / target.partition("#")[0]).resolve()
            if not path.is_relative_to(ROOT) or path.is_relative_to(ROOT / "docs") or not path.exists():
                continue
            name = str(path.relative_to(ROOT))
            if name in MOVED:
                uri = relative_uri(self._uri(self.env.docname), self._uri(MOVED[name]))
                new: nodes.Element = nodes.reference("", "", *node.children, refuri=uri, internal=True)
            else:
                new = nodes.inline("", "", *node.children, classes=["repository-file"])
            node.replace_self(new)

    def _uri(self, docname: str) -> str:
        return f"{docname}.html"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the transform."""
    app.add_transform(RepositoryLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
