"""`kmbench selftest`: what this host can tell, found out with backends of known behaviour."""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from kmbench.cli.progress import Progress

__all__ = ["selftest_command"]


def selftest_command(
    quick: Annotated[bool, typer.Option("--quick", help="Run six epochs, which takes two to three minutes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array, an object per check.")] = False,
) -> None:
    """Check the measurement with backends that are identical, 10 % slower, asleep, or allocate known memory.

    [bold]Example[/bold]

    kmbench selftest --quick

    Exit code 1 if a result contradicts the known behaviour.
    """
    from kmbench.selftest import selftest

    with (
        tempfile.TemporaryDirectory(prefix="kmbench-selftest-") as folder,
        Progress(Console(stderr=True)) as progress,
    ):
        findings = selftest(Path(folder) / "run", quick=quick, listener=progress)
    if as_json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=1))  # noqa: T201
    else:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for heading in ("what", "truth", "found", ""):
            table.add_column(heading, overflow="fold")
        for finding in findings:
            verdict = "[green]holds[/green]" if finding.passed else "[bold red]missed[/bold red]"
            table.add_row(finding.name, finding.truth, finding.found, verdict)
        Console().print(table)
    if not all(finding.passed for finding in findings):
        sys.exit(1)
