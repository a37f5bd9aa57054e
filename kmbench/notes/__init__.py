"""What a reader must know before believing a result: notes as values, with codes that never change."""

from kmbench.notes import data, history, measurement, tuner
from kmbench.notes.note import KINDS, Note, NoteKind, note, notes_as_json

__all__ = ["KINDS", "Note", "NoteKind", "data", "history", "measurement", "note", "notes_as_json", "tuner"]
