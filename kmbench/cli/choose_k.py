"""`kmbench choose-k`: how many clusters, or none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from kmbench.errors import OutputError

__all__ = ["choose_k_command"]

INTERRUPTED = 130
SUFFIXES = (".html", ".png", ".svg", ".pdf")


def choose_k_command(
    data: Annotated[str, typer.Argument(metavar="DATA", help="Rows to cluster; see `kmbench data`.")],
    k: Annotated[
        str, typer.Option("--k", metavar="LIST", help="Numbers of clusters to try, such as 2:64, 2:64:2 or 4,8,16.")
    ] = "2:64",
    missing: Annotated[
        str, typer.Option(metavar="refuse|mean|median|drop", help="What to do with missing values in a table.")
    ] = "refuse",
    backend: Annotated[str, typer.Option(metavar="B", help="k-means backend for all fits.")] = "numpy-lloyd",
    labels: Annotated[
        Path | None,
        typer.Option(metavar="OUT", help="Write the labels of the chosen k: .npy, or text with one label per line."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the figure and table (.html), or only the figure (.png, .svg, .pdf)."
        ),
    ] = None,
    restarts: Annotated[int, typer.Option(metavar="N", help="Starts for each k.")] = 3,
    iterations: Annotated[int, typer.Option(metavar="N", help="Lloyd iterations of each fit.")] = 25,
    threads: Annotated[int | None, typer.Option(metavar="T", help="Number of threads; default: all cores.")] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="Random seed.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Choose the number of clusters by several criteria, shown side by side.

    A table whose columns have names is prepared as `kmbench segment` does.

    "No clusters here" is a possible answer: clusters only count if uniform noise does not have them and two halves of
    the data agree on them.

    [bold]Examples[/bold]

    kmbench choose-k vectors.npy --k 2:64 --output choice.html

    kmbench choose-k customers.csv --k 2:12 --labels segments.npy

    Exit code 0: there is an answer, which may be "no clusters". 1: no k was found, but labels were requested. 2: bad
    input.
    """
    from kmbench.cli.choose_k_table import print_choice
    from kmbench.cli.outputs import check_writable
    from kmbench.cli.tune_progress import TuneProgress

    if output is not None and output.suffix.lower() not in SUFFIXES:
        raise OutputError(f"--output {output}: no such kind of file", f"use {', '.join(SUFFIXES)}")
    check_writable("--output", output)
    check_writable("--labels", labels)
    from kmbench.choosing import choose_k

    out, err = Console(soft_wrap=False), Console(stderr=True)
    try:
        with TuneProgress(err, each_step=False) as progress:
            result = choose_k(
                data,
                k,
                missing=missing,  # type: ignore[arg-type]  # the function refuses others
                backend=backend,
                restarts=restarts,
                iterations=iterations,
                threads=threads,
                seed=seed,
                progress=progress,
            )
    except KeyboardInterrupt:
        err.print("kmbench: interrupted; nothing was written", highlight=False)
        raise typer.Exit(INTERRUPTED) from None
    if output is not None and output.suffix.lower() == ".html":
        from kmbench.choosing.page import write_choose_page

        write_choose_page(result, output)
    elif output is not None:
        from kmbench.choosing.figure import save_figure

        save_figure(result, output)
    if labels is not None and result.labels is not None:
        from kmbench.cli.outputs import write_integers

        write_integers("--labels", labels, result.labels)
    if as_json:
        print(json.dumps(result.to_json(), indent=1, allow_nan=False))  # noqa: T201
    else:
        print_choice(out, result)
        for name, path in (("labels", labels if result.labels is not None else None), ("figure", output)):
            if path is not None:
                out.print(f"{name:8} {path}", soft_wrap=True, highlight=False)
    if labels is not None and result.labels is None:
        err.print(f"kmbench: no k to label by; {labels} was not written", highlight=False)
        raise typer.Exit(1)
