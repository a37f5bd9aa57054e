"""Points stand where their figures put them, tell what they are, and have round ticks beside them."""

from xml.etree import ElementTree

import pytest

from kmbench.figures.points import SHAPES, Point, Scale, points_svg, ticks
from kmbench.figures.style import MAX_SERIES


def scale(low, high, logarithmic=False, name="figure"):
    return Scale(name=name, low=low, high=high, write=lambda value: f"{value:g}", logarithmic=logarithmic)


def point(x, y, series=0, front=False, label=""):
    return Point(x=x, y=y, told=f"{label} at {x:g}, {y:g}", label=label, series=series, front=front)


X, Y = scale(1, 100, True, "time"), scale(0, 10, name="loss")


@pytest.fixture
def figure():
    points = [
        point(1, 10, front=True, label="fast"),
        point(10, 5, series=1, front=True, label="middle"),
        point(100, 0, series=7, front=True, label="good"),
        point(100, 10, label="<script>\x00"),
    ]
    return ElementTree.fromstring(points_svg(points, X, Y, "losses & times\x00"))


def marks(figure):
    return [element for element in figure.iter("g") if element.get("class") == "point"]


def test_a_point_stands_by_its_values_and_higher_values_further_up(figure):
    places = [mark.get("transform") for mark in marks(figure)]
    # The axes go from 62 to 388 and from 232 at the bottom to 30 at the top.
    assert places == [f"translate({place})" for place in ("62.0 30.0", "225.0 131.0", "388.0 232.0", "388.0 30.0")]


def test_every_point_tells_what_it_is_by_pointer_key_and_voice(figure):
    for mark, told in zip(marks(figure), ("fast at 1, 10", "middle at 10, 5", "good at 100, 0"), strict=False):
        assert (mark.get("data-told"), mark.get("aria-label"), mark.findtext("title")) == (told, told, told)
        assert (mark.get("tabindex"), mark.get("role")) == ("0", "img")
    assert figure.get("aria-label") == "losses & times\ufffd"
    assert marks(figure)[3].get("data-told") == "<script>\ufffd at 100, 10"


def test_a_series_has_a_colour_and_a_shape(figure):
    found = [(mark.find("path").get("fill"), mark.find("path").get("d")) for mark in marks(figure)]
    assert found == [(f"var(--c{number + 1})", SHAPES[number]) for number in (0, 1, 7, 0)]
    assert len(set(SHAPES)) == MAX_SERIES


def test_the_front_is_ringed_joined_in_steps_and_named_at_its_ends(figure):
    assert ["ring" in [circle.get("class") for circle in mark.iter("circle")] for mark in marks(figure)] == [
        True, True, True, False,
    ]  # fmt: skip
    (line,) = [path.get("d") for path in figure.iter("path") if path.get("class") == "front"]
    assert line == "M62.0 30.0H225.0V131.0H388.0V232.0"
    names = [(text.text, text.get("text-anchor")) for text in figure.iter("text") if text.get("class") == "name"]
    assert names == [("fast", "start"), ("good", "end")]


def test_one_point_alone_has_no_line():
    svg = points_svg([point(10, 5, front=True, label="only")], X, Y, "one")
    assert 'class="front"' not in svg
    assert svg.count('class="name"') == 1


def test_ticks_stand_at_their_lines_with_their_texts(figure):
    axis = [text for text in figure.iter("text") if text.get("class") == "axis"]
    texts = [text.text for text in axis]
    assert texts == ["loss", "0", "2", "4", "6", "8", "10", "1", "3", "10", "30", "100", "time"]
    lines = [path.get("d") for path in figure.iter("path") if path.get("class") == "grid"]
    assert lines[0] == "M62 232.0H388"
    assert lines[8] == "M225.0 30V232"


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        (scale(-0.0019, 0.0221), [0, 0.005, 0.01, 0.015, 0.02]),
        (scale(0.19, 0.73), [0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
        (scale(-0.01, 0.01), [-0.01, -0.005, 0, 0.005, 0.01]),
        (scale(0.9, 5.1, True), [1, 2, 5]),
        (scale(0.2, 4, True), [0.3, 1, 3]),
        (scale(1e-3, 1, True), [1e-3, 1e-2, 1e-1, 1]),
    ],
)
def test_ticks_are_round_and_within_the_scale(axis, values):
    assert ticks(axis) == pytest.approx(values, abs=1e-12)


@pytest.mark.parametrize("low", [1e-9, 3e-4, 0.7, 42.0, 9e5])
@pytest.mark.parametrize("factor", [1.5, 8, 90, 1e5, 1e9])
def test_a_logarithmic_scale_of_any_size_has_a_few_ticks(low, factor):
    found = ticks(scale(low, low * factor, True))
    assert 1 <= len(found) <= 13
    assert found == sorted(set(found))
    assert low <= found[0]
    assert found[-1] <= low * factor
