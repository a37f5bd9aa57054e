"""The last word: the settings that were measured, judged by the clock and no longer by the model."""

from __future__ import annotations

from collections.abc import Sequence

from kmbench.tuning.choice.choose import NEAR_BEST, Choice, violations
from kmbench.tuning.choice.result import TimedOption
from kmbench.tuning.choice.settings import Constraints, Settings

__all__ = ["settle"]


def settle(land: Settings, first: Choice, timed: Sequence[TimedOption], asked: Constraints) -> Choice:
    """Judge the chosen setting, and those beside it, by their measured times."""
    limit = float("inf") if asked.max_latency_seconds is None else asked.max_latency_seconds
    broken = violations(land, asked)

    def keeps_the_rest(one: TimedOption) -> bool:
        place = land.find(one.option.key)
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
