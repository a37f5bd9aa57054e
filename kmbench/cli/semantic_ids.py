"""`kmbench semantic-ids`: embeddings to IDs of a few digits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from kmbench.errors import CaseError

__all__ = ["semantic_ids_command"]

INTERRUPTED = 130


def semantic_ids_command(
    embeddings: Annotated[
        str, typer.Argument(metavar="EMBEDDINGS", help="Vectors, one item per row; see `kmbench data`.")
    ],
    levels: Annotated[int | None, typer.Option(metavar="L", help="Digits of an ID. Default: 3.")] = None,
    codebook: Annotated[
        int | None, typer.Option(metavar="K", help="Values that a digit can take. Default: 256.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="IDS", help="Write the IDs, shape (n, L): .npy, or text with commas.")
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(metavar="cosine|l2", help="cosine (default) normalizes a copy of the vectors to norm 1."),
    ] = None,
    unique: Annotated[bool, typer.Option("--unique", help="Add a last digit that tells equal IDs apart.")] = False,
    save: Annotated[Path | None, typer.Option(metavar="FILE.npz", help="Write the codebooks.")] = None,
    codebooks: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npz", help="Use codebooks written by --save instead of training new ones."),
    ] = None,
    backend: Annotated[str, typer.Option(metavar="B", help="k-means backend for the training.")] = "numpy-lloyd",
    iterations: Annotated[int, typer.Option(metavar="N", help="Lloyd iterations for each level.")] = 25,
    points_per_code: Annotated[int, typer.Option(metavar="N", help="Training items per code.")] = 256,
    threads: Annotated[int | None, typer.Option(metavar="T", help="Number of threads; default: all cores.")] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="Random seed.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Give every embedding an ID of a few digits, by residual k-means.

    Each level clusters the residuals of the level before it. Items with the same first digits are similar.

    [bold]Examples[/bold]

    kmbench semantic-ids items.npy --levels 3 --codebook 256 --unique --output ids.npy --save books.npz

    kmbench semantic-ids new_items.npy --codebooks books.npz --output new_ids.npy
    """
    from kmbench.cli.outputs import check_writable, write_integers
    from kmbench.cli.semantic_ids_table import print_ids
    from kmbench.cli.tune_progress import TuneProgress

    if codebooks is not None:
        given = {"--levels": levels, "--codebook": codebook, "--metric": metric, "--save": save}
        for name, value in given.items():
            if value is not None:
                raise CaseError(
                    f"{name} cannot be combined with --codebooks", "leave it out: the codebooks determine it"
                )
    if save is not None and save.suffix.lower() != ".npz":
        raise CaseError(f"--save {save}: not an .npz file", "give a name that ends in .npz")
    check_writable("--output", output)
    check_writable("--save", save)
    from kmbench.semantic import semantic_ids

    out, err = Console(soft_wrap=False), Console(stderr=True)
    try:
        with TuneProgress(err) as progress:
            result = semantic_ids(
                embeddings,
                levels=3 if levels is None else levels,
                codebook=256 if codebook is None else codebook,
                metric=metric or "cosine",
                codebooks=codebooks,
                unique=unique,
                backend=backend,
                iterations=iterations,
                points_per_code=points_per_code,
                seed=seed,
                threads=threads,
                progress=progress,
            )
    except KeyboardInterrupt:
        err.print("kmbench: interrupted; nothing was written", highlight=False)
        raise typer.Exit(INTERRUPTED) from None
    if output is not None:
        write_integers("--output", output, result.ids)
    if save is not None:
        result.codebooks.save(save)
    if as_json:
        print(json.dumps(result.to_json(), indent=1, allow_nan=False))  # noqa: T201
        return
    print_ids(out, result)
    for name, path in (("IDs", output), ("books", save)):
        if path is not None:
            out.print(f"{name:8} {path}", soft_wrap=True, highlight=False)
