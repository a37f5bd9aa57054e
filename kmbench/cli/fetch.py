"""`kmbench fetch`: public data sets by name, fetched only when asked for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

__all__ = ["fetch_command"]


def fetch_command(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Name of the data set; without it, all known data sets are listed."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Put the files here instead of into the cache.")
    ] = None,
) -> None:
    """Fetch a public data set by its name, or list the known ones.

    The size is shown first. If a transfer breaks off, the same command continues it.

    [bold]Examples[/bold]

    kmbench fetch

    kmbench fetch glove-100-angular

    kmbench tune ann:name=glove-100-angular --recall 0.95
    """
    from kmbench.datasets.collections.catalogue import PUBLIC_SETS, find_set
    from kmbench.datasets.collections.fetch import bytes_to_fetch, fetch_set, set_folder

    console = Console(soft_wrap=True)
    if name is None:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for title in ("name", "rows", "columns", "metric"):
            table.add_column(title, justify="left" if title in ("name", "metric") else "right")
        for one in PUBLIC_SETS.values():
            table.add_row(one.name, f"{one.n:,}", str(one.d), one.metric)
        console.print(table)
        return
    wanted = find_set(name)
    folder = to or set_folder(name)
    size = bytes_to_fetch(wanted, folder)
    if size is None:
        console.print(f"{name}: the server does not report its size", markup=False, highlight=False)
    elif size:
        console.print(f"{name}: {size / 1e6:,.1f} MB to fetch into {folder}", markup=False, highlight=False)
    columns = (
        TextColumn("{task.description}"), BarColumn(bar_width=20), DownloadColumn(), TransferSpeedColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    errors = Console(stderr=True)
    with Progress(*columns, console=errors, transient=True, disable=not sys.stderr.isatty()) as bar:
        tasks = {file.name: bar.add_task(file.name, total=None) for file in wanted.files}
        paths = fetch_set(
            wanted,
            folder,
            to_fetch=size,
            progress=lambda file, done, total: bar.update(tasks[file], completed=done, total=total),
        )
    for path in paths:
        console.print(f"{path}  {path.stat().st_size / 1e6:,.1f} MB", markup=False, highlight=False)
    if to is None:
        console.print(f"Use it as ann:name={name}", markup=False, highlight=False)
