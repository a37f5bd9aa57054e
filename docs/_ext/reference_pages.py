"""Pages of the reference that the code itself tells: records, studies, exit codes, and everything as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from sphinx.application import Sphinx

FOLDER = Path(__file__).parents[1] / "reference" / "generated"


def write_pages(app: Sphinx) -> None:
    """Write the pages before Sphinx looks for documents."""
    from kmbench_reference import commands_page, exit_codes_page, records_page, reference, study_page

    FOLDER.mkdir(exist_ok=True)
    told = reference()
    (FOLDER / "command-line.md").write_text(commands_page(told), encoding="utf-8")
    (FOLDER / "exit-codes.md").write_text(exit_codes_page(told), encoding="utf-8")
    (FOLDER / "records.md").write_text(records_page(told), encoding="utf-8")
    (FOLDER / "study-file.md").write_text(study_page(told), encoding="utf-8")
    extra = Path(app.outdir)
    extra.mkdir(parents=True, exist_ok=True)
    (extra / "reference.json").write_text(json.dumps(told, indent=1), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the step."""
    app.connect("config-inited", lambda app, config: write_pages(app))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
