"""Axes are bare, stand where they should, and lose no legend entry."""

import pytest

from kmbench.figures.axes import axes_below_legend, bare_axes, legend, log_steps, named_axes, new_axes
from kmbench.figures.style import WIDTH


def box(figure, ax):
    """Return the axes' width and height in points."""
    place = ax.get_position()
    return place.width * figure.get_figwidth() * 72, place.height * figure.get_figheight() * 72


def test_margins_are_points():
    figure, ax = new_axes(300, left=50, bottom=40, top=20, right=30)
    assert figure.get_figwidth() * 72 == pytest.approx(WIDTH)
    assert box(figure, ax) == pytest.approx((WIDTH - 80, 240))


def test_bare_axes_have_no_frame_and_no_minor_ticks():
    figure, ax = new_axes()
    ax.set_xscale("log")
    ax.plot([1, 1000], [0, 1])
    bare_axes(ax, grid="x")
    figure.canvas.draw()
    assert not any(spine.get_visible() for spine in ax.spines.values())
    assert len(ax.xaxis.get_minorticklocs()) == 0
    assert all(tick.tick1line.get_markersize() == 0 for tick in ax.xaxis.get_major_ticks())
    assert all(line.get_visible() for line in ax.get_xgridlines())
    assert not any(line.get_visible() for line in ax.get_ygridlines())


def test_the_name_of_the_y_axis_begins_at_the_same_place_in_all_figures():
    places = []
    for left in (46, 62, 90):
        figure, ax = new_axes(left=left)
        named_axes(ax, "x", "y")
        box_width = box(figure, ax)[0]
        places.append(ax.get_title(loc="left") and ax._left_title.get_position()[0] * box_width)
    assert places == pytest.approx([-54] * 3)


@pytest.mark.parametrize("entries", [1, 8])
def test_a_legend_takes_nothing_from_the_axes_and_is_whole(entries):
    figure, ax = axes_below_legend(entries)
    assert box(figure, ax)[1] == pytest.approx(214)
    handles = [ax.plot([0, 1], [number, number])[0] for number in range(entries)]
    legend(ax, handles, [f"$backend^ {number}" for number in range(entries)])
    figure.canvas.draw()
    shown = ax.get_legend().get_window_extent()
    whole = figure.bbox
    assert shown.x0 >= 0
    assert shown.y1 <= whole.y1
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [f"$backend^ {n}" for n in range(entries)]


@pytest.mark.parametrize(("high", "steps"), [(8, (1, 2, 5)), (90, (1, 3)), (1e4, (1,))])
def test_the_wider_an_axis_the_fewer_its_ticks_in_a_decade(high, steps):
    assert log_steps(1, high) == steps
