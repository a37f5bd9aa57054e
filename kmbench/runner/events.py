"""What the runner tells while it works. The library prints nothing; whoever calls it renders these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kmbench.notes import Note
from kmbench.records import CellKey, Record

__all__ = ["CaseStarted", "CellEnded", "DataRead", "Event", "Listener", "Step", "StudyStarted"]


@dataclass(frozen=True, slots=True)
class DataRead:
    """A data set was read; `notes` say what was decided about it."""

    spec: str
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class StudyStarted:
    """The cells are known. `work` is the share-less amount of work of each case that is left, by case."""

    folder: str
    cells: int
    cells_done: int
    work: dict[str, float]


@dataclass(frozen=True, slots=True)
class CaseStarted:
    """A case begins; `steps` is how many `Step` events it will at most send."""

    key: CellKey
    number: int
    of: int
    steps: int


@dataclass(frozen=True, slots=True)
class Step:
    """One worker did one thing, such as a round of a backend."""

    key: CellKey
    what: str


@dataclass(frozen=True, slots=True)
class CellEnded:
    """The outcome of a cell was recorded; `seconds` is its median time until labels, None where it has none."""

    record: Record
    seconds: float | None = None


Event = DataRead | StudyStarted | CaseStarted | Step | CellEnded
Listener = Callable[[Event], None]
