"""The page of a choice: one HTML file that needs no network and no script."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from kmbench.choosing.cells import HEADINGS, cells
from kmbench.choosing.figure import choose_figure
from kmbench.choosing.result import ChooseResult
from kmbench.choosing.words import answer, method_sentences, pick_sentences
from kmbench.figures.html import templates, write_whole
from kmbench.report.sentences import dataset_name

__all__ = ["write_choose_page"]


def write_choose_page(result: ChooseResult, page: Path) -> None:
    """Write the page.

    Raises
    ------
    OutputError
        If it cannot be written. Until it is whole, an older one stays.
    """
    from markupsafe import Markup

    text = (
        templates("kmbench.choosing")
        .get_template("choose.html")
        .render(
            name=dataset_name(result.name),
            answer=answer(result),
            sentences=pick_sentences(result),
            facts=[
                f"{result.n:,} x {result.d}",
                result.backend,
                "1 thread" if result.threads == 1 else f"{result.threads} threads",
                f"seed {result.seed}",
            ],
            notes=result.notes,
            figure=Markup(choose_figure(result)),
            headings=HEADINGS,
            rows=[(row.k, cells(row, result), row.k == result.recommended) for row in result.rows],
            method=method_sentences(result),
            version=version("kmbench"),
            when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )
    )
    write_whole(page, text, "give another --output")
