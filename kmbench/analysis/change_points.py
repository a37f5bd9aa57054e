"""Where a noisy series steps: what two of three detectors agree on, and how small a step could have shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kmbench.analysis.detectors import DETECTORS, LEAST_COMMITS, LEAST_SEGMENT, Series, hampel

__all__ = ["Step", "commits_until_seen", "smallest_step", "vote"]

VOTES = 2
"""Of the three detectors, how many must find a step."""

TOLERANCE = 1
"""Commits by which two detectors may differ and still mean the same step."""

LEAST_STEP = 0.03
"""Smaller steps, as a share, are not reported: nobody changes an engine for them."""

SEEN_FACTOR = 4.8
"""Smallest step over the noise that is found in four of five series, times sqrt(1/a + 1/b)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step on which detectors agree.

    Attributes
    ----------
    at : int
        Index of the first value of the new level.
    start, stop : int
        The levels on both sides reach from `start` to `at` and from `at` to `stop`.
    ratio : float
        New level over old one: ratio of the geometric means.
    votes : tuple of str
        Names of the detectors that found it.
    """

    at: int
    start: int
    stop: int
    ratio: float
    votes: tuple[str, ...]


def vote(values: Sequence[float], detectors: Mapping[str, Callable[[Series], list[int]]] = DETECTORS) -> list[Step]:
    """Return the steps of a figure on which two of three detectors agree.

    Parameters
    ----------
    values : sequence of float
        The figure, positive, one for each commit.
    detectors : mapping of str to callable
        From the logarithms to the indexes of steps.

    Returns
    -------
    list of Step
        In the order of the commits; steps of less than `LEAST_STEP` are left out.

    Raises
    ------
    ValueError
        If a value is not positive and finite.
    """
    given = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(given).all() and (given > 0).all()):
        raise ValueError("vote needs positive, finite values")
    logs = np.log(given)
    if len(logs) < LEAST_COMMITS:
        return []
    smooth = hampel(logs)
    found = {name: detect(smooth) for name, detect in detectors.items()}
    agreed = _agreed(found)
    while True:
        bounds = [0, *(at for at, _ in agreed), len(logs)]
        steps = [_step(smooth, bounds[i], bounds[i + 1], bounds[i + 2], votes) for i, (_, votes) in enumerate(agreed)]
        small = [i for i, step in enumerate(steps) if abs(math.log(step.ratio)) < math.log1p(LEAST_STEP)]
        if not small:
            return steps
        least = min(small, key=lambda i: abs(math.log(steps[i].ratio)))
        del agreed[least]  # one at a time: the levels beside it grow together


def _step(logs: Series, start: int, at: int, stop: int, votes: tuple[str, ...]) -> Step:
    ratio = math.exp(float(logs[at:stop].mean() - logs[start:at].mean()))
    return Step(at=at, start=start, stop=stop, ratio=ratio, votes=votes)


def _agreed(found: Mapping[str, Sequence[int]]) -> list[tuple[int, tuple[str, ...]]]:
    """Return the places that enough detectors name, within `TOLERANCE`, with their names; each place is used once."""
    left = {name: list(places) for name, places in found.items()}
    agreed: list[tuple[int, tuple[str, ...]]] = []
    while True:
        places = sorted({at for own in left.values() for at in own})
        groups = [
            {name: min(own, key=lambda p: abs(p - at)) for name, own in left.items() if _near(own, at)}
            for at in places
        ]
        groups = [group for group in groups if len(group) >= VOTES]
        if not groups:
            return sorted(agreed)
        best = max(groups, key=lambda group: (len(group), -np.ptp(list(group.values()))))
        agreed.append((int(np.median(list(best.values()))), tuple(best)))
        for name, at in best.items():
            left[name].remove(at)


def _near(places: Sequence[int], at: int) -> bool:
    return any(abs(place - at) <= TOLERANCE for place in places)


def smallest_step(noise: float, before: int, after: int) -> float:
    """Return the smallest step, as a share, that so many commits on both sides show in four of five series.

    Parameters
    ----------
    noise : float
        Standard deviation of the logarithms, as `noise_of` finds it.
    before, after : int
        Commits on the two sides.
    """
    if min(before, after) < 1:
        return math.inf
    return math.expm1(SEEN_FACTOR * noise * math.sqrt(1 / before + 1 / after))


def commits_until_seen(noise: float, before: int, step: float) -> int | None:
    """Return after how many commits a step at the end of a line shows; None if it never will.

    Parameters
    ----------
    noise : float
        Standard deviation of the logarithms.
    before : int
        Commits before the step.
    step : float
        Its size as a share.
    """
    room = (math.log1p(step) / SEEN_FACTOR) ** 2 - noise**2 / before if before else -1.0
    if room <= 0.0:
        return None
    return max(LEAST_SEGMENT, math.ceil(noise**2 / room))
