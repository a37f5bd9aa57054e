"""Fits in each state of the host's cores, and ratios within a state: two conditions are compared apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kmbench.comparison import CoreState, boundary_of, epoch_means, ratio_by_epoch, state_of, verdict_of
from kmbench.records import Record, RecordKind

__all__ = ["Unit", "boundaries", "states_of_cell", "unit_of"]

Unit = tuple[str, int, str | None]
"""Host, threads, and how cores were chosen: probes of other units are not compared."""


def unit_of(record: Record) -> Unit:
    """Return what the probes of a record are compared within."""
    return record.host, record.key.threads, record.key.cores


def boundaries(records: Iterable[Record]) -> dict[Unit, float]:
    """Return the probe ratio that parts the two states, of each unit whose probes show two."""
    probes: dict[Unit, list[float]] = {}
    for record in sorted(records, key=lambda record: record.at):
        if record.kind is RecordKind.FIT and record.cross_core_ratio is not None:
            probes.setdefault(unit_of(record), []).append(record.cross_core_ratio)
    found = {unit: boundary_of(ratios) for unit, ratios in probes.items()}
    return {unit: boundary for unit, boundary in found.items() if boundary is not None}


def states_of_cell(
    lines: Sequence[Record], base: Sequence[Record] | None, limits: Mapping[Unit, float]
) -> dict[str, Any] | None:
    """Return how much of a cell was measured in which state, and its speed-up over the baseline within each.

    Parameters
    ----------
    lines, base : sequence of Record
        Of the cell and of its baseline, which may be the cell itself or None.
    limits : mapping
        As `boundaries` returns it.

    Returns
    -------
    dict or None
        ``boundary``, and by state (``near``, ``distant``) a dict with ``share`` of the fits, and ``epochs``,
        ``speedup``, ``speedup_low``, ``speedup_high`` and ``verdict`` where both have epochs in that state. None
        where the probes show one state only.
    """
    fits = [record for record in lines if record.kind is RecordKind.FIT]
    boundary = next((limits[unit_of(fit)] for fit in fits if unit_of(fit) in limits), None)
    if boundary is None:
        return None
    own = _by_state(fits, boundary)
    found: dict[str, Any] = {"boundary": boundary}
    theirs = {} if base is None or base is lines else _by_state(base, boundary)
    for state in (CoreState.NEAR, CoreState.DISTANT):
        here = own.get(state, [])
        told: dict[str, Any] = {"share": len(here) / len(fits)}
        if here and theirs.get(state):
            ratio = ratio_by_epoch(
                epoch_means(theirs[state], "fit_predict_seconds"), epoch_means(here, "fit_predict_seconds")
            )
            if ratio is not None:
                told |= {"epochs": ratio.pairs, "speedup": ratio.ratio, "speedup_low": ratio.low}
                told |= {"speedup_high": ratio.high, "verdict": verdict_of(ratio)}
        found[state.value] = told
    return found


def _by_state(records: Iterable[Record], boundary: float) -> dict[CoreState, list[Record]]:
    groups: dict[CoreState, list[Record]] = {}
    for record in records:
        state = state_of(record.cross_core_ratio, record.cross_core_ratio_after, boundary)
        if record.kind is RecordKind.FIT and state is not None:
            groups.setdefault(state, []).append(record)
    return groups
