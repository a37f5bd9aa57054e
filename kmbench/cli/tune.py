"""`kmbench tune`: nlist and nprobe for a recall, a latency and a memory, or a saved index measured again."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from kmbench.errors import OutputError, TuneError

if TYPE_CHECKING:
    from kmbench.tuning.deployment.recipe import Recipe

__all__ = ["tune_command"]

TARGET, INDEX, HOW = "What is asked", "What is tried", "How to run"

INTERRUPTED = 130


def tune_command(
    data: Annotated[str | None, typer.Argument(metavar="DATA", help="Vectors to search; see `kmbench data`.")] = None,
    queries: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC",
            help="Queries. Default: those of an ann-benchmarks file, else rows drawn from DATA and left out of it.",
            rich_help_panel=TARGET,
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="l2|ip|cosine",
            help="Metric. Default: that of an ann-benchmarks file, else l2.",
            rich_help_panel=TARGET,
        ),
    ] = None,
    recall: Annotated[
        float, typer.Option(metavar="R", help="Share of the true neighbours to find.", rich_help_panel=TARGET)
    ] = 0.95,
    at: Annotated[int, typer.Option(metavar="K", help="Neighbours per query.", rich_help_panel=TARGET)] = 10,
    max_latency_ms: Annotated[
        float | None,
        typer.Option(
            metavar="MS", help="Limit for the 95th percentile of one query at a time.", rich_help_panel=TARGET
        ),
    ] = None,
    max_memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="Limit for the size of the index, such as 800M or 4G.", rich_help_panel=TARGET
        ),
    ] = None,
    max_build_seconds: Annotated[
        float | None,
        typer.Option(metavar="S", help="Limit for training, assignment and encoding.", rich_help_panel=TARGET),
    ] = None,
    nlist: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Numbers of lists to try. Default: powers of two around the square root of the number of rows.",
            rich_help_panel=INDEX,
        ),
    ] = None,
    index: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="Kinds of index: auto, or flat, fp16, sq8, sq4, pqM, pqMx4fs; all but flat also with +refine.",
            rich_help_panel=INDEX,
        ),
    ] = "flat",
    backend: Annotated[
        str, typer.Option(metavar="B", help="k-means backend that trains the centroids.", rich_help_panel=INDEX)
    ] = "faiss-cpu",
    iterations: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Lloyd iterations of the training. Default: 3; 10 with --thorough.",
            rich_help_panel=INDEX,
        ),
    ] = None,
    points_per_list: Annotated[
        int, typer.Option(metavar="N", help="Training rows per list.", rich_help_panel=INDEX)
    ] = 256,
    balance: Annotated[
        str,
        typer.Option(
            metavar="auto|on|off",
            help="Whether to move rows from long lists to other lists that are nearly as near.",
            rich_help_panel=INDEX,
        ),
    ] = "auto",
    probes: Annotated[
        str,
        typer.Option(
            metavar="RULE",
            help="How many lists a query probes: fixed; experimental: budget (of vectors) or damped (a budget per "
            "query).",
            rich_help_panel=INDEX,
        ),
    ] = "fixed",
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Train and time every nlist in full.", rich_help_panel=INDEX)
    ] = False,
    row_filter: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="FILE",
            help="Also answer for a filter: mask.npy, ids.npy or FILE.parquet:COLUMN=VALUE. May be repeated.",
            rich_help_panel=TARGET,
        ),
    ] = None,
    radius: Annotated[
        float | None,
        typer.Option(
            metavar="R",
            help="Also answer for a range search with this radius (for l2, the squared distance).",
            rich_help_panel=TARGET,
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="T",
            help="faiss, or a database to measure the setting in: pgvector\\[dsn=…], lance\\[uri=…], "
            "milvus\\[uri=…]; also table=, centroids=own|kmbench, builds=N. Default: faiss.",
            rich_help_panel=INDEX,
        ),
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="True neighbours of --queries, such as .ivecs.", rich_help_panel=HOW),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(metavar="T", help="Threads for batches and training; default: all cores.", rich_help_panel=HOW),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="cpu|cuda",
            help="Device to search and time the index on. Default: cpu, or that of the checked index.",
            rich_help_panel=HOW,
        ),
    ] = None,
    epochs: Annotated[
        int, typer.Option(metavar="N", help="Number of processes to time each index in.", rich_help_panel=HOW)
    ] = 3,
    seed: Annotated[int, typer.Option(metavar="S", help="Random seed.", rich_help_panel=HOW)] = 0,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder to write the index, its recipe and an example server to.", rich_help_panel=HOW
        ),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Measure a saved index again on the current DATA, with --queries or the saved ones.",
            rich_help_panel=HOW,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="PAGE.html", help="File of the page. Default: results/tune/TIME/index.html.", rich_help_panel=HOW
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.", rich_help_panel=HOW)] = False,
    report: Annotated[bool, typer.Option(help="Write the page.", rich_help_panel=HOW)] = True,
) -> None:
    r"""Choose nlist and nprobe of an IVF index for a target recall, and measure what they cost.

    [bold]Examples[/bold]

    kmbench tune vectors.npy --recall 0.95 --at 10 --save deployment

    kmbench tune glove-100-angular.hdf5 --max-latency-ms 1 --index flat,sq8,pq+refine

    kmbench tune vectors.npy --index auto --filter shop.parquet:country=AT

    kmbench tune vectors.npy --check deployment --queries today.npy

    kmbench tune vectors.npy --target "pgvector\[dsn='host=localhost dbname=items']"

    Exit code 0: all targets are met. 1: no setting meets them, and the answer is the nearest one. 2: bad input.
    """
    from kmbench.cli.tune_progress import TuneProgress

    out, err = Console(soft_wrap=False), Console(stderr=True)
    if check is not None:
        _check(check, data, queries, row_filter or [], device, target, epochs, as_json, out, err)
        return
    if data is None:
        raise TuneError("DATA is missing", "write kmbench tune DATA; `kmbench data` lists the formats")
    from kmbench.cli.tune_table import print_answer
    from kmbench.tuning import tune

    page = _page_for(output) if report else None
    try:
        with TuneProgress(err) as progress:
            result = tune(
                data,
                queries,
                metric=metric,
                recall=recall,
                at=at,
                max_latency_ms=max_latency_ms,
                max_memory=max_memory,
                max_build_seconds=max_build_seconds,
                nlist=nlist,
                index=index,
                backend=backend,
                iterations=iterations,
                points_per_list=points_per_list,
                threads=threads,
                device=device or "cpu",
                truth=truth,
                epochs=epochs,
                thorough=thorough,
                balance=balance,
                filters=row_filter or [],
                probes=probes,
                radius=radius,
                seed=seed,
                target=target or "faiss",
                save=save,
                progress=progress,
            )
    except KeyboardInterrupt:
        err.print("kmbench: interrupted; nothing was written", highlight=False)
        raise typer.Exit(INTERRUPTED) from None
    if page is not None:
        from kmbench.tuning.report.page import write_tune_page

        write_tune_page(result, page)
    if as_json:
        print(json.dumps(result.to_json(), indent=1, allow_nan=False))  # noqa: T201
    else:
        if result.there is None:
            print_answer(out, result)
        else:
            from kmbench.cli.there_table import print_there

            print_there(out, result, result.there)
        if result.saved is not None:
            out.print(f"saved    {result.saved}", soft_wrap=True, highlight=False)
        if page is not None:
            out.print(f"page     {page}", soft_wrap=True, highlight=False)
    if not result.target_met:
        sys.exit(1)


def _page_for(output: Path | None) -> Path:
    if output is not None:
        if output.suffix.lower() not in (".html", ".htm"):
            raise TuneError(f"--output {output} is not a page", "give a name that ends in .html")
        parent = next(path for path in output.absolute().parents if path.exists())
        if not parent.is_dir() or not os.access(parent, os.W_OK):
            raise OutputError(f"--output {output} cannot be written", "choose another folder")
        return output
    return Path("results") / "tune" / datetime.now().strftime("%Y%m%d-%H%M%S") / "index.html"


def _check(
    folder: Path,
    data: str | None,
    queries: str | None,
    filters: list[str],
    device: str | None,
    target: str | None,
    epochs: int,
    as_json: bool,
    out: Console,
    err: Console,
) -> None:
    from kmbench.cli.tune_progress import TuneProgress
    from kmbench.cli.tune_table import print_check
    from kmbench.tuning.deployment.check import check_deployment
    from kmbench.tuning.deployment.recipe import read_recipe

    recipe = read_recipe(folder)
    if recipe.target is not None:
        if queries is None:
            raise TuneError("--check of a database needs queries", "give them with --queries")
        if filters:
            raise TuneError("--filter cannot be combined with --check of a database", "leave --filter out")
        _check_database(recipe, data, queries, device, target, as_json, out, err)
        return
    if target not in (None, "faiss"):
        raise TuneError(f"--target with --check {folder}: it was saved for FAISS", "leave --target out")
    if len(filters) > 1:
        raise TuneError(f"--check takes one --filter, there are {len(filters)}", "check them one after the other")
    row_filter = filters[0] if filters else None
    with TuneProgress(err) as progress:
        found = check_deployment(
            folder, queries, data, row_filter=row_filter, device=device, epochs=epochs, progress=progress
        )
    if as_json:
        print(json.dumps(found.to_json(), indent=1, allow_nan=False))  # noqa: T201
    else:
        print_check(out, found)
    if not found.target_met:
        sys.exit(1)


def _check_database(
    recipe: Recipe,
    data: str | None,
    queries: str,
    device: str | None,
    target: str | None,
    as_json: bool,
    out: Console,
    err: Console,
) -> None:
    from kmbench.cli.there_table import print_database_check
    from kmbench.cli.tune_progress import TuneProgress
    from kmbench.tuning.deployment.check_database import check_database, database_of

    if data is not None:
        raise TuneError(
            f"--check of a database reads the table in the database, not {data}",
            "leave DATA out; table= names the table",
        )
    if device not in (None, "cpu"):
        raise TuneError(f"--device {device}: a database is searched on its own server", "leave --device out")
    with TuneProgress(err) as progress:
        found = check_database(recipe, database_of(recipe, target), queries, progress=progress)
    if as_json:
        print(json.dumps(found.to_json(), indent=1, allow_nan=False))  # noqa: T201
    else:
        print_database_check(out, found)
    if not found.target_met:
        sys.exit(1)
