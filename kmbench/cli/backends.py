"""`kmbench backends`: what can be compared here, and why the rest cannot."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["backends_command"]


def backends_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array, an object per backend.")] = False,
) -> None:
    """List the backends, their versions and parameters, and why one cannot run here.

    [bold]Example[/bold]

    kmbench backends --json
    """
    from kmbench.backends.registry import describe_backends

    found = describe_backends()
    if as_json:
        print(json.dumps([dataclasses.asdict(backend) for backend in found], indent=1))  # noqa: T201
        return
    console = Console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("backend", "version", "device", "answer", "parameters", "here"):
        table.add_column(heading, overflow="fold")
    for backend in found:
        exact = backend.traits.get("exact")
        answer = "" if exact is None else "exact" if exact else "approximate"
        here = "[green]yes[/green]" if backend.available else "[yellow]no (below)[/yellow]"
        row = (
            backend.name,
            backend.version or "-",
            backend.device or "-",
            answer,
            " ".join(backend.parameters),
            here,
        )
        table.add_row(*row)
    console.print(table)
    for backend in found:
        if backend.reason is not None:
            console.print()
            console.print(Text.assemble((backend.name, "bold"), ": ", backend.reason))
