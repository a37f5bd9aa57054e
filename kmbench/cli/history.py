"""`kmbench history`: a page about asv's results, and its changes measured again."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kmbench.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

    from kmbench.analysis.confirmations import Confirmation
    from kmbench.confirming import Suspect

__all__ = ["history_command"]

STUDY = Path("benchmarks/history.toml")


def history_command(
    folder: Annotated[Path, typer.Argument(help="asv's results folder.")] = Path("results/asv"),
    output: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the page.")] = Path("reports/history"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the changes and the lines as one JSON object, and write no page.")
    ] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Measure both sides of each change now, in turns, and find its commit.")
    ] = False,
    budget: Annotated[
        float, typer.Option(metavar="MINUTES", help="With --confirm: start no measurement after this time.")
    ] = 30.0,
    study: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="With --confirm: study file that says how the cells of the history are measured."
        ),
    ] = STUDY,
    no_build_isolation: Annotated[
        bool,
        typer.Option("--no-build-isolation", help="With --confirm: build commits with the installed packages."),
    ] = False,
) -> None:
    """Write asv's results as one offline page: what changed over commits, and what other versions of a library cost.

    With --confirm, each change is measured again in the checkout where the command is started. The outcome is kept
    beside the results, and a change that was confirmed or refuted is not measured again.

    [bold]Examples[/bold]

    kmbench history

    kmbench history results/asv --output reports/history

    kmbench history --confirm --budget 20

    kmbench history --json
    """
    from kmbench.analysis.asv_frame import asv_frame
    from kmbench.analysis.confirmations import read_confirmations
    from kmbench.gate.checkout import known_commits
    from kmbench.report.history import history_as_object, write_history

    if not 0 < budget <= 1440:
        raise StudyError(f"--budget {budget:g}: give minutes up to 1440")
    frame = asv_frame(folder, known_commits(Path.cwd()))
    if confirm:
        _confirm(frame, folder, study, 60 * budget, isolated=not no_build_isolation, to_stderr=as_json)
    kept = read_confirmations(folder)
    if as_json:
        typer.echo(json.dumps(history_as_object(frame, kept), indent=1, allow_nan=False))
        return
    for note in frame.attrs["notes"]:
        typer.echo(f"kmbench: {note}", err=True)
    page = write_history(frame, output, kept)
    typer.echo(f"page     {page}")


def _confirm(
    frame: pd.DataFrame, folder: Path, study: Path, budget_seconds: float, *, isolated: bool, to_stderr: bool
) -> None:
    from rich.console import Console

    from kmbench.cli.progress import Progress
    from kmbench.confirming import Sides, confirm_history, keys_of
    from kmbench.study import Study

    chosen = Study.from_file(study)
    keys = keys_of(chosen)

    def tell(suspect: Suspect, found: Confirmation | None) -> None:
        direction = "up" if suspect.up else "down"
        figure = "time" if suspect.is_time else suspect.metric.removeprefix("track_").replace("_", " ")
        told = "not measured yet: the budget is spent" if found is None else found.text
        where = f"{suspect.before[:8]}..{suspect.after[:8]}"
        typer.echo(f"{where}  {figure} {direction}, {suspect.cells[0].name}: {told}", err=to_stderr)
        for commit, reason in ({} if found is None else found.skipped).items():
            typer.echo(f"  {commit[:8]} is left out: {reason}", err=to_stderr)

    with (
        tempfile.TemporaryDirectory(prefix="kmbench-confirm-") as scratch,
        Progress(Console(stderr=True)) as progress,
    ):
        sides = Sides(
            Path.cwd(),
            chosen,
            Path(scratch),
            budget_seconds=budget_seconds,
            isolated=isolated,
            listener=progress,
        )
        confirm_history(frame, folder, sides, keys, tell)
