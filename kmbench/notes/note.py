"""A note: a code, a sentence, a hint, and whom it concerns. Only the faces print notes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kmbench.notes import data, history, measurement, tuner
from kmbench.notes.kind import NoteKind

__all__ = ["KINDS", "Note", "NoteKind", "note", "notes_as_json"]

KINDS: dict[str, NoteKind] = data.KINDS | measurement.KINDS | tuner.KINDS | history.KINDS
"""Every kind of note by its code: ``KM1xx`` data, ``KM2xx`` measurement, ``KM3xx`` tuner, ``KM4xx`` history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One note.

    Attributes
    ----------
    code : str
        Such as ``KM204``; see `KINDS`.
    text : str
        What was found.
    hint : str or None
        What the reader can do about it.
    concerns : tuple of str
        Labels of the backends, ids of the cells or names of the columns that it is about; empty: all of them.
    """

    code: str
    text: str
    hint: str | None = None
    concerns: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text if self.hint is None else f"{self.text}; {self.hint}"

    def as_dict(self) -> dict[str, Any]:
        """Return the object that ``--json`` prints under ``note_details``."""
        return {"code": self.code, "text": self.text, "hint": self.hint, "concerns": list(self.concerns)}


def notes_as_json(notes: Sequence[Note]) -> dict[str, Any]:
    """Return what ``--json`` prints: sentences under ``notes``, an object for each under ``note_details``."""
    return {"notes": [str(one) for one in notes], "note_details": [one.as_dict() for one in notes]}


def note(code: str, /, *, concerns: Iterable[str] = (), **values: Any) -> Note:
    """Make a note of a kind, its text and hint filled in.

    Parameters
    ----------
    code : str
        A key of `KINDS`.
    concerns : iterable of str
        See `Note`.
    **values
        What the kind's text and hint name in braces.

    Raises
    ------
    KeyError
        If there is no such kind, or a value that its text names is missing.
    """
    kind = KINDS[code]
    hint = None if kind.hint is None else kind.hint.format(**values)
    return Note(code=code, text=kind.text.format(**values), hint=hint, concerns=tuple(dict.fromkeys(concerns)))
