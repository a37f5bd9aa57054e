"""docs/data.md names every note about data by its code."""

import re
from pathlib import Path

from kmbench.notes.data import KINDS

TEXT = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")


def test_every_note_about_data_stands_in_its_table_with_its_title():
    rows = dict(re.findall(r"^\| (KM1\d\d) \| (.+?) \|", TEXT, re.MULTILINE))
    assert rows == {code: kind.title for code, kind in KINDS.items()}
