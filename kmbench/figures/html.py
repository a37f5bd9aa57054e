"""What all pages share: the templates, and how a page is written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmbench.whole_file import whole_file

if TYPE_CHECKING:
    import jinja2

__all__ = ["HINT", "templates", "write_whole"]

HINT = "mend that; the records are whole"


def templates(package: str) -> jinja2.Environment:
    """Return the templates of a package, and those that all pages share; they escape what they are given."""
    import jinja2

    folders = (package, "kmbench.figures")
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(name, "templates") for name in folders]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment


def _breakable(text: str) -> Any:
    """Escape a text and let a line break after its commas and semicolons: a data SPEC has no spaces."""
    from markupsafe import Markup, escape

    return Markup("<wbr>").join(escape(part) for part in re.split(r"(?<=[,;])(?=[^\s\d])", text))


def write_whole(file: Path, text: str, hint: str = HINT) -> Path:
    """Write a file and return its path, with the folder where it is missing. Until it is whole, an older one stays.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with whole_file(file, hint) as temporary:
        temporary.write_bytes(text.encode("utf-8", "replace"))  # JSON can hold lone surrogates, UTF-8 cannot
    return file
