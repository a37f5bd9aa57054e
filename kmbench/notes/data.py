"""Notes about how the data was read: ``KM1xx``."""

from __future__ import annotations

from kmbench.notes.kind import NoteKind

__all__ = ["KINDS"]

KINDS: dict[str, NoteKind] = {}
