"""Notes about the history and the gate: ``KM4xx``."""

from __future__ import annotations

from kmbench.notes.kind import NoteKind

__all__ = ["KINDS"]

KINDS: dict[str, NoteKind] = {
    "KM401": NoteKind(
        title="unreadable result",
        text="{what}: left out",
        hint="restore the file, or remove it",
        explanation="A result file of asv is incomplete, was edited by hand, or was written by a newer asv. All "
        "other files were read; the commit and environment of this one are missing from every line.",
    ),
}
