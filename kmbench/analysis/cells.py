"""What each cell came to: medians, spread, speed-up against the case's baseline, quality, memory."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kmbench.analysis.core_states import Unit, boundaries, states_of_cell
from kmbench.analysis.pooling import Priors, compared_pairs, kind_of, outcome_of, settings_of
from kmbench.comparison import MARGIN, VariancePrior, Verdict, epoch_means, ratio_by_epoch, verdict_of
from kmbench.figures_of_cells import Summary, summarised_by
from kmbench.records import CellKey, Record, RecordKind, Status
from kmbench.wording import threads_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CellSummary", "cells_frame", "summarise"]

SLOW_SECONDS, SLOW_MARGIN = 60.0, 0.10
"""Fits that take longer are measured less often, so no finer difference than this share is claimed of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSummary:
    """One row of the table. Times are medians over the epochs' means; ``_low`` and ``_high`` are their extremes.

    Attributes
    ----------
    label : str
        Backend with its parameters.
    speedup : float or None
        Baseline's `fit_predict_seconds` over this cell's, geometric mean over epochs; `speedup_low` and
        `speedup_high` are its 95 % interval, `cpu_speedup` the same in CPU time. Only between rows with status
        ``ok``.
    core_states : dict or None
        Where the host's cores were near in a part of the fits and distant in another: shares of the fits and ratios
        within each state, as `kmbench.analysis.core_states.states_of_cell` gives them.
    interval : dict or None
        How the interval of `speedup` was found: ``method`` is ``t`` or ``moderated t``, ``degrees_of_freedom`` are
        those of its t, of which ``prior_degrees_of_freedom`` stem from the ``pooled_pairs`` of the run. None where
        there is no interval, and for the baseline itself.
    verdict : Verdict or None
        What the interval allows to say against the baseline; None for the baseline itself.
    smallest_effect : float or None
        The smallest difference from the baseline, as a share, that these epochs could have shown.
    inertia_ratio : float or None
        `inertia` over that of `reference`.
    """

    case_id: str
    cell_id: str
    dataset: str
    n: int
    d: int
    k: int
    threads: int
    protocol: str
    iterations: int | None
    seed: int
    backend: str
    parameters: dict[str, Any]
    label: str
    backend_version: str | None
    status: Status
    reason: str | None
    revision: str | None = None
    workload: str | None = None
    pages: str = "cold"
    cores: str | None = None
    samples: int = 0
    epochs: int = 0
    contaminated_share: float | None = None
    disturbed_by: dict[str, int] = field(default_factory=dict)
    threads_seen: int | None = None
    fit_seconds: float | None = None
    fit_cpu_seconds: float | None = None
    assign_seconds: float | None = None
    fit_predict_seconds: float | None = None
    fit_predict_seconds_low: float | None = None
    fit_predict_seconds_high: float | None = None
    fit_predict_cpu_seconds: float | None = None
    precision: str | None = None
    first_call_seconds: float | None = None
    prepare_seconds: float | None = None
    run_delay_seconds: float | None = None
    fit_system_seconds: float | None = None
    speedup: float | None = None
    speedup_low: float | None = None
    speedup_high: float | None = None
    cpu_speedup: float | None = None
    cpu_speedup_low: float | None = None
    cpu_speedup_high: float | None = None
    interval: dict[str, Any] | None = None
    core_states: dict[str, Any] | None = None
    verdict: Verdict | None = None
    smallest_effect: float | None = None
    baseline: str | None = None
    peak_extra_bytes: int | None = None
    retained_bytes: int | None = None
    input_bytes: int | None = None
    memory_method: str | None = None
    device_peak_bytes: int | None = None
    device_memory_method: str | None = None
    inertia: float | None = None
    inertia_ratio: float | None = None
    reference: str | None = None
    reported_inertia: float | None = None
    n_iter: int | None = None
    iterations_given: int | None = None
    ari: float | None = None
    pairwise_ari: dict[str, float] | None = None
    matched_agreement: float | None = None
    pair_f1: float | None = None
    variation_of_information: float | None = None
    centroid_index: int | None = None
    empty_clusters: int | None = None
    empty_events: int | None = None
    task: dict[str, float] | None = None
    task_figures: list[dict[str, Any]] | None = None
    artefacts: list[str] | None = None
    case_artefacts: list[str] | None = None
    settings: dict[str, Any] | None = None
    pools: list[dict[str, Any]] = field(default_factory=list)
    output: str | None = None

    @property
    def case_title(self) -> str:
        """The case as a person reads it."""
        work = "" if self.iterations_given is None else f", {self.iterations_given} iterations"
        task = "" if self.workload is None else f"{self.workload} on "
        size = f"{self.n:,} x {self.d}  k={self.k}{work}"
        return f"{task}{self.dataset}  {size}, {threads_text(self.threads)}, {self.protocol}"


def summarise(
    counted: Mapping[str, Sequence[Record]], baseline: str | None = None, priors: Priors = MappingProxyType({})
) -> list[CellSummary]:
    """Return a summary of each cell that has an outcome.

    Cases stand in the order in which they were begun; within a case the fastest comes first, and rows without a
    comparable time last.

    Parameters
    ----------
    counted : mapping of str to sequence of Record
        The records that count of each cell, as `kmbench.comparison.counted_cells` gives them.
    baseline : str, optional
        Backend that speed-ups are relative to; by default scikit-learn's Lloyd, else the first that is ``ok``.
    priors : mapping of PairKind to VariancePrior, optional
        What the run says about the variance of a pair, as `kmbench.analysis.pooling.variance_priors` gives it.
    """
    cases: dict[str, list[list[Record]]] = {}
    for lines in counted.values():
        cases.setdefault(lines[0].key.case_id, []).append(_top_rung(lines))
    limits = boundaries(record for lines in counted.values() for record in lines)
    return [summary for case in cases.values() for summary in _summarise_case(case, baseline, priors, limits)]


def cells_frame(cells: Sequence[CellSummary]) -> pd.DataFrame:
    """Return summaries as a data frame."""
    import pandas as pd

    columns = [field.name for field in dataclasses.fields(CellSummary)]
    return pd.DataFrame([[getattr(cell, name) for name in columns] for cell in cells], columns=columns)


def _top_rung(lines: Sequence[Record]) -> list[Record]:
    """Leave out what was measured below the top of a ladder: it is other work than the answer's."""
    top = max((record.iterations_given or 0 for record in lines), default=0)
    below = (RecordKind.RUNG, RecordKind.FIT)
    return [r for r in lines if r.key.protocol != "target" or r.kind not in below or r.iterations_given == top]


def _summarise_case(
    case: list[list[Record]], wanted: str | None, priors: Priors, limits: Mapping[Unit, float]
) -> list[CellSummary]:
    bases = {id(lines): base for lines, base in compared_pairs(case, wanted)}
    summaries = [_summarise_cell(lines, bases.get(id(lines)), priors, limits) for lines in case]
    return sorted(
        summaries,
        key=lambda row: (row.status is not Status.OK, row.fit_predict_seconds or float("inf"), row.label),
    )


def _summarise_cell(
    lines: Sequence[Record], base: Sequence[Record] | None, priors: Priors, limits: Mapping[Unit, float]
) -> CellSummary:
    outcome = outcome_of(lines)
    key: CellKey = outcome.key
    figures: dict[str, Any] = {}
    for record in lines:
        if record.kind is RecordKind.FIT:
            continue
        for name in CellSummary.__dataclass_fields__:
            value = getattr(record, name, None)
            if value is not None:
                figures[name] = value
    figures |= {"status": outcome.status, "reason": outcome.reason}
    fits = [record for record in lines if record.kind is RecordKind.FIT]
    for name in summarised_by(Summary.MEDIAN):
        values = list(epoch_means(lines, name).values())
        if values:
            figures[name] = statistics.median(values)
            if name == "fit_predict_seconds":
                figures |= {f"{name}_low": min(values), f"{name}_high": max(values), "epochs": len(values)}
    for name in summarised_by(Summary.LARGEST):
        told = [value for record in fits if (value := getattr(record, name)) is not None]
        if told:
            figures[name] = max(told)
    if fits:
        figures["contaminated_share"] = sum(bool(record.contaminated) for record in fits) / len(fits)
        # Records from before there was a second reason name none.
        reasons = (fit.disturbed_by or "waited for a core" for fit in fits if fit.contaminated)
        figures["disturbed_by"] = dict(Counter(reasons))
    figures["core_states"] = states_of_cell(lines, base, limits)
    if base is not None:
        kind = kind_of(key.protocol, key.threads, [settings_of(lines), settings_of(base)])
        figures |= _comparison(lines, base, None if base is lines else priors.get(kind))
    identity = {
        name: getattr(key, name)
        for name in ("case_id", "cell_id", "dataset", "n", "d", "k", "threads", "protocol", "iterations", "seed")
    }
    identity |= {"backend": key.backend, "parameters": key.parameters, "label": key.label, "revision": key.revision}
    identity["workload"] = key.workload
    identity |= {"pages": key.pages or "cold", "cores": key.cores}
    identity["backend_version"] = outcome.backend_version
    return CellSummary(**(figures | identity), samples=len(fits))


def _comparison(lines: Sequence[Record], base: Sequence[Record], prior: VariancePrior | None) -> dict[str, Any]:
    """Return the speed-up over the baseline in wall and CPU time, from the epochs that both have.

    Only the interval in wall time is moderated: the replay that the rule rests on is of wall times.
    """
    figures: dict[str, Any] = {}
    for prefix, name in (("", "fit_predict_seconds"), ("cpu_", "fit_predict_cpu_seconds")):
        own, theirs = epoch_means(lines, name), epoch_means(base, name)
        ratio = ratio_by_epoch(theirs, own, None if prefix else prior)
        if ratio is None:
            continue
        figures |= {f"{prefix}speedup": ratio.ratio}
        figures |= {f"{prefix}speedup_low": ratio.low, f"{prefix}speedup_high": ratio.high}
        if not prefix:
            figures["baseline"] = base[0].key.label
            if base is not lines:
                slow = max(*own.values(), *theirs.values()) > SLOW_SECONDS
                # What else ran on other machines nobody has seen.
                unseen = _ran_elsewhere(lines) or _ran_elsewhere(base)
                verdict = verdict_of(ratio, SLOW_MARGIN if slow else MARGIN)
                figures["verdict"] = Verdict.INCONCLUSIVE if unseen else verdict
                figures["smallest_effect"] = ratio.smallest_effect
                figures["interval"] = None if ratio.low is None else _interval(ratio.pairs, prior)
    return figures


def _ran_elsewhere(lines: Sequence[Record]) -> bool:
    """Whether a cell ran on a cluster that was there before, whose hosts were not watched."""
    told = (record.settings for record in lines if record.settings is not None)
    return any({settings.get("cluster"), settings.get("master")} & {"tcp://", "spark://"} for settings in told)


def _interval(epochs: int, prior: VariancePrior | None) -> dict[str, Any]:
    """Return how an interval over so many epochs was found."""
    if prior is None:
        return {"method": "t", "degrees_of_freedom": epochs - 1}
    return {
        "method": "moderated t",
        "degrees_of_freedom": epochs - 1 + prior.freedom,
        "prior_degrees_of_freedom": prior.freedom,
        "prior_standard_deviation": math.sqrt(prior.variance),
        "pooled_pairs": prior.pairs,
    }
