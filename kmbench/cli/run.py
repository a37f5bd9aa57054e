"""`kmbench run`: measure a study, print the table, write the page."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kmbench.cli.progress import Progress
from kmbench.errors import StudyError
from kmbench.wording import count_text

__all__ = ["run_command"]

WORK, RUN = "What to measure", "How to run"

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


UNFINISHED = 3
"""Exit code where ``--stop-after`` left cases for the next time."""


def _numbers(option: str, text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part.replace("_", "")) for part in text.split(",") if part.strip()]
    except ValueError:
        raise StudyError(f"{option} {text}: not a list of whole numbers", f"write {option} 16,64") from None


def run_command(
    study: Annotated[
        Path | None, typer.Argument(help="Study file (TOML); default without --data: the built-in study 'quick'.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data", metavar="SPEC", help="Data set; may be repeated. See `kmbench data`.", rich_help_panel=WORK
        ),
    ] = None,
    workload: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Task to score the clusters by, such as palette\\[space=lab]; see `kmbench workloads`.",
            rich_help_panel=WORK,
        ),
    ] = None,
    backends: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Backends, such as numpy-lloyd,faiss-ivf\\[nlist=16,64;nprobe=1,4], or all.",
            rich_help_panel=WORK,
        ),
    ] = None,
    k: Annotated[
        str | None, typer.Option("--k", "-k", metavar="LIST", help="Numbers of clusters.", rich_help_panel=WORK)
    ] = None,
    iterations: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Lloyd iterations (matched: exactly, default 10; target: at most, default 64).",
            rich_help_panel=WORK,
        ),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            metavar="matched|native|target",
            help="matched: same start, same iterations, all rows. native: as each library's documentation "
            "recommends. target: time to within 1 % and 0.1 % of the best known inertia.",
            rich_help_panel=WORK,
        ),
    ] = None,
    threads: Annotated[
        str | None, typer.Option(metavar="LIST", help="Thread counts; default: all cores.", rich_help_panel=WORK)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="S", help="Random seed of the start.", rich_help_panel=WORK)
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(metavar="N", help="Number of starts in the protocol target (default 5).", rich_help_panel=WORK),
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Number of epochs; default: until the intervals are within 5 %.", rich_help_panel=RUN
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Run three epochs.", rich_help_panel=RUN)] = False,
    precise: Annotated[
        bool, typer.Option("--precise", help="Run epochs until the intervals are within 2 %.", rich_help_panel=RUN)
    ] = False,
    budget: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Time limit for one case (default 600).", rich_help_panel=RUN),
    ] = None,
    blas_coretype: Annotated[
        str | None,
        typer.Option(metavar="ARCH", help="OpenBLAS kernels for all workers, such as SkylakeX.", rich_help_panel=RUN),
    ] = None,
    pages: Annotated[
        str | None,
        typer.Option(
            metavar="warm|cold",
            envvar="KMBENCH_PAGES",
            show_envvar=False,
            help="warm (default): touch memory right before each timed fit. cold: do not.",
            rich_help_panel=RUN,
        ),
    ] = None,
    cores: Annotated[
        str | None,
        typer.Option(
            metavar="same-l3|spread",
            help="Bind workers to cores of one L3 cache, or of several (default: not bound).",
            rich_help_panel=RUN,
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="local:N|tcp://…|spark://…",
            help="Where Dask and Spark run (default: here, one worker per thread).",
            rich_help_panel=RUN,
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(metavar="BACKEND", help="Backend that speed-ups are relative to.", rich_help_panel=RUN),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Run folder; default: results/STUDY/TIME.", rich_help_panel=RUN)
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", help="Time limit for one step of a worker (default 600).", rich_help_panel=RUN
        ),
    ] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Memory limit of one worker, such as 4G; default: the free memory.",
            rich_help_panel=RUN,
        ),
    ] = None,
    wide: Annotated[
        bool,
        typer.Option(
            "--wide",
            help="Show all figures, with CPU time, agreement, and separate times of fit and labels.",
            rich_help_panel=RUN,
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON array, an object per row.", rich_help_panel=RUN),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an interrupted run.", rich_help_panel=RUN)
    ] = False,
    stop_after: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help="Start no further case after this time; --resume continues the run.",
            rich_help_panel=RUN,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print the cells and an estimate of the time, but measure nothing.", rich_help_panel=RUN
        ),
    ] = False,
    report: Annotated[bool, typer.Option(help="Write index.html into the run folder.", rich_help_panel=RUN)] = True,
) -> None:
    """Compare k-means backends on the same work.

    [bold]Examples[/bold]

    kmbench run

    kmbench run --data digits --k 10 --backends numpy-lloyd,sklearn-lloyd,faiss-cpu

    kmbench run --data vectors.fbin:limit=1000000 --k 1024,4096 --threads 1,8 --output results/vectors

    Exit code 0: all cells are sound. 1: a cell failed or gave a wrong answer. 2: bad input, nothing was measured.
    3: --stop-after left cases unmeasured.
    """
    options: dict[str, Any] = {
        "data": data or None,
        "workload": workload,
        "backends": backends,
        "k": _numbers("--k", k),
        "iterations": iterations,
        "protocol": protocol,
        "threads": _numbers("--threads", threads),
        "seed": seed,
        "seeds": seeds,
        "repeats": repeats,
        "quick": quick or None,
        "precise": precise or None,
        "budget": budget,
        "blas_coretype": blas_coretype,
        "pages": pages,
        "cores": cores,
        "cluster": cluster,
        "baseline": baseline,
        "timeout": timeout,
        "memory_limit": memory_limit,
    }
    # Imported here, so that --help does not wait for them.
    from kmbench.api import measure, study_from
    from kmbench.cli.answer import print_run
    from kmbench.cli.table import print_plan
    from kmbench.runner.run import plan

    chosen = study_from(study, options)
    out, err = Console(soft_wrap=False), Console(stderr=True)
    if dry_run:
        from kmbench.runner.estimate import estimate_seconds

        cases = plan(chosen)
        seconds = estimate_seconds(cases, chosen)
        if as_json:
            planned = [
                dataclasses.asdict(cell.key) | {"status": cell.status, "reason": cell.reason}
                for case in cases
                for cell in case.cells
            ]
            print(json.dumps(planned, indent=1))  # noqa: T201
        else:
            print_plan(out, cases, seconds)
        return
    try:
        with Progress(err) as progress:
            run = measure(chosen, output, resume, progress, stop_after=stop_after)
    except KeyboardInterrupt:
        kept = (
            f"the measurements so far are in {progress.folder}: continue with --resume"
            if progress.folder
            else "nothing was kept"
        )
        err.print(f"kmbench: interrupted; {kept}", soft_wrap=True, highlight=False)
        raise typer.Exit(INTERRUPTED) from None
    page: Path | None = None
    if report:
        from kmbench.report import write_run_page

        page = write_run_page(run)
    if as_json:
        print(json.dumps(run.json_rows(), indent=1, allow_nan=False))  # noqa: T201
    else:
        print_run(out, run, wide=wide)
        out.print(f"records  {run.folder}", soft_wrap=True, highlight=False)
        if page is not None:
            out.print(f"page     {page}", soft_wrap=True, highlight=False)
    if run.cases_left:
        err.print(
            f"kmbench: stopped with {count_text(run.cases_left, 'case')} left: continue with --resume",
            soft_wrap=True,
            highlight=False,
        )
        raise typer.Exit(UNFINISHED)
    if run.failed:
        sys.exit(1)
