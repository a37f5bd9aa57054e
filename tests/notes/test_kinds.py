"""Codes of notes never change: one that a document or a script names means the same for good."""

import string
from pathlib import Path

import pytest

from kmbench.notes import KINDS, Note, data, history, measurement, note, tuner

CODES = dict(line.split(" ", 1) for line in Path(__file__).with_name("codes.txt").read_text().splitlines())


def test_no_code_is_lost_or_given_another_meaning():
    assert {code: KINDS[code].title for code in CODES} == CODES
    assert KINDS.keys() == CODES.keys(), "new codes belong into codes.txt"


@pytest.mark.parametrize(("module", "digit"), [(data, "1"), (measurement, "2"), (tuner, "3"), (history, "4")])
def test_codes_stand_in_their_own_range_and_once(module, digit):
    assert all(len(code) == 5 and code.startswith(f"KM{digit}") for code in module.KINDS)
    assert sum(len(part.KINDS) for part in (data, measurement, tuner, history)) == len(KINDS)


@pytest.mark.parametrize("code", KINDS)
def test_every_kind_is_made_somewhere_with_the_values_that_its_text_names(code):
    kind = KINDS[code]
    sources = [file.read_text() for file in (Path(__file__).parents[2] / "kmbench").rglob("*.py")]
    made = [source for source in sources if f'"{code}"' in source and "NoteKind(" not in source]
    assert made, f"nothing makes {code}"
    parts = [*string.Formatter().parse(kind.text), *string.Formatter().parse(kind.hint or "")]
    for name in {part[1] for part in parts if part[1]}:
        assert any(f"{name}=" in source or code in ("KM205", "KM206") for source in made), f"{code} misses {name}"
    assert kind.explanation
    assert kind.explanation.endswith(".")


def test_a_note_reads_as_text_and_hint_and_prints_as_an_object():
    made = note("KM204", share=0.256, concerns=["a", "b", "a"])
    assert str(made).startswith("NOISY HOST: 26% of the fits waited for a core; rely on")
    assert made.as_dict() == {"code": "KM204", "text": made.text, "hint": made.hint, "concerns": ["a", "b"]}
    assert str(Note(code="KM204", text="alone")) == "alone"


def test_a_missing_value_is_an_error_of_the_maker():
    with pytest.raises(KeyError):
        note("KM204")
