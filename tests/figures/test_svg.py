"""matplotlib's SVG stands in a page: in its colours and font, with ids of its own, and it loads nothing."""

import re
from xml.etree import ElementTree

import pytest

from kmbench.figures.axes import named_axes, new_axes
from kmbench.figures.style import GOAL, INK, PLACES
from kmbench.figures.svg import for_page, to_svg


def drawn(label="a line"):
    figure, ax = new_axes()
    ax.plot([1, 2, 3], [1, 4, 9], color=PLACES[0], marker="o")
    ax.axhline(4, color=GOAL)
    ax.text(1, 1, label, color=INK, parse_math=False)
    named_axes(ax, "x", "y")
    return figure


def ids(svg):
    return {element.get("id") for element in ElementTree.fromstring(svg).iter() if element.get("id")}


def test_the_colours_are_the_pages_own():
    svg = to_svg(drawn(), "a-", "a line")
    assert "var(--c1)" in svg
    assert "var(--bad)" in svg
    assert "currentColor" in svg
    assert not re.search(r"#0\d0\d0\d", svg)


def test_it_fits_any_width_and_names_what_it_shows():
    root = ElementTree.fromstring(to_svg(drawn(), "a-", 'rows <&> "quoted"\x00'))
    assert root.get("viewBox") == "0 0 400 270"
    assert "width" not in root.attrib
    assert (root.get("role"), root.get("aria-label")) == ("img", 'rows <&> "quoted"\ufffd')


def test_the_same_figure_gives_the_same_text_and_two_share_no_id():
    one, again, other = (to_svg(drawn(), prefix, "a line") for prefix in ("a-", "a-", "b-"))
    assert one == again
    assert ids(one)
    assert not ids(one) & ids(other)
    references = re.findall(r'(?:href="#|url\(#)([^")]*)', one)
    assert references
    assert set(references) <= ids(one)


@pytest.mark.parametrize("label", ["$x^$", "<script>alert(1)</script>", "k-平均"])
def test_any_text_is_text(label):
    svg = to_svg(drawn(label), "a-", "a line")
    assert "<script" not in svg
    assert label in [element.text for element in ElementTree.fromstring(svg).iter()]


@pytest.mark.parametrize(
    "style",
    [
        "font: 12px 'DejaVu Sans', sans-serif; fill: #010203",  # as older versions of matplotlib write it
        "font: 700 12px 'DejaVu Sans', sans-serif; fill: #010203",
        "font-size: 12px; font-family: 'DejaVu Sans', sans-serif; fill: #010203",
    ],
)
def test_text_keeps_its_size_and_takes_the_font_of_the_page(style):
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><text style="{style}">a</text></svg>'
    text = ElementTree.fromstring(for_page(svg, "a-", "a", {"#010203": "currentColor"}))[0]
    assert "font-size: 12px" in text.get("style")
    assert ("font-weight: 700" in text.get("style")) == ("700" in style)
    assert "DejaVu" not in text.get("style")
    assert "fill: currentColor" in text.get("style")
