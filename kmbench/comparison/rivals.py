"""Who is compared with whom, and on which figures: the baseline of a case, and the means of its epochs."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from kmbench.records import CellKey, Record, RecordKind, label_of

__all__ = ["DEFAULT_BASELINE", "baseline_index", "counted_cells", "epoch_means", "rivals"]

DEFAULT_BASELINE = "sklearn-lloyd"
"""What speed-ups are relative to where it takes part and the study names no other."""


def baseline_index(keys: Sequence[CellKey], wanted: str | None) -> int:
    """Return which of the cells of a case speed-ups are relative to.

    The one that is named, else scikit-learn's Lloyd, else the first.
    """
    for name in (wanted, DEFAULT_BASELINE):
        for position, key in enumerate(keys):
            if name in (key.backend, key.label):
                return position
    return 0


def rivals(keys: Sequence[CellKey], wanted: str | None) -> list[int]:
    """Return for each cell of a case the position of the one that it is compared with.

    That is the case's baseline, or where cells are of several revisions, the same cell of the first of these.
    """
    base = baseline_index(keys, wanted)
    first: dict[str, int] = {}
    found = []
    for position, key in enumerate(keys):
        plain = label_of(key.backend, key.parameters)
        found.append(base if key.revision is None else first.setdefault(plain, position))
    return found


def counted_cells(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Return the records that count of each cell that has an outcome, by ``cell_id`` in the order begun.

    Those are of the session that wrote the last outcome: of a run that was cut off and resumed, what an earlier
    session left unfinished is not mixed with them.
    """
    lines: dict[str, list[Record]] = {}
    for record in records:
        lines.setdefault(record.key.cell_id, []).append(record)
    counted = {}
    for cell_id, own in lines.items():
        outcome = next((record for record in reversed(own) if record.kind is RecordKind.OUTCOME), None)
        if outcome is not None:
            counted[cell_id] = [record for record in own if record.session == outcome.session]
    return counted


def epoch_means(lines: Sequence[Record], figure: str) -> dict[tuple[int, int], float]:
    """Return the mean of a figure in each epoch, by session and epoch: the units that statistics are made of.

    Samples that were disturbed count only where their epoch has no other. Only epochs of one session took turns.
    """
    clean: dict[tuple[int, int], list[float]] = {}
    disturbed: dict[tuple[int, int], list[float]] = {}
    for record in lines:
        value = getattr(record, figure)
        if record.kind is RecordKind.FIT and record.epoch is not None and value is not None:
            group = disturbed if record.contaminated else clean
            group.setdefault((record.session, record.epoch), []).append(value)
    return {unit: statistics.fmean(values) for unit, values in sorted((disturbed | clean).items())}
