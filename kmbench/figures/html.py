"""What all pages share: how a template is rendered, and how a page is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmbench.whole_file import whole_file

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup

__all__ = ["HINT", "PAGE_FILE", "Script", "now_text", "render", "script_of", "write_whole"]

PAGE_FILE = "index.html"
"""Name of a page in a folder of its own."""

HINT = "fix that; the records are complete"


@dataclass(frozen=True, slots=True)
class Script:
    """A page's script and its SHA-256 in base64, by which the page's content security policy lets it run."""

    text: Markup
    digest: str


def render(package: str, template: str, **values: Any) -> str:
    """Return a page as HTML; whatever is no Markup is escaped.

    Parameters
    ----------
    package : str
        Whose folder ``templates`` holds the template; it may extend and include those of this room.
    template : str
        Name of the file.
    **values
        What the template shows. Every page also gets kmbench's ``version``.
    """
    from importlib.metadata import version

    return _templates(package).get_template(template).render(version=version("kmbench"), **values)


def _templates(package: str) -> jinja2.Environment:
    import jinja2

    folders = dict.fromkeys((package, "kmbench.figures"))
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


def script_of(package: str, name: str) -> Script:
    """Return a script from a package's folder ``templates``."""
    import base64
    import hashlib
    from importlib import resources

    from markupsafe import Markup

    text = resources.files(package).joinpath("templates", name).read_text(encoding="utf-8")
    return Script(Markup(text), base64.b64encode(hashlib.sha256(text.encode()).digest()).decode())


def now_text() -> str:
    """Write when a page is made: ``2026-01-31 10:12 UTC``."""
    from datetime import UTC, datetime

    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


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
