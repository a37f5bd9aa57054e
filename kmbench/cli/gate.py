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

STYLES = {"pass": "green", "regression": "bold red", "not measured": "yellow"}


def gate_command(
    base: Annotated[str, typer.Argument(metavar="BASE", help="Commit to compare with: a hash, a branch, HEAD~1.")],
    head: Annotated[str, typer.Argument(metavar="HEAD", help="Commit to judge.")] = "HEAD",
    study: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What to measure; default: the built-in study 'gate'.")
    ] = None,
    margin: Annotated[float, typer.Option(metavar="PERCENT", help="By which a time may be longer.")] = 10.0,
    tolerance: Annotated[
        float, typer.Option(metavar="SHARE", help="By which inertia and agreement may be worse, such as 1e-6.")
    ] = 0.0,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a table for a pull request; /dev/stdout prints it.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the records there; default: nothing is kept.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Build two commits of this checkout, measure them now and in turns, and tell whether HEAD is worse.

    Inertia, agreement and iterations are compared exactly, memory within 10 % or 2 MB, time by its interval against
    the margin. What fails is measured once more, and fails only if it does so again.

    [bold]Examples[/bold]

    kmbench gate main

    kmbench gate HEAD~1 HEAD --markdown gate.md

    Exit code 0: not worse. 1: a regression. 2: it could not be measured.
    """
    if not 0 < margin <= 1000:
        raise StudyError(f"--margin {margin:g}: give a percentage above 0, such as --margin 10")
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
            margin=margin / 100,
            tolerance=tolerance,
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


def _as_json(result: GateResult) -> dict[str, object]:
    found = dataclasses.asdict(result)
    for role in ("base", "head"):
        del found[role]["tree"]
    return found | {"outcome": result.outcome}


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
    console.print(Text.assemble(f"{result.base.name} to {result.head.name}: ", outcome), highlight=False)


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
            Column("result", [Text(cell.outcome.value, STYLES[cell.outcome.value]) for cell in cells], right=False),
        ],
    )
