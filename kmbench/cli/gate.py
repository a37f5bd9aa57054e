"""`kmbench gate`: tells whether the later of two commits is worse."""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from kmbench.cli.progress import Progress
from kmbench.errors import OutputError, StudyError

if TYPE_CHECKING:
    from kmbench.analysis import CellSummary
    from kmbench.gate import CellVerdict, GateResult

__all__ = ["gate_command", "print_gate"]

STYLES = {"pass": "green", "blind": "yellow", "regression": "bold red", "not measured": "yellow"}


def gate_command(
    base: Annotated[
        str, typer.Argument(metavar="BASE", help="Commit to compare with, such as a hash, a branch or HEAD~1.")
    ],
    head: Annotated[str, typer.Argument(metavar="HEAD", help="Commit to judge.")] = "HEAD",
    study: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Study file that says what to measure; default: the built-in study 'gate'."
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            metavar="PERCENT",
            help="Percentage by which a time may grow; default: that of the study, else 10. 0 allows no growth.",
        ),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Relative amount by which inertia and agreement may be worse, such as 1e-6."
        ),
    ] = 0.0,
    markdown: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File for a Markdown table for a pull request; /dev/stdout prints it."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to keep the records in; default: nothing is kept.")
    ] = None,
    budget: Annotated[
        float, typer.Option(metavar="MINUTES", help="Extra time for cells whose noise hides the margin.")
    ] = 5.0,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Exit with code 2 if a slowdown as large as the margin could not have been detected."
        ),
    ] = False,
    no_build_isolation: Annotated[
        bool,
        typer.Option(
            "--no-build-isolation", help="Build with the installed packages, for example without a network."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Build two commits of this checkout, measure them now in turns, and check whether HEAD is worse.

    The checkout may be that of kmbench, of a backend plug-in, or of a package that a backend of the study uses.
    Inertia, agreement and iterations are compared exactly, memory within 10 % or 2 MB, and the interval of the time
    ratio with the margin. A cell that fails is measured again, and counts as failed only if it fails twice. A cell is
    blind if its noise would have hidden a slowdown as large as the margin.

    [bold]Examples[/bold]

    kmbench gate main

    kmbench gate HEAD~1 HEAD --markdown gate.md

    kmbench gate main HEAD --study gate.toml --strict

    Exit code 0: not worse, or blind. 1: a regression. 2: it could not be measured, or it is blind and --strict was
    given.
    """
    if margin is not None and not 0 <= margin <= 1000:
        raise StudyError(f"--margin {margin:g}: give a percentage from 0, such as --margin 10")
    if not 0 <= budget <= 1440:
        raise StudyError(f"--budget {budget:g}: give minutes from 0 to 1440")
    if not 0 <= tolerance < 1:
        raise StudyError(f"--tolerance {tolerance:g}: give a share from 0 to 1, such as --tolerance 1e-6")
    from kmbench.gate import run_gate, to_markdown  # imported here, so that --help does not wait for them
    from kmbench.study import Study

    chosen = None if study is None else Study.from_file(study)
    if output is not None and output.exists() and any(output.iterdir()):
        raise OutputError(f"{output} is not empty", "give --output a new folder")
    if markdown is not None and not markdown.absolute().parent.is_dir():
        raise OutputError(f"cannot write {markdown}: there is no such folder", "give --markdown another file")

    with tempfile.TemporaryDirectory(prefix="kmbench-gate-") as scratch, Progress(Console(stderr=True)) as progress:
        folder = Path(scratch) if output is None else output
        folder.mkdir(parents=True, exist_ok=True)
        result = run_gate(
            Path.cwd(),
            base,
            head,
            folder,
            study=chosen,
            margin=None if margin is None else margin / 100,
            tolerance=tolerance,
            budget_seconds=60 * budget,
            isolated=not no_build_isolation,
            listener=progress,
        )
    if markdown is not None:
        markdown.write_text(to_markdown(result), encoding="utf-8")
    if as_json:
        print(json.dumps(_as_json(result), indent=1))  # noqa: T201
    else:
        print_gate(Console(), result)
    if result.outcome == "regression":
        sys.exit(1)
    if strict and result.outcome == "blind":
        sys.exit(2)


def _as_json(result: GateResult) -> dict[str, object]:
    found = dataclasses.asdict(result)
    for role in ("base", "head"):
        del found[role]["tree"]
    return found | {"outcome": result.outcome, "power": result.power_text}


def print_gate(console: Console, result: GateResult) -> None:
    """Print a table for each case, the findings, and the outcome."""
    for title, cells in groupby(result.cells, key=lambda cell: cell.case):
        console.print(f"\n{title}", style="bold", markup=False, highlight=False, soft_wrap=True)
        _print_case(console, list(cells))
    console.print()
    for cell in result.cells:
        for finding in cell.findings:
            style = "bold red" if finding.worse else "dim"
            note = Text.assemble((f"{cell.label} {finding.figure}: ", style), finding.text)
            console.print(note, highlight=False)
    outcome = (result.outcome.value, STYLES[result.outcome.value])
    names = f"{result.base.name} to {result.head.name}: "
    console.print(Text.assemble(names, outcome, f"; {result.power_text}"), highlight=False)


def _print_case(console: Console, cells: Sequence[CellVerdict]) -> None:
    from kmbench.cli.lines import Column, print_lines
    from kmbench.wording import seconds_text

    def seconds(rows: Iterable[CellSummary | None]) -> list[str]:
        return [seconds_text(row.fit_predict_seconds if row else None) for row in rows]

    print_lines(
        console,
        [
            Column("backend", [cell.label for cell in cells], right=False),
            Column("base", seconds(cell.base for cell in cells)),
            Column("head", seconds(cell.head for cell in cells)),
            Column("head/base, 95 %", [cell.ratio_text for cell in cells]),
            Column("finds from", [cell.finds_text for cell in cells]),
            Column("result", [Text(cell.outcome_text, STYLES[cell.outcome.value]) for cell in cells], right=False),
        ],
    )
