"""A figure of points that tell what they are: by pointing at them, by Tab, and to a screen reader."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kmbench.figures.axes import log_steps
from kmbench.wording import printable

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Point", "Scale", "points_svg", "ticks"]

LEFT, RIGHT, TOP, BOTTOM, WIDTH, HEIGHT = 62, 388, 30, 232, 400, 276

MOST_TICKS = 6
"""Intervals between the ticks of a linear scale, at most."""

SHAPES = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "M-4.6-4.6h9.2v9.2h-9.2z",
    "M0-5.8L5.4 4.4H-5.4z",
    "M0-6.2L5.2 0L0 6.2L-5.2 0z",
    "M0 5.8L5.4-4.4H-5.4z",
    "M-2-5.6h4v3.6h3.6v4h-3.6v3.6h-4v-3.6h-3.6v-4h3.6z",
    "M-5.4-3L-3-5.4L0-2.4L3-5.4L5.4-3L2.4 0L5.4 3L3 5.4L0 2.4L-3 5.4L-5.4 3L-2.4 0z",
    "M0-6L1.6-2H6L2.4 1L3.8 5.4L0 2.6L-3.8 5.4L-2.4 1L-6-2H-1.6z",
)
"""By the number of a series, in the order of its colours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point.

    Attributes
    ----------
    x, y : float
        In the units of the scales.
    told : str
        What it is, in words.
    label : str
        Its name, written beside it where it is an end of the front.
    series : int
        From 0: its colour and shape.
    front : bool
        Whether it is ringed, and lies on the line.
    """

    x: float
    y: float
    told: str
    label: str
    series: int = 0
    front: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """An axis of the figure.

    Attributes
    ----------
    name : str
        What it measures.
    low, high : float
        Its ends, different; both above 0 where it is logarithmic.
    write : callable
        Takes the value of a tick and returns its text.
    logarithmic : bool
    """

    name: str
    low: float
    high: float
    write: Callable[[float], str]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Return where a value lies: 0 at the low end, 1 at the high end."""
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def ticks(scale: Scale) -> list[float]:
    """Return the round values of a scale that get a line and a text, in ascending order."""
    from matplotlib.ticker import LogLocator, MaxNLocator

    if scale.logarithmic:
        locator: LogLocator | MaxNLocator = LogLocator(subs=log_steps(scale.low, scale.high), numticks=12)
    else:
        locator = MaxNLocator(MOST_TICKS, steps=[1, 2, 2.5, 5, 10])
    found = locator.tick_values(scale.low, scale.high)
    return [float(value) for value in found if scale.low <= value <= scale.high]


def points_svg(points: Sequence[Point], x: Scale, y: Scale, description: str) -> Markup:
    """Return the figure as an SVG element for a page; the points lie on one another in their order.

    Parameters
    ----------
    points : sequence of Point
        Of at most `kmbench.figures.style.MAX_SERIES` series.
    x, y : Scale
    description : str
        What the figure shows, for those who do not see it.
    """
    from markupsafe import Markup

    spots = [_Spot(point, _across(x, point.x), _up(y, point.y)) for point in points]
    front = sorted((spot for spot in spots if spot.point.front), key=lambda spot: spot.x)
    open_tag = Markup('<svg viewBox="0 0 {} {}" role="group" aria-label="{}" class="points">')
    parts = [open_tag.format(WIDTH, HEIGHT, printable(description))]
    parts += [*_y_axis(y), *_x_axis(x), *_front(front), *map(_mark, spots), *map(_name, _named(front))]
    return Markup("").join([*parts, Markup("</svg>")])


@dataclass(frozen=True, slots=True)
class _Spot:
    """A point and where it stands in the figure."""

    point: Point
    x: float
    y: float


def _across(scale: Scale, value: float) -> float:
    return LEFT + (RIGHT - LEFT) * scale.place(value)


def _up(scale: Scale, value: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * scale.place(value)


def _y_axis(scale: Scale) -> list[Markup]:
    from markupsafe import Markup

    line = Markup('<path class="grid" d="M{} {:.1f}H{}"/>')
    text = Markup('<text x="{}" y="{:.1f}" text-anchor="end" class="axis">{}</text>')
    parts = [Markup('<text x="6" y="14" class="axis">{}</text>').format(scale.name)]
    for value in ticks(scale):
        y = _up(scale, value)
        parts += [line.format(LEFT, y, RIGHT), text.format(LEFT - 8, y + 4, scale.write(value))]
    return parts


def _x_axis(scale: Scale) -> list[Markup]:
    from markupsafe import Markup

    line = Markup('<path class="grid" d="M{:.1f} {}V{}"/>')
    text = Markup('<text x="{:.1f}" y="{}" text-anchor="middle" class="axis">{}</text>')
    parts = []
    for value in ticks(scale):
        x = _across(scale, value)
        parts += [line.format(x, TOP, BOTTOM), text.format(x, BOTTOM + 18, scale.write(value))]
    return [*parts, text.format((LEFT + RIGHT) / 2, HEIGHT - 6, scale.name)]


def _front(front: Sequence[_Spot]) -> list[Markup]:
    """Return the line along the front, in steps: between two points none does better than the left one."""
    from markupsafe import Markup

    if len(front) < 2:
        return []
    steps = f"M{front[0].x:.1f} {front[0].y:.1f}" + "".join(f"H{spot.x:.1f}V{spot.y:.1f}" for spot in front[1:])
    return [Markup('<path class="front" d="{}"/>').format(steps)]


def _mark(spot: _Spot) -> Markup:
    from markupsafe import Markup

    point = spot.point
    return Markup(
        '<g class="point" tabindex="0" role="img" aria-label="{told}" data-told="{told}" '
        'transform="translate({x:.1f} {y:.1f})"><title>{told}</title><circle class="hit" r="12"/>{ring}'
        '<path d="{shape}" fill="var(--c{colour})"/></g>'
    ).format(
        told=printable(point.told),
        x=spot.x,
        y=spot.y,
        ring=Markup('<circle class="ring" r="9"/>') if point.front else "",
        shape=SHAPES[point.series],
        colour=point.series + 1,
    )


def _named(front: Sequence[_Spot]) -> list[_Spot]:
    """Return the ends of the front: with more names they would stand on each other."""
    return list(front) if len(front) < 2 else [front[0], front[-1]]


def _name(spot: _Spot) -> Markup:
    from markupsafe import Markup

    right = spot.x < (LEFT + RIGHT) / 2
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" class="name">{}</text>').format(
        spot.x + (13 if right else -13), spot.y - 9, "start" if right else "end", printable(spot.point.label)
    )
