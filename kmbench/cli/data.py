"""`kmbench data`: the SPEC syntax, and what a SPEC holds."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

__all__ = ["data_command"]


def data_command(
    spec: Annotated[str | None, typer.Argument(metavar="[SPEC]", help="Read this data and describe it.")] = None,
) -> None:
    """Show the kinds of data that a SPEC can name, or describe one.

    [bold]Examples[/bold]

    kmbench data

    kmbench data vectors.fvecs:limit=100000
    """
    from kmbench.datasets import describe_sources, materialise
    from kmbench.runner.scratch import scratch_folder

    console = Console()
    if spec is None:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column("SPEC", overflow="fold")
        table.add_column("what it is", overflow="fold")
        for _, syntax, line in describe_sources():
            table.add_row(syntax, line)
        console.print(table, markup=False)
        return
    with scratch_folder() as scratch:
        info = materialise(spec, scratch)
    lines = (
        ("rows x columns", f"{info.n:,} x {info.d}"),
        ("stored as", info.source_dtype),
        ("as float32", f"{info.nbytes / 2**20:,.1f} MiB"),
        ("fingerprint", info.fingerprint),
        (
            "offset ratio",
            f"{info.offset_ratio:.3g}  (squared norm of the mean over the mean squared distance from it)",
        ),
    )
    for name, value in lines:
        console.print(f"{name:<15} {value}", markup=False, highlight=False)
