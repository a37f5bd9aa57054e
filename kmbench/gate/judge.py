"""The gate's rules: which figures of a cell are worse in the later revision. Pure functions of records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from kmbench.analysis.cells import CellSummary
from kmbench.analysis.run import Run
from kmbench.comparison import RatioInterval, epoch_means, paired_ratio
from kmbench.gate.evidence import LEVEL, MARGIN, finds_from, holm, noise_limit, p_slower
from kmbench.gate.rules import CellRule, RuleOf, plain_rule
from kmbench.records import Status, label_of
from kmbench.wording import interval_text

__all__ = ["ROUNDING", "CellVerdict", "Finding", "Outcome", "judge"]

PLAIN = CellRule()

MEMORY_SHARE, MEMORY_BYTES = 0.10, 2 * 10**6
"""Peak memory counts as more beyond the larger of the two."""

ROUNDING = 1e-6
"""Relative difference of inertia and agreement that is none where several threads add up sums in an order of chance.
With one thread every engine of kmbench repeats its answer bit by bit, and the comparison is exact."""


class Outcome(StrEnum):
    """What a cell or a gate comes to.

    ``blind``: nothing is worse, but a slowdown of the margin could not have been told from none.
    """

    PASS = "pass"
    BLIND = "blind"
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
    finds_from : float or None
        The smallest slowdown, as a share, that would have been found in four of five such runs.
    rule : CellRule
        The margin of the cell, and whether it fails the gate.
    logs : tuple of float
        Logarithms of head's time over base's, one for each epoch.
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
    finds_from: float | None = None
    rule: CellRule = PLAIN
    logs: tuple[float, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether it fails the gate."""
        return self.outcome is Outcome.REGRESSION and not self.rule.tracked

    @property
    def outcome_text(self) -> str:
        """The outcome, and whether the cell is only tracked."""
        return f"{self.outcome.value}, tracked" if self.rule.tracked else self.outcome.value

    @property
    def finds_text(self) -> str:
        """The smallest slowdown that would have been found: ``22 %``."""
        return "" if self.finds_from is None else f"{self.finds_from:.0%}".replace("%", " %")

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


Key = tuple[str, str]


def judge(
    run: Run,
    base: str,
    head: str,
    *,
    margin: float = MARGIN,
    tolerance: float = 0.0,
    rules: RuleOf | None = None,
    longer: Sequence[Run] = (),
) -> list[CellVerdict]:
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
    rules : callable, optional
        From a cell to its rule, as `kmbench.gate.rules.rules_of` gives it; by default all have `margin`.
    longer : sequence of Run
        Runs that measured some of the cells longer: their epochs count as well.
    """
    rule_of = rules or plain_rule(margin)
    rows: dict[Key, dict[str, CellSummary]] = {}
    for row in run.cells:
        rows.setdefault((row.case_id, label_of(row.backend, row.parameters)), {})[row.revision or ""] = row
    pairs = [_Pair(key, own.get(base), own.get(head), rule_of(next(iter(own.values())))) for key, own in rows.items()]
    for pair in pairs:
        pair.logs = [log for one in (run, *longer) for log in _time_ratios(one, pair)]
        if len(pair.logs) > 1:
            pair.chance = p_slower(pair.logs, pair.rule.margin)
    for tracked in (False, True):  # a cell that cannot fail takes no part of the level from those that can
        together = [pair for pair in pairs if pair.rule.tracked is tracked and pair.chance is not None]
        for pair, slower in zip(together, holm([pair.chance or 0.0 for pair in together], LEVEL), strict=True):
            pair.slower = slower
            pair.finds_from = finds_from(pair.logs, pair.rule.margin, len(together))
    return [_verdict(pair, tolerance) for pair in pairs]


@dataclass(slots=True)
class _Pair:
    """A cell in both revisions, and what its times come to."""

    key: Key
    base: CellSummary | None
    head: CellSummary | None
    rule: CellRule
    logs: list[float] = field(default_factory=list)
    chance: float | None = None
    slower: bool | None = None
    finds_from: float | None = None


def _time_ratios(run: Run, pair: _Pair) -> list[float]:
    """Return the logarithms of head's time over base's in the epochs that both have."""
    if pair.base is None or pair.head is None or not pair.base.status == pair.head.status == Status.OK:
        return []
    both = [run.counted.get(row.cell_id) for row in (pair.head, pair.base)]
    head, base = (epoch_means(lines, "fit_predict_seconds") if lines else {} for lines in both)
    return [math.log(head[epoch] / base[epoch]) for epoch in sorted(head.keys() & base.keys())]


def _verdict(pair: _Pair, tolerance: float) -> CellVerdict:
    base, head = pair.base, pair.head
    known = head or base
    assert known is not None
    ratio = paired_ratio([math.exp(log) for log in pair.logs], [1.0] * len(pair.logs)) if pair.logs else None
    blind = ratio is not None and _is_blind(pair, ratio)
    findings = _status(base, head)
    if ratio is not None and base is not None and head is not None:
        findings = [
            *_time(ratio, pair, blind),
            *_memory(base, head),
            *_answer(base, head, tolerance if base.threads == 1 else max(tolerance, ROUNDING)),
        ]
    if any(finding.worse for finding in findings):
        outcome = Outcome.REGRESSION
    elif ratio is None:
        outcome = Outcome.NOT_MEASURED
    else:
        outcome = Outcome.BLIND if blind else Outcome.PASS
    return CellVerdict(
        case_id=known.case_id,
        case=known.case_title,
        label=pair.key[1],
        outcome=outcome,
        findings=tuple(findings),
        base=base,
        head=head,
        time=ratio,
        p_slower=pair.chance,
        finds_from=pair.finds_from,
        rule=pair.rule,
        logs=tuple(pair.logs),
    )


def _is_blind(pair: _Pair, ratio: RatioInterval) -> bool:
    """Tell whether the noise hides a slowdown of the margin; where head is faster beyond doubt there is none."""
    if pair.finds_from is None or ratio.high is None:
        return True
    hidden = (1 + pair.finds_from) / (1 + pair.rule.margin) - 1
    return hidden > noise_limit(pair.rule.margin) and ratio.high >= 1.0


def _status(base: CellSummary | None, head: CellSummary | None) -> list[Finding]:
    """Tell what keeps the two from being compared; a cell that base had and head has not is a regression."""
    told = [_told(row) for row in (base, head)]
    had = base is not None and base.status is Status.OK
    has = head is not None and head.status is Status.OK
    if had:
        return [Finding("status", f"base was ok, head is {told[1]}", True)]
    if has:
        return [Finding("status", f"new or fixed: base is {told[0]}", False)]
    return [Finding("status", f"in neither: {told[1]}", False)]


def _told(row: CellSummary | None) -> str:
    if row is None:
        return "missing"
    return row.status.value if row.reason is None else f"{row.status.value} ({row.reason})"


def _time(ratio: RatioInterval, pair: _Pair, blind: bool) -> list[Finding]:
    margin = pair.rule.margin
    if pair.slower is None or ratio.low is None or ratio.high is None:
        return [Finding("time", "blind: comparing times needs at least two epochs", False)]
    told = interval_text(ratio.ratio, ratio.low, ratio.high)
    if pair.slower:
        return [Finding("time", f"slower: {told}, margin {margin:.0%}", True)]
    if blind and pair.finds_from is not None:
        return [Finding("time", f"blind: {told}; only slowdowns from {pair.finds_from:.0%} would be found", False)]
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
