"""What all notes of one code have in common."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NoteKind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteKind:
    """A kind of note.

    Attributes
    ----------
    title : str
        Two or three words, such as ``noisy host``.
    text : str
        What is said, with values in braces as `str.format` takes them.
    hint : str or None
        What the reader can do, in the same form.
    explanation : str
        Why it matters, in a few sentences, for the documentation.
    """

    title: str
    text: str
    hint: str | None = None
    explanation: str = ""
