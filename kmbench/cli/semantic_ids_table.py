"""The scores of semantic IDs in 80 columns."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from kmbench.semantic import SemanticIds

__all__ = ["print_ids"]


def print_ids(console: Console, result: SemanticIds) -> None:
    """Print a row for each level, the collisions, and the first IDs."""
    books, shared = result.codebooks, result.collisions
    console.print()
    title = f"{result.name}  {result.n:,} x {books.d}  {books.levels} levels of {books.codes}, {books.metric}"
    console.print(title, style="bold", markup=False, highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("level", "codes used", "perplexity", "error", "of the variance"):
        table.add_column(heading, justify="right", no_wrap=True)
    for place, level in enumerate(result.levels, start=1):
        share = "" if level.relative_error is None else f"{level.relative_error:.1%}"
        used = f"{level.used:,} of {books.codes:,}"
        table.add_row(str(place), used, f"{level.perplexity:.1f}", f"{level.error:.4g}", share)
    console.print(table)
    console.print(
        f"{shared.distinct:,} different IDs for {result.n:,} items: collision rate {shared.rate:.2%}; the largest "
        "group of items that share an ID has "
        f"{shared.largest:,}{', and a last digit tells them apart' if result.unique else ''}.",
        highlight=False,
    )
    for number, digits in enumerate(result.ids[:3]):
        console.print(f"item {number}: {'-'.join(map(str, digits))}", style="dim", highlight=False)
    console.print(
        "Error: mean squared distance between items and their reconstruction from the digits up to this level.",
        style="dim",
        highlight=False,
    )
