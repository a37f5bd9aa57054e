"""The page of a tuning: one HTML file that needs no network and no script."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from kmbench.figures.html import templates, write_whole
from kmbench.report.sentences import dataset_name
from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.problem.device import device_text
from kmbench.tuning.report.figure import MOST_CURVES, legend, tune_figure
from kmbench.tuning.report.rows import frontier_rows
from kmbench.tuning.report.words import (
    answer,
    error_sentence,
    interval_sentence,
    loosen_sentences,
    next_sentence,
    recall_text,
    setting_text,
)
from kmbench.wording import bytes_text, seconds_text

__all__ = ["render_tune_page", "write_tune_page"]

HEADINGS = ("index", "nlist", "nprobe", "recall", "scanned vectors", "one query", "queries/s", "memory", "build")


def write_tune_page(result: TuneResult, page: Path) -> Path:
    """Write the page.

    Raises
    ------
    OutputError
        If it cannot be written. Until it is whole, an older one stays.
    """
    return write_whole(page, render_tune_page(result), "give another --output")


def render_tune_page(result: TuneResult) -> str:
    """Return the page as HTML."""
    from markupsafe import Markup

    return (
        templates("kmbench.tuning.report")
        .get_template("tune.html")
        .render(
            name=dataset_name(result.name),
            answer=answer(result),
            met=result.target_met,
            sentences=[*loosen_sentences(result), *filter(None, [next_sentence(result)])],
            figure=Markup(tune_figure(result)),
            legend=legend(result),
            caption=_caption(result),
            headings=HEADINGS,
            rows=_rows(result),
            timed=_timed(result),
            facts=_facts(result),
            method=_method(result),
            notes=result.notes,
            lists=[
                (
                    f"{one.nlist:,}",
                    f"{one.points:,}",
                    seconds_text(one.train_seconds),
                    f"{one.imbalance:.2f}",
                    f"{one.empty_lists:,}",
                )
                for one in result.lists
            ],
            versions=sorted(result.versions.items()),
            version=version("kmbench"),
            when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )
    )


def _caption(result: TuneResult) -> str:
    parts = [
        "Every dot is an nprobe, 1 on the left; the circle is the recommended one, dashed lines are what was asked "
        "for. Recall is exact for these queries, the time is the cost model's. Dots that would cover each other are "
        "drawn once."
    ]
    kinds = {(curve.index, curve.nlist) for curve in result.land.curves}
    if len(kinds) > MOST_CURVES:
        parts.append(f"Of {len(kinds)} pairs of index and nlist the {MOST_CURVES} fastest at the target are drawn.")
    if any(curve.index.endswith("+refine") for curve in result.land.curves):
        parts.append("With re-ranking, the number of candidates is the one that reaches the target fastest.")
    return " ".join(parts)


def _facts(result: TuneResult) -> list[str]:
    asked = result.asked
    facts = [f"{result.n:,} x {result.d}", result.metric, f"recall@{asked.at} of at least {asked.recall:g}"]
    if asked.max_latency_seconds is not None:
        facts.append(f"p95 of at most {seconds_text(asked.max_latency_seconds)}")
    if asked.max_memory_bytes is not None:
        facts.append(f"at most {bytes_text(asked.max_memory_bytes)}")
    if asked.max_build_seconds is not None:
        facts.append(f"built in at most {seconds_text(asked.max_build_seconds)}")
    threads = f"{result.threads} threads" if result.threads > 1 else "1 thread"
    place = [f"searched on {device_text(result.device, result.gpu)}"] if result.device == "cuda" else []
    return [*facts, *place, threads, f"seed {result.seed}"]


def _rows(result: TuneResult) -> list[tuple[str, list[str], bool]]:
    found = []
    for row in frontier_rows(result):
        option = row.option
        factor = f" x{option.k_factor}" if option.index.endswith("+refine") else ""
        cells = [
            option.index + factor,
            f"{option.nlist:,}",
            f"{option.nprobe:,}",
            recall_text(option),
            f"{option.scanned:,.0f}",
            seconds_text(option.mean_seconds),
            f"{1 / option.batch_seconds:,.0f}",
            bytes_text(option.memory_bytes),
            seconds_text(option.build_seconds),
        ]
        found.append((f"{row.target:g}", cells, row.recommended))
    return found


def _timed(result: TuneResult) -> list[tuple[str, list[str], bool]]:
    found = []
    for one in result.timed:
        measured = one.measured
        cells = [
            f"{one.option.recall:.3f}",
            seconds_text(measured.p50),
            seconds_text(measured.p95),
            seconds_text(measured.p99),
            seconds_text(measured.single),
            seconds_text(one.option.mean_seconds),
            f"{1 / measured.batch:,.0f}",
        ]
        found.append((setting_text(one.option), cells, one.option.key == result.choice.option.key))
    return found


def _runs_on(result: TuneResult) -> str:
    if result.device == "cpu":
        return "One query at a time runs on one thread, batches on all."
    return (
        f"The index is searched on {device_text(result.device, result.gpu)}; queries and answers are in host memory, "
        "and times hold their way there and back."
    )


def _method(result: TuneResult) -> list[str]:
    return [
        f"Recall of {result.choice.option.index}: {result.method}. True neighbours: {result.truth_text}. A direct "
        f"search of the finished index found recall {result.verified_recall:.4f}.",
        interval_sentence(result),
        error_sentence(result),
        f"{_runs_on(result)} Latency is the median of the percentiles in fresh "
        "processes, which took turns in shuffled order; a measurement that waited for a core was taken once more.",
        f"Centroids were trained by {result.backend}; build time is training, assignment and encoding on this host.",
    ]
