"""Which pairs of a run are compared, and what those of one kind say about the variance of each of them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kmbench.comparison import VariancePrior, epoch_means, pooled_prior, rivals
from kmbench.records import Record, RecordKind, Status

__all__ = ["PairKind", "Priors", "compared_pairs", "kind_of", "outcome_of", "settings_of", "variance_priors"]


@dataclass(frozen=True, slots=True)
class PairKind:
    """Pairs whose variances are pooled: those of one protocol, of as many threads, on the same devices."""

    protocol: str
    threads: int
    devices: tuple[str, str]


Priors = Mapping[PairKind, VariancePrior]


def outcome_of(lines: Sequence[Record]) -> Record:
    """Return the record that says what became of a cell."""
    return next(record for record in lines if record.kind is RecordKind.OUTCOME)


def settings_of(lines: Sequence[Record]) -> Mapping[str, Any]:
    """Return the settings that a cell ran with; empty where none were told."""
    return next((record.settings for record in reversed(lines) if record.settings is not None), {})


def kind_of(protocol: str, threads: int, settings: Sequence[Mapping[str, Any] | None]) -> PairKind:
    """Return the kind of a pair from the settings of both cells, in any order."""
    one, other = sorted("gpu" if residence(own or {}) else "cpu" for own in settings)
    return PairKind(protocol, threads, (one, other))


def residence(settings: Mapping[str, Any]) -> str | None:
    """Return where a cell that ran on a GPU kept its input, ``device`` or ``host``; None for one that ran on none."""
    found = settings.get("residence")
    return found if isinstance(found, str) and settings.get("device") != "cpu" else None


def compared_pairs(
    case: Sequence[Sequence[Record]], wanted: str | None
) -> list[tuple[Sequence[Record], Sequence[Record]]]:
    """Return each sound cell of a case with the one that it is compared with; a baseline is its own.

    Parameters
    ----------
    case : sequence of sequence of Record
        The records that count of each of its cells.
    wanted : str or None
        The baseline that the study names.
    """
    sound = [lines for lines in case if outcome_of(lines).status is Status.OK]
    return list(zip(sound, (sound[base] for base in rivals([own[0].key for own in sound], wanted)), strict=True))


def variance_priors(
    counted: Mapping[str, Sequence[Record]], baseline: str | None, figure: str = "fit_predict_seconds"
) -> Priors:
    """Return what the pairs of each kind say about the variance of one of them, where they are enough.

    Pairs have at least two epochs in common. Those of the protocol ``target`` take no part: the units of its
    intervals are starts.

    Parameters
    ----------
    counted : mapping of str to sequence of Record
        The records that count of each cell of the run, as `kmbench.comparison.counted_cells` gives them.
    baseline : str or None
        As the study names it.
    figure : str
        Whose ratios they are of.
    """
    cases: dict[str, list[Sequence[Record]]] = {}
    for lines in counted.values():
        if lines[0].key.protocol != "target":
            cases.setdefault(lines[0].key.case_id, []).append(lines)
    variances: dict[PairKind, list[tuple[float, int]]] = {}
    for case in cases.values():
        means = {id(lines): epoch_means(lines, figure) for lines in case}
        for lines, base in compared_pairs(case, baseline):
            own, theirs = means[id(lines)], means[id(base)]
            logs = [math.log(theirs[epoch] / own[epoch]) for epoch in sorted(own.keys() & theirs.keys())]
            if lines is not base and len(logs) > 1:
                key = lines[0].key
                kind = kind_of(key.protocol, key.threads, [settings_of(lines), settings_of(base)])
                variances.setdefault(kind, []).append((statistics.variance(logs), len(logs) - 1))
    priors = {kind: pooled_prior(*zip(*found, strict=True)) for kind, found in variances.items()}
    return {kind: prior for kind, prior in priors.items() if prior is not None}
