"""The page of a choice: one HTML file that needs no network and no script."""

from __future__ import annotations

from pathlib import Path

from kmbench.choosing.cells import HEADINGS, cells
from kmbench.choosing.figure import choose_figure
from kmbench.choosing.result import ChooseResult
from kmbench.choosing.words import answer, method_sentences, pick_sentences
from kmbench.figures.html import now_text, render, write_whole
from kmbench.wording import dataset_name, threads_text

__all__ = ["write_choose_page"]


def write_choose_page(result: ChooseResult, page: Path) -> None:
    """Write the page.

    Raises
    ------
    OutputError
        If it cannot be written. Until it is whole, an older one stays.
    """
    text = render(
        "kmbench.choosing",
        "choose.html",
        name=dataset_name(result.name),
        answer=answer(result),
        sentences=pick_sentences(result),
        facts=[f"{result.n:,} x {result.d}", result.backend, threads_text(result.threads), f"seed {result.seed}"],
        notes=[str(note) for note in result.notes],
        figure=choose_figure(result),
        headings=["k", *HEADINGS],
        rows=[(row.k, cells(row, result), row.k == result.recommended) for row in result.rows],
        method=method_sentences(result),
        when=now_text(),
    )
    write_whole(page, text, "give another --output")
