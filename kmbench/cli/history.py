"""`kmbench history`: a page about asv's results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["history_command"]


def history_command(
    folder: Annotated[Path, typer.Argument(help="asv's results folder.")] = Path("results/asv"),
    output: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the page goes.")] = Path("reports/history"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the changes and the lines as one JSON object; write no page.")
    ] = False,
) -> None:
    """Render asv's results as one offline page: what changed over commits, and what another version costs.

    [bold]Examples[/bold]

    kmbench history

    kmbench history results/asv --output reports/history

    kmbench history --json
    """
    from kmbench.analysis.asv_frame import asv_frame
    from kmbench.report.history import history_as_object, write_history

    frame = asv_frame(folder)
    if as_json:
        typer.echo(json.dumps(history_as_object(frame), indent=1, allow_nan=False))
        return
    for note in frame.attrs["notes"]:
        typer.echo(f"kmbench: {note}", err=True)
    page = write_history(frame, output)
    typer.echo(f"page     {page}")
