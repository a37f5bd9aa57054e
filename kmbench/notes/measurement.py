"""Notes about the measurement: ``KM2xx``."""

from __future__ import annotations

from kmbench.notes.kind import NoteKind

__all__ = ["KINDS"]

KINDS: dict[str, NoteKind] = {}
