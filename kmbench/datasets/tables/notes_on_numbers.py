"""How a column of numbers was read, in words and as notes."""

from __future__ import annotations

from collections.abc import Sequence

from kmbench.datasets.tables.numbers import Decimal, Evidence, read_numbers
from kmbench.notes import Note, note

__all__ = ["number_notes", "plain_notes"]


def number_notes(evidence: Evidence, name: str, decimal: Decimal) -> tuple[str, tuple[Note, ...]]:
    """Return how numbers were read, in words and as notes."""
    import pyarrow as pa

    notes, how = [], ["number"]
    for kind in ("point", "comma", ".", ","):
        example = evidence.examples.get(kind)
        if example is None:
            continue
        read = read_numbers(pa.array([example]), Evidence())
        value = f"{(read.point if decimal == 'point' else read.comma)[0]:.12g}"
        group = "," if decimal == "point" else "."
        other = "comma" if decimal == "point" else "point"
        hint = "no other reading fits" if evidence.proven() else f"decimal={other} reads it the other way"
        if group in example and "thousands separators" not in how:
            how.append("thousands separators")
            notes.append(note("KM115", column=name, example=example, value=value, hint=hint, concerns=[name]))
        if decimal == "comma" and "," in example and "decimal comma" not in how:
            how.append("decimal comma")
            notes.append(note("KM116", column=name, example=example, value=value, concerns=[name]))
    unit = evidence.unit()
    if unit:
        how.append(f"in {unit}")
        notes.append(note("KM117", column=name, unit=unit, concerns=[name]))
    return ", ".join(how), tuple(notes)


def plain_notes(name: str, examples: Sequence[str]) -> tuple[Note, ...]:
    """Return the note on decimal commas of a column that the C reader read."""
    example = next((text for text in examples if "," in text), None)
    if example is None:
        return ()
    value = f"{float(example.replace(',', '.')):.12g}"
    return (note("KM116", column=name, example=example, value=value, concerns=[name]),)
