"""The pages of `reports/` as a part of the site, as they are: each is one file that needs nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

from sphinx.application import Sphinx

REPORTS = Path(__file__).parents[2] / "reports"
SITE_OF_ASV = "asv"
"""Rendered by `make asv-site`, and not kept in the repository."""


def copy_reports(app: Sphinx) -> None:
    """Copy the pages into the site, which links to them."""
    if app.builder.format == "html":
        ignored = shutil.ignore_patterns(SITE_OF_ASV, "README.md")
        shutil.copytree(REPORTS, Path(app.outdir) / "reports", ignore=ignored, dirs_exist_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the step."""
    app.connect("build-finished", lambda app, error: None if error else copy_reports(app))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
