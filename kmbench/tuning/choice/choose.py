"""From what is asked to a setting; where none will do, the nearest, and which constraint stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmbench.tuning.choice.settings import Constraints, Option, Settings

__all__ = ["NEAR_BEST", "ROUND_RECALLS", "Choice", "best_at", "choose", "neighbours", "next_recall", "violations"]

ROUND_RECALLS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999)

SATURATED_WITHIN = 0.001
"""Where no setting reaches the recall: how far from the best recall the fastest may stay."""

NEAR_BEST = 1.10
"""The smallest nlist within this factor of the best time is taken: it trains faster, and no one feels the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is recommended.

    Attributes
    ----------
    option : Option
    met : bool
        Whether it does all that is asked.
    broken : tuple of str
        Constraints it breaks: ``recall``, ``latency``, ``memory``, ``build``.
    within : Option or None
        Where the target is not met: the best recall that keeps the other constraints.
    """

    option: Option
    met: bool
    broken: tuple[str, ...] = ()
    within: Option | None = None


def violations(land: Settings, asked: Constraints) -> dict[str, NDArray[np.float64]]:
    """Return for each constraint by what factor each setting breaks it; 1 or less keeps it."""
    found = {"recall": (1 - land.recall_low) / (1 - asked.recall)}
    if asked.max_latency_seconds is not None:
        found["latency"] = land.p95 / asked.max_latency_seconds
    if asked.max_memory_bytes is not None:
        found["memory"] = land.memory / asked.max_memory_bytes
    if asked.max_build_seconds is not None:
        found["build"] = land.build / asked.max_build_seconds
    return found


def choose(land: Settings, asked: Constraints) -> Choice:
    """Return the fastest setting that does what is asked, else the nearest that reaches the recall."""
    broken = violations(land, asked)
    worst = np.max(list(broken.values()), axis=0)
    if (worst <= 1).any():
        return Choice(option=land.option(_fastest(land, worst <= 1)), met=True)
    reached = broken["recall"] <= 1
    others = np.max([row for name, row in broken.items() if name != "recall"] or [np.zeros(len(worst))], axis=0)
    if reached.any():
        place = int(np.argmin(np.where(reached, others, np.inf)))
    else:  # the codes lose more than any nprobe brings back
        place = _fastest(land, land.recall_low >= land.recall_low.max() - SATURATED_WITHIN)
    keep = others <= 1
    within = None
    if reached.any() and keep.any():
        highest = land.recall_low[keep].max()
        within = land.option(_fastest(land, keep & (land.recall_low >= highest)))
    names = tuple(name for name, row in broken.items() if row[place] > 1)
    return Choice(option=land.option(place), met=False, broken=names, within=within)


def best_at(land: Settings, recall: float, asked: Constraints | None = None) -> Option | None:
    """Return the fastest setting whose whole interval reaches a recall, or None.

    Parameters
    ----------
    asked : Constraints, optional
        Whose other constraints are to be kept.
    """
    good = land.recall_low >= recall
    if asked is not None:
        for name, row in violations(land, asked).items():
            if name != "recall":
                good = good & (row <= 1)
    return land.option(_fastest(land, good)) if good.any() else None


def next_recall(target: float) -> float | None:
    """Return the next round recall above a target."""
    return next((recall for recall in ROUND_RECALLS if recall > target + 1e-9), None)


def _fastest(land: Settings, good: NDArray[np.bool_]) -> int:
    """Return the fastest of the good settings of the smallest nlist that is near the best time."""
    mean = np.where(good, land.mean, np.inf)
    near = mean <= NEAR_BEST * mean.min()
    smallest = land.nlist[near].min()
    return int(np.argmin(np.where(near & (land.nlist == smallest), mean, np.inf)))


def neighbours(land: Settings, option: Option, asked: Constraints) -> Sequence[Option]:
    """Return settings beside one: fewer and more probes, and the next nlists where they reach the recall."""
    place = land.find(option.key)
    own = land.curves[int(land.curve[place])]
    found = []
    for nprobe in (int(option.nprobe * 0.7), int(np.ceil(option.nprobe * 1.4))):
        if nprobe != option.nprobe and 1 <= nprobe <= len(own):
            found.append(land.option(place + nprobe - option.nprobe))
    nlists = sorted({curve.nlist for curve in land.curves if curve.index == own.index})
    at = nlists.index(own.nlist)
    for nlist in nlists[max(0, at - 1) : at] + nlists[at + 1 : at + 2]:
        good = (land.nlist == nlist) & (land.recall_low >= asked.recall)
        good &= np.array([curve.index == own.index for curve in land.curves])[land.curve]
        if good.any():
            found.append(land.option(_fastest(land, good)))
    return found
