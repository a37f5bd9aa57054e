"""`kmbench workloads`: the tasks that backends can be compared by."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

__all__ = ["workloads_command"]


def workloads_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array, an object per workload.")] = False,
) -> None:
    r"""List the workloads with their parameters and figures, and say why one cannot run here.

    [bold]Example[/bold]

    kmbench run --workload 'palette\[space=lab]' --data photo --k 16
    """
    from kmbench.workloads.registry import describe_workloads

    found = describe_workloads()
    if as_json:
        print(json.dumps([dataclasses.asdict(workload) for workload in found], indent=1))  # noqa: T201
        return
    console = Console()
    for number, workload in enumerate(found):
        if number:
            console.print()
        console.print(Text.assemble((workload.name, "bold"), "  ", workload.summary))
        for name, schema in workload.parameters.items():
            console.print(Text(f"  {name}={schema.get('default', '…')}  {schema.get('description', '')}".rstrip()))
        if workload.figures:
            titles = ", ".join(figure["title"] for figure in workload.figures)
            console.print(Text(f"  figures: {titles}", style="dim"))
        if workload.reason is not None:
            console.print(Text(f"  cannot run here: {workload.reason}", style="yellow"))
