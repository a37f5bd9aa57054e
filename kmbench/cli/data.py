"""`kmbench data`: the SPEC syntax, and what a SPEC holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from kmbench.cli.note_lines import print_every_note
from kmbench.errors import DataError

if TYPE_CHECKING:
    from kmbench.datasets.tables.table import Table as DataTable
    from kmbench.notes import Note
    from kmbench.records import DatasetInfo

__all__ = ["data_command"]


def data_command(
    spec: Annotated[str | None, typer.Argument(metavar="[SPEC]", help="Read this data and describe it.")] = None,
) -> None:
    """List the data formats that a SPEC can name, or describe a data set.

    For a table, it shows how each column is read, with examples, and why a column is left out.

    [bold]Examples[/bold]

    kmbench data

    kmbench data vectors.fvecs:limit=100000

    kmbench data customers.csv
    """
    from kmbench.datasets import describe_sources

    console = Console()
    if spec is None:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        table.add_column("SPEC", overflow="fold")
        table.add_column("what it is", overflow="fold")
        for _, syntax, line in describe_sources():
            table.add_row(syntax, line)
        console.print(table, markup=False)
        return
    found = _read(spec)
    if found.table is not None:
        _print_columns(console, found.table)
    if found.info is not None:
        _print_facts(console, found.info)
    print_every_note(console, found.notes)
    if found.error is not None:
        raise found.error


@dataclass(frozen=True, slots=True)
class _Found:
    """What a SPEC holds: a table, vectors, or a table without numbers and the error that says so."""

    table: DataTable | None
    info: DatasetInfo | None
    notes: tuple[Note, ...]
    error: DataError | None = None


def _read(text: str) -> _Found:
    from kmbench.datasets import ConvertedRows, materialise, parse_spec, read_table_spec
    from kmbench.datasets.tables.rows import TableRows
    from kmbench.runner.scratch import scratch_folder

    spec = parse_spec(text)
    table = read_table_spec(spec)
    with scratch_folder() as scratch:
        if table is None:
            info = materialise(text, scratch, shift=True)
            return _Found(None, info, info.notes)
        notes = table.notes
        try:
            rows = TableRows(table)
            table, shown = rows.table, rows.notes
            info = materialise(text, scratch, ConvertedRows(rows, spec.options, spec.source, shift=True))
        except DataError as error:
            return _Found(table, None, notes, error)
    return _Found(table, info, tuple(one for one in info.notes if one in notes or one not in shown))


def _print_columns(console: Console, table: DataTable) -> None:
    """Print a line for each column: name, how it is read, examples, used or why not."""
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title, width in (("column", 20), ("read as", 24), ("examples", 24), ("used", None)):
        shown.add_column(title, overflow="fold", max_width=width)
    for column in table.columns:
        reason = None if column.left_out is None else column.left_out
        used = (
            "yes"
            if reason is None
            else f"no: {reason.text.removeprefix(f'{column.name} was left out')} {reason.code}"
        )
        told = [
            f"! {one.text.removeprefix(f'{column.name}: ')} {one.code}" for one in column.notes if one is not reason
        ]
        examples = ", ".join(example[:20] for example in column.examples)
        shown.add_row(
            column.name,
            column.how,
            examples,
            "\n".join([used.replace("no: : ", "no: ").replace("no: ,", "no,"), *told]),
        )
    console.print(shown, markup=False)
    console.print()


def _print_facts(console: Console, info: DatasetInfo) -> None:
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
