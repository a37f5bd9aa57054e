"""`kmbench report` and `kmbench gallery`: pages and tables of runs that were measured before."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kmbench.errors import OutputError

__all__ = ["gallery_command", "report_command"]


def report_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN_DIR...", help="Run folders of one host.")],
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder to write to; default: the run folder for one run, reports/NAMES for several."
        ),
    ] = None,
    formats: Annotated[
        str,
        typer.Option("--format", metavar="LIST", help="One or more of html, md, csv and parquet, such as html,md."),
    ] = "html",
    benchopt: Annotated[
        bool,
        typer.Option("--benchopt", help="With csv or parquet: name the columns of the samples as benchopt does."),
    ] = False,
) -> None:
    """Write the page of one run, or of several runs of one host and the same versions side by side.

    [bold]Examples[/bold]

    kmbench report results/quick/20260101-120000

    kmbench report results/quick/20260101-120000 results/scaling/20260102-120000 --output reports/both

    kmbench report results/quick/20260101-120000 --format md,csv,parquet --output reports/quick
    """
    from kmbench.analysis.run import read_runs
    from kmbench.report.export import Format, write_report

    chosen = []
    for name in filter(None, (part.strip().lower() for part in formats.split(","))):
        try:
            chosen.append(Format("md" if name == "markdown" else name))
        except ValueError:
            raise OutputError(f"--format {name} is not known", "use html, md, csv or parquet") from None
    if not chosen:
        raise OutputError("--format is empty", "use html, md, csv or parquet")
    if benchopt and not {Format.CSV, Format.PARQUET} & set(chosen):
        raise OutputError("--benchopt needs a table", "add --format parquet, which benchopt opens, or csv")
    for folder in runs:
        # A single records file is no run: the page needs to know its host and its study.
        if folder.is_file():
            raise OutputError(f"{folder} is a file", "give the run folder that contains it")
    if output is None:
        output = runs[0] if len(runs) == 1 else Path("reports") / "+".join(
            f"{run.resolve().parent.name}-{run.resolve().name}" for run in runs
        )  # fmt: skip
    found = read_runs(runs)
    written = write_report(found, output, chosen, benchopt=benchopt)
    for note in [note for run in found for note in run.torn_notes]:
        print(f"kmbench: {note}", file=sys.stderr)  # noqa: T201
    for file in written:
        print(file)  # noqa: T201


def gallery_command(
    root: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that contains the run folders.")] = Path(
        "results"
    ),
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the pages and their index.")] = Path(
        "reports"
    ),
) -> None:
    """Write the page of every run in a folder again, with an index page that gives the answer of each.

    [bold]Example[/bold]

    kmbench gallery results --output reports
    """
    from kmbench.report.gallery import write_gallery

    print(write_gallery(root, output, lambda page: print(page)))  # noqa: T201
