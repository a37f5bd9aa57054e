"""docs/notes.md spells out every code, with the words that `kmbench explain` has."""

import re
from pathlib import Path

from kmbench.notes import KINDS

TEXT = (Path(__file__).parents[2] / "docs" / "notes.md").read_text(encoding="utf-8")


def test_every_code_stands_in_the_table_with_its_title_and_explanation():
    rows = re.findall(r"^\| `(KM\d{3})` \| (.+?) \| (.+) \|$", TEXT, re.MULTILINE)
    assert rows == [(code, KINDS[code].title, KINDS[code].explanation) for code in sorted(KINDS)]
