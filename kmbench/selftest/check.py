"""Run the backends of known behaviour under the real protocol, and compare what was found with what is true."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kmbench.analysis import CellSummary, Run
from kmbench.comparison import RatioInterval, Verdict, epoch_means, paired_ratio, verdict_of
from kmbench.records import Record, RecordKind
from kmbench.runner.events import Listener
from kmbench.runner.run import run_study
from kmbench.selftest.page_cost import PageCost, measure_page_cost
from kmbench.study import Study

__all__ = ["Finding", "judge_records", "selftest", "selftest_study"]

COPIES = 4
"""Equal backends that are compared with each other: six pairs without any difference."""

SLOWDOWN, SLEEP_SECONDS, MEGABYTES = 1.10, 0.25, 200

LONG_PERCENT = 1000
"""Work of a fit beside which its allocation is small, as in an engine."""

KERNEL_TOLERANCE = 0.02
"""By how much of its wall time a fit's system time may differ from process to process."""

SLEEP_TOLERANCE, BYTES_TOLERANCE = 0.02, 4 * 10**6

QUICK_EPOCHS = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """One truth and what was found of it.

    Attributes
    ----------
    passed : bool
        Whether the finding does not contradict the truth.
    """

    name: str
    truth: str
    found: str
    passed: bool


def selftest_study(quick: bool) -> Study:
    """Return the study of known truths."""
    copies = ",".join(str(number + 1) for number in range(COPIES))
    backends = [
        f"known-works[copy_number={copies}]",
        f"known-works[percent={round(100 * SLOWDOWN)}]",
        f"known-works[percent={LONG_PERCENT};megabytes={MEGABYTES}]",
        f"known-sleeps[seconds={SLEEP_SECONDS}]",
        f"known-allocates[megabytes={MEGABYTES};holds_lock=false,true]",
    ]
    values = {
        "name": "selftest",
        "data": ["uniform:n=1000,d=2"],
        "k": [2],
        "iterations": 1,
        "threads": [1],
        "backends": backends,
        "baseline": "known-works[copy_number=1]",
    }
    return Study.build(values | ({"repeats": QUICK_EPOCHS} if quick else {}), "the selftest")


def selftest(folder: Path, *, quick: bool, listener: Listener) -> list[Finding]:
    """Run the study of known truths in `folder` and return what was found of each.

    Parameters
    ----------
    folder : Path
        Run folder; must not hold a run.
    quick : bool
        Six epochs instead of the stopping rule's ten to thirty.
    listener : callable
        Takes the events of the run.
    """
    cost = measure_page_cost(folder.with_name("page-cost.log"))
    findings = judge_records(run_study(selftest_study(quick), folder, False, listener).records)
    return [*findings, _page_cost(cost)]


def judge_records(records: Sequence[Record]) -> list[Finding]:
    """Compare the records of the study of known truths with the truths."""
    run = Run(records=records)
    rows = {row.label: row for row in run.cells}
    times = {label: epoch_means(run.counted[row.cell_id], "fit_predict_seconds") for label, row in rows.items()}
    copies = [f"known-works[copy_number={number + 1}]" for number in range(COPIES)]
    slowed = f"known-works[percent={round(100 * SLOWDOWN)}]"
    findings = [
        _alike([_ratio(times[a], times[b]) for a, b in itertools.combinations(copies, 2)]),
        _slowed(_ratio(times[slowed], times[copies[0]])),
        _sleeps(rows[f"known-sleeps[seconds={SLEEP_SECONDS}]"]),
    ]
    worked = rows[f"known-works[percent={LONG_PERCENT};megabytes={MEGABYTES}]"]
    findings.append(_kernel_share(run.counted[worked.cell_id]))
    for lock in (False, True):
        findings.append(_allocates(rows[f"known-allocates[megabytes={MEGABYTES};holds_lock={lock}]"], lock))
    findings.append(_threads([r for r in records if r.kind is RecordKind.FIT]))
    return findings


def _ratio(one: dict[tuple[int, int], float], other: dict[tuple[int, int], float]) -> RatioInterval:
    common = sorted(one.keys() & other.keys())
    return paired_ratio([one[unit] for unit in common], [other[unit] for unit in common])


def _alike(ratios: Sequence[RatioInterval]) -> Finding:
    alarms = sum(verdict_of(ratio) in (Verdict.FASTER, Verdict.SLOWER) for ratio in ratios)
    effects = [ratio.smallest_effect for ratio in ratios if ratio.smallest_effect is not None]
    told = f"{alarms} of {len(ratios)} pairs called different"
    if effects:
        told += f"; smallest detectable difference here: {max(effects):.1%}"
    return Finding("the same backend against itself", "no difference", told, alarms == 0)


def _slowed(ratio: RatioInterval) -> Finding:
    assert ratio.low is not None
    assert ratio.high is not None
    speedup = RatioInterval(1 / ratio.ratio, 1 / ratio.high, 1 / ratio.low, ratio.pairs, 1 / ratio.robust)
    told = f"{ratio.ratio:.3f}x ({ratio.low:.3f}-{ratio.high:.3f}), {verdict_of(speedup)}"
    holds = ratio.low <= SLOWDOWN <= ratio.high
    return Finding("a backend with 10 % more work", f"{SLOWDOWN:.2f}x the time", told, holds)


def _sleeps(row: CellSummary) -> Finding:
    found = row.fit_seconds or 0.0
    off = found / SLEEP_SECONDS - 1
    told = f"{found:.4f} s ({off:+.2%})"
    return Finding("a backend that sleeps", f"{SLEEP_SECONDS} s", told, abs(off) <= SLEEP_TOLERANCE)


def _allocates(row: CellSummary, holds_lock: bool) -> Finding:
    name = "a backend that allocates" + (" while it holds Python's lock" if holds_lock else "")
    truth = f"{MEGABYTES} MB"
    if row.peak_extra_bytes is None:
        return Finding(name, truth, row.reason or "not measured", False)
    told = f"{row.peak_extra_bytes / 1e6:.1f} MB ({row.memory_method})"
    return Finding(name, truth, told, abs(row.peak_extra_bytes - MEGABYTES * 10**6) <= BYTES_TOLERANCE)


def _kernel_share(lines: Sequence[Record]) -> Finding:
    """Judge by how much the system time of equal fits differs, from those of each process that were not flagged."""
    fits = [record for record in lines if record.kind is RecordKind.FIT]
    clean = [record for record in fits if not record.contaminated]
    wall = epoch_means(clean, "fit_seconds")
    shares = [seconds / wall[unit] for unit, seconds in epoch_means(clean, "fit_system_seconds").items()]
    name = f"fits that allocate {MEGABYTES} MB on warm memory"
    truth = f"system time equal within {KERNEL_TOLERANCE:.0%} of wall time"
    if not shares:
        return Finding(name, truth, "not measured", False)
    spread = max(shares) - min(shares)
    told = f"{min(shares):.1%} to {max(shares):.1%} of wall time in {len(shares)} processes"
    told += f"; {len(fits) - len(clean)} of {len(fits)} fits were flagged and measured again"
    return Finding(name, truth, told, spread < KERNEL_TOLERANCE)


def _page_cost(cost: PageCost) -> Finding:
    """Tell what cold memory costs on this host; whatever it is, fits are measured on warm memory."""
    told = f"{cost.cold_seconds_per_gib:.2f} s for each GiB a while after it was freed, "
    told += f"{cost.warm_seconds_per_gib:.2f} s at once"
    return Finding("memory that this host provides", "reported, not judged", told, True)


def _threads(fits: Sequence[Record]) -> Finding:
    seen = max((record.threads_seen for record in fits if record.threads_seen is not None), default=None)
    told = "not reported by this system" if seen is None else f"{seen} seen"
    return Finding("backends that were given one thread", "1 thread", told, seen in (None, 1))
