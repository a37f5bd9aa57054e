"""Every colour that a figure is drawn in is one of the page's, in each of its schemes."""

import re
from importlib import resources

import pytest

from kmbench.figures.style import COLOURS, DASHES, GLYPHS, MARKERS, MAX_SERIES, PLACES, PRINTED, series_of

CSS = resources.files("kmbench.figures").joinpath("templates", "page.css").read_text(encoding="utf-8")
SCHEMES = [dict(re.findall(r"(--\w+): (#\w+)", block)) for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)]


def test_there_are_a_light_a_dark_and_a_printed_scheme():
    assert len(SCHEMES) == 3
    assert SCHEMES[0]["--paper"] > SCHEMES[1]["--paper"]


@pytest.mark.parametrize("scheme", range(3))
def test_every_scheme_has_every_colour_of_the_figures(scheme):
    names = [shown.removeprefix("var(").removesuffix(")") for shown in COLOURS.values() if shown != "currentColor"]
    assert len(set(names)) == len(names) == 3 + MAX_SERIES
    assert set(names) <= set(SCHEMES[scheme])


def test_a_figure_in_a_file_has_the_colours_of_the_light_page():
    light = SCHEMES[0] | {"currentColor": SCHEMES[0]["--ink"]}
    shown = {drawn: COLOURS[drawn].removeprefix("var(").removesuffix(")") for drawn in PRINTED}
    assert {drawn: light[name] for drawn, name in shown.items()} == PRINTED


def test_series_are_told_apart_without_colour():
    assert len(set(MARKERS)) == len(set(GLYPHS)) == len(set(DASHES)) == len(set(PLACES)) == MAX_SERIES


def test_the_first_labels_get_the_styles_each_once():
    labels = ["b", "a", "b", "c\x00", *"defghij"]
    assert series_of(labels) == ["b", "a", "c\ufffd", *"defgh"]
