"""From what is asked to a setting; where none will do, the nearest, and which constraint stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kmbench.tuning.choice.settings import Option, Settings
from kmbench.tuning.problem.constraints import Constraints
from kmbench.tuning.timing.latency import Measured

__all__ = [
    "NEAR_BEST",
    "ROUND_RECALLS",
    "Choice",
    "TimedOption",
    "best_at",
    "best_of_kinds",
    "choose",
    "choose_measured",
    "confirm",
    "neighbours",
    "next_recall",
    "violations",
]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOption:
    """A setting whose time was predicted first and then measured."""

    option: Option
    measured: Measured


def violations(settings: Settings, asked: Constraints) -> dict[str, NDArray[np.float64]]:
    """Return for each constraint by what factor each setting breaks it; 1 or less keeps it."""
    found = {"recall": (1 - settings.recall_low) / (1 - asked.recall)}
    if asked.max_latency_seconds is not None:
        found["latency"] = settings.p95 / asked.max_latency_seconds
    if asked.max_memory_bytes is not None:
        found["memory"] = settings.memory / asked.max_memory_bytes
    if asked.max_build_seconds is not None:
        found["build"] = settings.build / asked.max_build_seconds
    return found


def choose(settings: Settings, asked: Constraints) -> Choice:
    """Return the fastest setting that does what is asked, else the nearest that reaches the recall."""
    broken = violations(settings, asked)
    worst = np.max(list(broken.values()), axis=0)
    if (worst <= 1).any():
        return Choice(option=settings.option(_fastest(settings, worst <= 1)), met=True)
    reached = broken["recall"] <= 1
    others = np.max([row for name, row in broken.items() if name != "recall"] or [np.zeros(len(worst))], axis=0)
    if reached.any():
        place = int(np.argmin(np.where(reached, others, np.inf)))
    else:  # the codes lose more than any nprobe brings back
        place = _fastest(settings, settings.recall_low >= settings.recall_low.max() - SATURATED_WITHIN)
    keep = others <= 1
    within = None
    if reached.any() and keep.any():
        highest = settings.recall_low[keep].max()
        within = settings.option(_fastest(settings, keep & (settings.recall_low >= highest)))
    names = tuple(name for name, row in broken.items() if row[place] > 1)
    return Choice(option=settings.option(place), met=False, broken=names, within=within)


def best_at(settings: Settings, recall: float, asked: Constraints | None = None) -> Option | None:
    """Return the fastest setting whose whole interval reaches a recall, or None.

    Parameters
    ----------
    asked : Constraints, optional
        Whose other constraints are to be kept.
    """
    good = settings.recall_low >= recall
    if asked is not None:
        for name, row in violations(settings, asked).items():
            if name != "recall":
                good = good & (row <= 1)
    return settings.option(_fastest(settings, good)) if good.any() else None


def best_of_kinds(settings: Settings, asked: Constraints, besides: str) -> list[Option]:
    """Return the fastest setting of every other kind of index that reaches the recall within its memory."""
    index = np.array([curve.index for curve in settings.curves])[settings.curve]
    broken = violations(settings, asked)
    good = broken["recall"] <= 1
    if "memory" in broken:
        good &= broken["memory"] <= 1
    found = []
    for name in dict.fromkeys(curve.index for curve in settings.curves):
        own = good & (index == name)
        if name != besides and own.any():
            found.append(settings.option(_fastest(settings, own)))
    return found


def next_recall(target: float) -> float | None:
    """Return the next round recall above a target."""
    return next((recall for recall in ROUND_RECALLS if recall > target + 1e-9), None)


def _fastest(settings: Settings, good: NDArray[np.bool_]) -> int:
    """Return the fastest of the good settings of the smallest nlist that is near the best time."""
    mean = np.where(good, settings.mean, np.inf)
    near = mean <= NEAR_BEST * mean.min()
    smallest = settings.nlist[near].min()
    return int(np.argmin(np.where(near & (settings.nlist == smallest), mean, np.inf)))


def neighbours(settings: Settings, option: Option, asked: Constraints) -> Sequence[Option]:
    """Return settings beside one: fewer and more probes, and the next nlists where they reach the recall."""
    place = settings.find(option.key)
    own = settings.curves[int(settings.curve[place])]
    found = []
    for nprobe in (int(option.nprobe * 0.7), int(np.ceil(option.nprobe * 1.4))):
        if nprobe != option.nprobe and 1 <= nprobe <= len(own):
            found.append(settings.option(place + nprobe - option.nprobe))
    nlists = sorted({curve.nlist for curve in settings.curves if curve.index == own.index})
    at = nlists.index(own.nlist)
    for nlist in nlists[max(0, at - 1) : at] + nlists[at + 1 : at + 2]:
        good = (settings.nlist == nlist) & (settings.recall_low >= asked.recall)
        good &= np.array([curve.index == own.index for curve in settings.curves])[settings.curve]
        if good.any():
            found.append(settings.option(_fastest(settings, good)))
    return found


def choose_measured(settings: Settings, first: Choice, timed: Sequence[TimedOption], asked: Constraints) -> Choice:
    """Judge the setting that the model chose, and those beside it, by their measured times.

    Parameters
    ----------
    settings : Settings
    first : Choice
        By the cost model.
    timed : sequence of TimedOption
        Its setting and others.
    asked : Constraints
    """
    limit = float("inf") if asked.max_latency_seconds is None else asked.max_latency_seconds
    broken = violations(settings, asked)

    def keeps_the_rest(one: TimedOption) -> bool:
        place = settings.find(one.option.key)
        return all(row[place] <= 1 for name, row in broken.items() if name != "latency")

    sure = [one for one in timed if keeps_the_rest(one)]
    good = [one for one in sure if one.measured.p95 <= limit]
    if good:
        best = min(one.measured.single for one in good)
        near = [one for one in good if one.measured.single <= NEAR_BEST * best]
        pick = min(near, key=lambda one: (one.option.nlist, one.measured.single))
        return Choice(option=pick.option, met=True)
    if not first.met:
        return first
    # The model kept the limit, the clock did not.
    fastest = min(sure, key=lambda one: one.measured.p95)
    quick = [one.option for one in timed if one.measured.p95 <= limit]
    within = max(quick, key=lambda option: option.recall_low, default=None)
    return Choice(option=fastest.option, met=False, broken=("latency",), within=within)


def confirm(choice: Choice, verified_recall: float, asked: Constraints) -> Choice:
    """Return the choice as it stands after a direct search of its index: met only if that finds the recall too."""
    if choice.met and verified_recall < asked.recall:
        return replace(choice, met=False, broken=("recall",))
    return choice
