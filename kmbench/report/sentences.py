"""The headline of a case in one plain sentence, with what it may and may not claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kmbench.analysis import CellSummary
from kmbench.analysis.run import RunCase
from kmbench.analysis.scaling import family_of
from kmbench.comparison import SAME_INERTIA, RatioInterval, same_inertia
from kmbench.records import Status
from kmbench.wording import (
    count_text,
    dataset_name,
    interval_text,
    ratio_text,
    seconds_text,
    threads_text,
    times_text,
)

__all__ = ["Headline", "case_name", "headline", "more_cases", "reaches", "summary"]

NAMED = 3
"""How many backends a sentence names before it counts the rest."""

FAILED = {
    Status.INVALID: "gave an invalid answer",
    Status.SKIPPED: "skipped",
    Status.UNAVAILABLE: "not available here",
    Status.ERROR: "raised an error",
    Status.TIMEOUT: "ran out of time",
    Status.OUT_OF_MEMORY: "ran out of memory",
    Status.CRASHED: "crashed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """A sentence in three parts, of which `subject` is set in bold: ``On digits … | numpy-lloyd | is the …``.

    Attributes
    ----------
    left_out : str or None
        The rows that took no part in the comparison, and why in a word.
    winners : tuple of str
        The fastest backend that is right, or several that are not told apart; empty where none can be named.
    """

    lead: str
    subject: str
    rest: str
    left_out: str | None = None
    winners: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.lead} {self.subject} {self.rest}"

    @property
    def finding(self) -> str:
        """The sentence without its lead, for where the case stands beside it."""
        subject = self.subject if self.winners or self.subject != "no backend" else "No backend"
        return f"{subject} {self.rest}"


def case_name(row: CellSummary, vary: Sequence[str] = ()) -> str:
    """Name a case: ``digits (1,797 x 64, k=10, 1 thread)``.

    Parameters
    ----------
    row : CellSummary
        Any row of the case.
    vary : sequence of str
        Fields that differ between the cases of the run and are therefore named too.
    """
    parts = [f"{row.n:,} x {row.d}", f"k={row.k}", threads_text(row.threads)]
    if "iterations" in vary and row.iterations is not None:
        parts.append(f"{row.iterations} iterations")
    if "seed" in vary:
        parts.append(f"seed {row.seed}")
    if "protocol" in vary or row.protocol != "matched":
        parts.append(row.protocol)
    task = "" if row.workload is None else f" as {row.workload}"
    return f"{dataset_name(family_of(row.dataset, 'n', 'd'))}{task} ({', '.join(parts)})"


def reaches(row: CellSummary) -> bool:
    """Tell whether a row's inertia is the reference's, or better."""
    return same_inertia(row.inertia_ratio)


def headline(case: RunCase, name: str) -> Headline:
    """Return the sentence for a case.

    The headline goes to the fastest of the rows that reach the reference's inertia. It is called the fastest only
    where the interval of its ratio to every other such row lies above 1.

    Parameters
    ----------
    case : RunCase
    name : str
        As `case_name` gives it.
    """
    sound = case.sound
    lead, left_out = f"On {name}", _left_out(case)
    if not sound:
        return Headline(lead=lead, subject="no backend", rest=f"gave a sound answer: {left_out}.")
    left_out = left_out and f"Not compared: {left_out}."
    equal = [row for row in sound if reaches(row)]
    if len(sound) == 1:
        only = sound[0]
        rest = f"is the only backend with a sound answer, in {seconds_text(only.fit_predict_seconds)}"
        rest += f"{_inertia(only)}: there is nothing to compare it with."
        return Headline(lead=lead, subject=only.label, rest=rest, left_out=left_out)
    if not equal:
        return Headline(lead=lead, subject="no backend", rest=_none_reaches(sound), left_out=left_out)
    subject, rest, winners = _fastest(case, equal)
    return Headline(lead=lead, subject=subject, rest=rest, left_out=left_out, winners=winners)


def summary(answers: Sequence[Headline]) -> str | None:
    """Return one sentence over all cases: who is the fastest right backend in how many; None for one case."""
    decided = [answer.winners for answer in answers]
    if len(decided) < 2:
        return None
    wins = Counter(names[0] for names in decided if len(names) == 1)
    tied, none = sum(len(names) > 1 for names in decided), sum(not names for names in decided)
    cases = f"of {len(decided)} cases"
    parts = [f"{label} in {count}" for label, count in wins.most_common(NAMED)]
    if not parts:
        text = f"No single backend is the fastest sound one in any {cases}"
    else:
        first, count = wins.most_common(1)[0]
        text = f"{first} is the fastest sound backend in {count} {cases}"
        text += f", {', '.join(parts[1:])}" if len(parts) > 1 else ""
    if tied:
        text += f"; in {tied} the fastest cannot be told apart"
    if none:
        text += f"; in {none} there is no comparison"
    return f"{text}."


def more_cases(count: int) -> str:
    """Write how many cases are left beside those that are shown; empty where there are none."""
    return count_text(count, "more case") if count > 0 else ""


def _fastest(case: RunCase, equal: list[CellSummary]) -> tuple[str, str, tuple[str, ...]]:
    best, rivals = equal[0], equal[1:]
    over = _over_others(case, best)
    base = next((row for row in rivals if row.label == best.baseline), None)
    faster = _faster_approximate(case, over, best, base)
    if not rivals:
        took = seconds_text(best.fit_predict_seconds)
        alone = f"is the only backend that reaches the reference's inertia, in {took}{faster}."
        return best.label, alone, (best.label,)
    stranger = next((row for row in rivals if row.label not in over), None)
    if stranger is not None:
        rest = f"took the least time, but it has no epoch in common with {stranger.label}, so there is no ratio."
        return best.label, rest, ()
    against = base or rivals[0]
    ratio = f"{_text(over[against.label])} as fast as {against.label}" + ("" if base else ", the next")
    same = _inertia(best, against)
    if any(over[row.label].low is None for row in rivals):
        rest = f"took the least time: {ratio}{same}, but one epoch gives no confidence interval{faster}."
        return best.label, rest, ()
    tied = [row for row in rivals if (over[row.label].low or 0.0) <= 1]
    if not tied and len(case.sound) == 2:
        return best.label, f"is {ratio.removesuffix(', the next')}{same}.", (best.label,)
    if not tied:
        return best.label, f"is the fastest sound backend: {ratio}{same}{faster}.", (best.label,)
    apart = f"are the fastest sound backends{same}, and cannot be told apart: {_not_apart(best, tied, over)}"
    if against not in tied:
        apart += f"; {best.label} is {ratio}"
    labels = [row.label for row in (best, *tied)]
    return _names(labels), f"{apart}{faster}.", tuple(labels)


def _not_apart(best: CellSummary, tied: list[CellSummary], over: dict[str, RatioInterval]) -> str:
    if len(tied) == 1:
        ratio = over[tied[0].label]
        return f"their ratio is {_text(ratio)}" + (", so it may be 1" if (ratio.high or 0.0) >= 1 else "")
    ratios = ", ".join(f"{_text(over[row.label])} as fast as {row.label}" for row in tied[:NAMED])
    return f"{best.label} is {ratios}"


def _over_others(case: RunCase, best: CellSummary) -> dict[str, RatioInterval]:
    """Return how many times as fast as each other sound row `best` is, where they share an epoch."""
    ratios = {row.label: case.ratio(best, row) for row in case.sound if row is not best}
    return {label: ratio for label, ratio in ratios.items() if ratio is not None}


def _text(ratio: RatioInterval) -> str:
    return interval_text(ratio.ratio, ratio.low, ratio.high, " to ")


def _faster_approximate(
    case: RunCase, over: dict[str, RatioInterval], best: CellSummary, base: CellSummary | None
) -> str:
    """Say which rows with a worse inertia are faster than the best one, and at which price."""
    parts = []
    for row in case.sound:
        ratio = over.get(row.label)
        if reaches(row) or ratio is None or (ratio.ratio if ratio.high is None else ratio.high) >= 1:
            continue
        if base is not None and row.speedup is not None:
            times = times_text(row.speedup)
        else:
            times = f"{times_text(1 / ratio.ratio)} as fast as {best.label}"
        parts.append((row.label, times, _worse(row)))
    if len(parts) == 1:
        label, times, worse = parts[0]
        return f"; {label} is faster still ({times}) but its inertia is {worse}"
    listed = ", ".join(f"{label} ({times}, {worse})" for label, times, worse in parts[:NAMED])
    more = f" and {len(parts) - NAMED} more" if len(parts) > NAMED else ""
    return f"; faster still, but with a different inertia, are {listed}{more}" if parts else ""


def _none_reaches(sound: list[CellSummary]) -> str:
    fastest, closest = sound[0], min(sound, key=lambda row: row.inertia_ratio or float("inf"))
    start = "reaches the reference's inertia"
    if closest.inertia_ratio is None:
        return f"has an inertia that could be compared; the fastest is {_short(fastest)}."
    if closest is fastest:
        return f"{start}; the closest, {_short(closest)}, is also the fastest."
    return f"{start}; the closest is {_short(closest)}, the fastest {_short(fastest)}."


def _short(row: CellSummary) -> str:
    return f"{row.label} ({seconds_text(row.fit_predict_seconds)}, inertia {_worse(row)})"


def _inertia(*rows: CellSummary) -> str:
    """Say how the inertias that are compared stand to the reference's."""
    off = [row.inertia_ratio - 1 for row in rows if row.inertia_ratio is not None]
    if not off:
        return ""
    far = max(off, key=abs)
    if abs(far) <= SAME_INERTIA / 10:
        return ", at the same inertia"
    if abs(far) <= SAME_INERTIA:
        return f", with inertias within {SAME_INERTIA:.1%}"
    if far >= 1:
        return f", at {1 + far:.3g} times the reference's inertia"
    return f", at an inertia {ratio_text(1 + far).lstrip('+-')} {_direction(1 + far)} than the reference's"


def _worse(row: CellSummary) -> str:
    ratio = row.inertia_ratio
    if ratio is None:
        return "not known"
    if ratio >= 2:
        return f"{ratio:.3g} times the reference's"
    return f"{ratio_text(ratio).lstrip('+-')} {_direction(ratio)}"


def _direction(ratio: float) -> str:
    return "worse" if ratio > 1 else "better"


def _left_out(case: RunCase) -> str | None:
    """List the rows that are not sound by what became of them."""
    groups: dict[Status, list[str]] = {}
    for row in case.rows:
        if row.status is not Status.OK:
            groups.setdefault(row.status, []).append(row.label)
    return "; ".join(f"{_names(labels)} {_became(status, labels)}" for status, labels in groups.items()) or None


def _became(status: Status, labels: list[str]) -> str:
    passive = status in (Status.SKIPPED, Status.UNAVAILABLE)
    return f"{('were' if len(labels) > 1 else 'was') + ' ' if passive else ''}{FAILED[status]}"


def _names(labels: Sequence[str]) -> str:
    shown, more = list(labels[:NAMED]), len(labels) - NAMED
    if more > 0:
        shown.append(f"{more} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
