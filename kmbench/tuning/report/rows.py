"""The handful of settings that a table shows: the fastest for each round recall, and the recommended one."""

from __future__ import annotations

from dataclasses import dataclass

from kmbench.tuning.choice.choose import ROUND_RECALLS, best_at
from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.choice.settings import Option

__all__ = ["FrontierRow", "frontier_rows"]


@dataclass(frozen=True, slots=True)
class FrontierRow:
    """One line: the fastest setting that is sure of a recall."""

    target: float
    option: Option
    recommended: bool


def frontier_rows(result: TuneResult) -> list[FrontierRow]:
    """Return the lines in the order of their recalls; constraints other than recall are kept where they can be."""
    chosen, asked = result.choice.option, result.asked
    fastest: dict[tuple[str, int, int, int], FrontierRow] = {}
    for target in ROUND_RECALLS:
        option = best_at(result.settings, target, asked) or best_at(result.settings, target)
        # Of several recalls that one setting is sure of, the highest tells most.
        if option is not None and option.key != chosen.key and abs(target - asked.recall) > 1e-9:
            fastest[option.key] = FrontierRow(target, option, False)
    rows = [*fastest.values(), FrontierRow(asked.recall, chosen, True)]
    return sorted(rows, key=lambda row: row.target)
