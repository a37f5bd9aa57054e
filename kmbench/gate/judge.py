"""The gate's rules: which figures of a cell are worse in the later revision. Pure functions of records."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kmbench.analysis.cells import CellSummary
from kmbench.analysis.run import Run
from kmbench.comparison import RatioInterval, epoch_means, paired_ratio
from kmbench.records import Status, label_of
from kmbench.wording import interval_text

__all__ = ["LEVEL", "MARGIN", "ROUNDING", "CellVerdict", "Finding", "Outcome", "holm", "judge", "p_slower"]

MARGIN = 0.10
"""Share by which a time must be longer to count: shared hosts differ by several percent from hour to hour."""

LEVEL = 0.01
"""Chance that a gate over equal commits calls any time slower, before the failing cells are measured again."""

MEMORY_SHARE, MEMORY_BYTES = 0.10, 2 * 10**6
"""Peak memory counts as more beyond the larger of the two."""

ROUNDING = 1e-6
"""Relative difference of inertia and agreement that is none where several threads add up sums in an order of chance.
With one thread every engine of kmbench repeats its answer bit by bit, and the comparison is exact."""


class Outcome(StrEnum):
    """What a figure, a cell or a gate comes to."""

    PASS = "pass"
    REGRESSION = "regression"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure that is worse, or worth a remark.

    Attributes
    ----------
    figure : str
        ``time``, ``memory``, ``inertia``, ``agreement``, ``iterations`` or ``status``.
    text : str
        What was found, with both values.
    worse : bool
        Whether it is a regression; else a remark.
    """

    figure: str
    text: str
    worse: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CellVerdict:
    """A backend on a case in both revisions; what could not be measured is None.

    Attributes
    ----------
    time : RatioInterval or None
        Head's time over base's, with its 95 % interval.
    p_slower : float or None
        Chance of such times if head were slower by the margin at most; Holm's rule is applied over all cells.
    """

    case_id: str
    case: str
    label: str
    outcome: Outcome
    findings: tuple[Finding, ...]
    base: CellSummary | None
    head: CellSummary | None
    time: RatioInterval | None
    p_slower: float | None

    @property
    def ratio_text(self) -> str:
        """Head's time over base's as a person reads it: ``1.02x 0.99-1.05``."""
        if self.time is None:
            return ""
        if self.time.low is None or self.time.high is None:
            return f"{self.time.ratio:.2f}x"
        return f"{self.time.ratio:.2f}x {self.time.low:.2f}-{self.time.high:.2f}"

    @property
    def worse(self) -> frozenset[str]:
        """The figures that are worse."""
        return frozenset(finding.figure for finding in self.findings if finding.worse)


def judge(run: Run, base: str, head: str, *, margin: float = MARGIN, tolerance: float = 0.0) -> list[CellVerdict]:
    """Compare every cell of the head revision with the same of the base revision.

    Parameters
    ----------
    run : Run
        In which both took turns.
    base, head : str
        Names of the revisions in the records.
    margin : float
        Share by which head's time may be longer.
    tolerance : float
        Relative worsening of inertia and agreement that is allowed, for a change that knowingly alters arithmetic;
        `ROUNDING` is the least for cells of several threads.
    """
    rows: dict[tuple[str, str], dict[str, CellSummary]] = {}
    for row in run.cells:
        rows.setdefault((row.case_id, label_of(row.backend, row.parameters)), {})[row.revision or ""] = row
    ratios = {key: _time_ratio(run, pair.get(base), pair.get(head)) for key, pair in rows.items()}
    chances = {key: p_slower(logs, margin) for key, logs in ratios.items() if logs is not None and len(logs) > 1}
    slower = dict(zip(chances, holm(list(chances.values()), LEVEL), strict=True))
    verdicts = []
    for key, pair in rows.items():
        logs = ratios[key]
        ratio = None if logs is None else paired_ratio([math.exp(value) for value in logs], [1.0] * len(logs))
        verdicts.append(
            _verdict(key[1], pair.get(base), pair.get(head), ratio, chances.get(key), slower, key, margin, tolerance)
        )
    return verdicts


def _time_ratio(run: Run, base: CellSummary | None, head: CellSummary | None) -> list[float] | None:
    """Return the logarithms of head's time over base's in the epochs that both have."""
    if base is None or head is None or not base.status == head.status == Status.OK:
        return None
    times = [epoch_means(run.counted[row.cell_id], "fit_predict_seconds") for row in (head, base)]
    common = sorted(times[0].keys() & times[1].keys())
    return [math.log(times[0][epoch] / times[1][epoch]) for epoch in common] or None


def p_slower(logs: Sequence[float], margin: float) -> float:
    """Return the chance of such ratios if head were slower by the margin at most: Student's t, one-sided.

    Parameters
    ----------
    logs : sequence of float
        Logarithms of head's time over base's, one for each epoch, at least two.
    margin : float
    """
    from scipy.stats import t

    distance = statistics.fmean(logs) - math.log1p(margin)
    error = statistics.stdev(logs) / math.sqrt(len(logs))
    if error == 0.0:
        return 0.0 if distance > 0 else 1.0
    return float(t.sf(distance / error, len(logs) - 1))


def holm(chances: Sequence[float], level: float) -> list[bool]:
    """Return which hypotheses are rejected so that the chance of any false rejection is at most `level`.

    References
    ----------
    Holm, A simple sequentially rejective multiple test procedure (1979).
    """
    rejected = [False] * len(chances)
    for rank, position in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        if chances[position] > level / (len(chances) - rank):
            break
        rejected[position] = True
    return rejected


def _verdict(
    label: str,
    base: CellSummary | None,
    head: CellSummary | None,
    ratio: RatioInterval | None,
    chance: float | None,
    slower: Mapping[tuple[str, str], bool],
    key: tuple[str, str],
    margin: float,
    tolerance: float,
) -> CellVerdict:
    known = head or base
    assert known is not None
    findings = _status(base, head)
    if ratio is not None and base is not None and head is not None:
        findings = [
            *_time(ratio, slower.get(key), margin),
            *_memory(base, head),
            *_answer(base, head, tolerance if base.threads == 1 else max(tolerance, ROUNDING)),
        ]
    if any(finding.worse for finding in findings):
        outcome = Outcome.REGRESSION
    else:
        outcome = Outcome.NOT_MEASURED if ratio is None else Outcome.PASS
    return CellVerdict(
        case_id=known.case_id,
        case=known.case_title,
        label=label,
        outcome=outcome,
        findings=tuple(findings),
        base=base,
        head=head,
        time=ratio,
        p_slower=chance,
    )


def _status(base: CellSummary | None, head: CellSummary | None) -> list[Finding]:
    """Tell what keeps the two from being compared; a cell that base had and head has not is a regression."""
    told = [_told(row) for row in (base, head)]
    had = base is not None and base.status is Status.OK
    has = head is not None and head.status is Status.OK
    if had:
        return [Finding("status", f"base was ok, head is {told[1]}", True)]
    if has:
        return [Finding("status", f"new or mended: base is {told[0]}", False)]
    return [Finding("status", f"in neither: {told[1]}", False)]


def _told(row: CellSummary | None) -> str:
    if row is None:
        return "missing"
    return row.status.value if row.reason is None else f"{row.status.value} ({row.reason})"


def _time(ratio: RatioInterval, slower: bool | None, margin: float) -> list[Finding]:
    if slower is None or ratio.low is None or ratio.high is None:
        return [Finding("time", "not compared: it takes two epochs", False)]
    told = interval_text(ratio.ratio, ratio.low, ratio.high)
    if slower:
        return [Finding("time", f"slower: {told}, margin {margin:.0%}", True)]
    if ratio.high < 1 / (1 + margin):
        return [Finding("time", f"faster: {told}", False)]
    if ratio.high > 1 + margin:
        return [Finding("time", f"unclear: {told}; slower by up to {ratio.high - 1:.0%} is not excluded", False)]
    return []


def _memory(base: CellSummary, head: CellSummary) -> list[Finding]:
    before, after = base.peak_extra_bytes, head.peak_extra_bytes
    if before is None:
        return []
    if after is None:
        return [Finding("memory", "base had a figure, head has none", True)]
    told = f"{before / 1e6:.1f} to {after / 1e6:.1f} MB"
    allowed = max(MEMORY_SHARE * before, MEMORY_BYTES)
    if after > before + allowed:
        return [Finding("memory", f"more: {told}", True)]
    return [Finding("memory", f"less: {told}", False)] if after < before - allowed else []


def _answer(base: CellSummary, head: CellSummary, tolerance: float) -> list[Finding]:
    """Compare what the same work must answer the same."""
    findings = []
    for figure, name, sign in (("inertia", "inertia", 1), ("matched_agreement", "agreement", -1)):
        before, after = getattr(base, figure), getattr(head, figure)
        if before is None or before == after:
            continue
        if after is None:
            findings.append(Finding(name, "base had a figure, head has none", True))
            continue
        change = (after - before) / (abs(before) or 1.0)
        if abs(change) > tolerance:
            how = "worse" if sign * change > 0 else "better"
            findings.append(Finding(name, f"{how}: {change:+.2g} of {before:.8g}", how == "worse"))
    if base.n_iter != head.n_iter and base.n_iter is not None:
        more = head.n_iter is None or head.n_iter > base.n_iter
        findings.append(Finding("iterations", f"{base.n_iter} to {head.n_iter}", more))
    return findings
