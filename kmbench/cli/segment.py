"""`kmbench segment`: rows of a table, such as customers, in k segments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from kmbench.cli.lines import Column, print_parts
from kmbench.cli.note_lines import print_notes
from kmbench.notes import notes_as_json
from kmbench.wording import shortened

if TYPE_CHECKING:
    from kmbench.segments import SegmentResult
    from kmbench.segments.profile import Profile

__all__ = ["print_segments", "segment_command"]

VALUE_WIDTH = 16
"""Characters of a category that are shown."""

STABLE = 0.85
"""Jaccard index from which on a segment is called stable: Hennig (2007)."""


def segment_command(
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help="Text, spreadsheet, Parquet or a SPEC; see `kmbench data`.")
    ],
    k: Annotated[int, typer.Option("--k", "-k", metavar="K", help="Number of segments.")] = 5,
    output: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Write the table with a column `segment`.")
    ] = None,
    missing: Annotated[
        str,
        typer.Option(
            metavar="refuse|mean|median|drop", help="Missing values: refuse them, fill them in, or drop the rows."
        ),
    ] = "refuse",
    leave_out: Annotated[
        list[str] | None, typer.Option("--leave-out", metavar="COLUMN", help="Column to leave out; may be repeated.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="COLUMN", help="Cluster only by this column; may be repeated."),
    ] = None,
    row_id: Annotated[
        str | None,
        typer.Option("--id", metavar="COLUMN", help="Column that identifies the rows; it is not clustered by."),
    ] = None,
    decimal: Annotated[
        str | None,
        typer.Option(metavar="point|comma", help="Decimal mark, if the table leaves it open."),
    ] = None,
    backend: Annotated[str, typer.Option(metavar="B", help="k-means backend.")] = "numpy-lloyd",
    seeds: Annotated[
        int, typer.Option(metavar="N", help="Number of starts: the best is used, all measure the stability.")
    ] = 10,
    seed: Annotated[int, typer.Option(metavar="S", help="Random seed of the first start.")] = 0,
    iterations: Annotated[int, typer.Option(metavar="N", help="Lloyd iterations.")] = 50,
    threads: Annotated[int | None, typer.Option(metavar="T", help="Number of threads; default: all cores.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Divide the rows of a table into segments, and describe them.

    Numbers are standardised, and texts become columns of 0 and 1. Columns without information are left out, and a
    note names them.

    [bold]Examples[/bold]

    kmbench segment customers.csv --k 5 --output segments.csv

    kmbench segment customers.csv --k 4 --leave-out name --missing median

    kmbench segment umsatz.csv --k 4 --decimal comma --id Kundennummer
    """
    from kmbench.cli.outputs import check_writable, write_bytes
    from kmbench.errors import OutputError
    from kmbench.segments import segment

    if output is not None and output.suffix.lower() != ".csv":
        raise OutputError(f"--output {output}: not a .csv file", "use the suffix .csv")
    check_writable("--output", output)
    result = segment(
        table,
        k,
        missing=missing,  # type: ignore[arg-type]  # the function refuses others
        leave_out=leave_out or [],
        columns=columns or [],
        id=row_id,
        decimal=decimal,  # type: ignore[arg-type]
        backend=backend,
        seeds=seeds,
        seed=seed,
        iterations=iterations,
        threads=threads,
    )
    if output is not None:
        write_bytes("--output", output, result.csv)
    if as_json:
        print(json.dumps(_as_object(result, output), indent=1, ensure_ascii=False))  # noqa: T201
    else:
        print_segments(Console(highlight=False), result, output)


def _as_object(result: SegmentResult, output: Path | None) -> dict[str, object]:
    stability = result.segment_stability
    return {
        "segments": [
            {
                "segment": profile.number,
                "size": profile.size,
                "share": profile.share,
                "means": profile.means,
                "most_frequent": {name: {"value": v, "share": s} for name, (v, s) in profile.modes.items()},
                "stability": None if stability is None else stability[profile.number - 1],
            }
            for profile in result.profiles[1:]
        ],
        "all": {"size": result.profiles[0].size, "means": result.profiles[0].means},
        "features": result.features,
        "backend": result.backend,
        "inertia": result.inertia,
        "silhouette": result.silhouette,
        "seeds": result.seeds,
        "stability": result.stability,
        "least_stability": result.least_stability,
        "output": None if output is None else str(output),
        **notes_as_json(result.notes),
    }


def print_segments(console: Console, result: SegmentResult, output: Path | None) -> None:
    """Print who is in the segments, how stable they are, and the notes."""
    whole, *segments = result.profiles
    console.print(f"{whole.size:,} rows in {len(segments)} segments by {len(result.features)} features", style="bold")
    stability = result.segment_stability
    print_parts(console, _columns(whole, segments, stability))
    console.print("Means in the table's units; bold: half a standard unit or more from the mean.", style="dim")
    facts = []
    if result.silhouette is not None:
        facts.append(f"simplified silhouette {result.silhouette:.3f}")
    if result.stability is not None:
        facts.append(
            f"adjusted Rand index between {result.seeds} seeds {result.stability:.3f}, at least "
            f"{result.least_stability:.3f}"
        )
    if facts:
        console.print(", ".join(facts))
    print_notes(console, result.notes)
    if output is not None:
        console.print(f"written  {output}", soft_wrap=True)


def _columns(whole: Profile, segments: list[Profile], stability: list[float] | None) -> list[Column]:
    """Return a column of names and one for each segment and the whole: columns of data are often many."""
    names = ["size", "share", *whole.means]
    for name in whole.modes:
        names += [name, ""]
    names += [] if stability is None else ["stability"]
    columns = [Column("segment", names, right=False)]
    for profile in [*segments, whole]:
        cells: list[str | Text] = [f"{profile.size:,}", "" if profile is whole else f"{100 * profile.share:.1f}%"]
        for name, mean in profile.means.items():
            apart = profile is not whole and abs(mean - whole.means[name]) >= 0.5 * whole.spreads[name]
            cells.append(Text(_number(mean), style="bold" if apart else ""))
        for name in whole.modes:
            mode = profile.modes.get(name)
            cells += ["", ""] if mode is None else [shortened(mode[0], VALUE_WIDTH), f"{100 * mode[1]:.0f}%"]
        if stability is not None:
            value = None if profile is whole else stability[profile.number - 1]
            cells.append("" if value is None else Text(f"{value:.2f}", style="green" if value >= STABLE else ""))
        columns.append(Column("all" if profile is whole else str(profile.number), cells))
    return columns


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
