"""`kmbench history`: a page about asv's results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["history_command"]


def history_command(
    folder: Annotated[Path, typer.Argument(help="asv's results folder.")] = Path("results/asv"),
    output: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the page goes.")] = Path("reports/history"),
) -> None:
    """Render asv's results as one offline page: what changed over commits, and what another version costs.

    [bold]Examples[/bold]

    kmbench history

    kmbench history results/asv --output reports/history
    """
    from kmbench.analysis.asv_frame import asv_frame
    from kmbench.report.history import write_history

    page = write_history(asv_frame(folder), output)
    typer.echo(f"page     {page}")
