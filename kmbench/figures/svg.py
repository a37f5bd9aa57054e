"""matplotlib's SVG made fit for a page: no ids that clash, no loads, colours and fonts of the page."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from kmbench.figures.style import COLOURS, INK, TEXT
from kmbench.wording import printable

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

__all__ = ["for_page", "to_svg"]

LINK = "{http://www.w3.org/1999/xlink}href"
DROPPED = frozenset({"metadata", "style"})

COORDINATES = frozenset({"d", "x", "y"})
"""Attributes that are cut to hundredths of a point, which nobody sees."""


def to_svg(figure: Figure, prefix: str, description: str) -> Markup:
    """Return a figure as an element that stands in an HTML page; the same figure gives the same text.

    Parameters
    ----------
    figure : Figure
        Drawn in the colours of `kmbench.figures.style`.
    prefix : str
        Put before every id, which are unique within one figure only.
    description : str
        What the figure shows, for those who do not see it.
    """
    import matplotlib
    from markupsafe import Markup

    target = io.StringIO()
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": prefix, "font.size": TEXT, "text.color": INK}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # The page's own font writes the text; that matplotlib's lacks a character does not matter.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(target, format="svg", metadata=nothing, transparent=True)
    return Markup(for_page(target.getvalue(), prefix, printable(description), COLOURS))  # ElementTree escapes


def for_page(svg: str, prefix: str, description: str, colours: dict[str, str]) -> str:
    """Return an SVG document as an element that stands in an HTML page.

    Parameters
    ----------
    svg : str
        As matplotlib writes it, with ``svg.fonttype`` set to ``none``.
    prefix : str
        Put before every id, which are unique within one figure only.
    description : str
        What the figure shows, for those who do not see it.
    colours : dict
        From the colours it was drawn in to those of the page, such as ``currentColor``.
    """
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        for child in [child for child in element if _local(child.tag) in DROPPED]:
            element.remove(child)
        element.tag = _local(element.tag)
        element.text, element.tail = _stripped(element.text), _stripped(element.tail)
        element.attrib = dict(_attributes(element, prefix, colours))
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-label": description}
    return ElementTree.tostring(root, encoding="unicode")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _stripped(text: str | None) -> str | None:
    return None if text is None or not text.strip() else text


def _attributes(element: ElementTree.Element, prefix: str, colours: dict[str, str]) -> list[tuple[str, str]]:
    found = []
    for name, value in element.attrib.items():
        if name == "id":
            found.append((name, prefix + value))
        elif name == LINK:
            found.append(("href", f"#{prefix}{value.removeprefix('#')}"))
        elif name in COORDINATES:
            found.append((name, " ".join(re.sub(r"(\.\d\d)\d+", r"\1", value).split())))
        elif name == "transform" and value.startswith("rotate(-0"):
            continue
        elif name == "style":
            found.append((name, _styled(value, colours)))
        else:
            found.append((name, re.sub(r"url\(#", f"url(#{prefix}", value)))
    return found


def _styled(style: str, colours: dict[str, str]) -> str:
    style = re.sub(r"\bfont: ((?:\w+ )*?)(\d+ )?([\d.]+px) [^;]*", r"font-size: \3; font-weight: \g<2>", style)
    style = re.sub(r"font-family:[^;]*;?\s*|font-weight: ?(?=;|$)", "", style)
    for drawn, shown in colours.items():
        style = style.replace(drawn, shown)
    return style
