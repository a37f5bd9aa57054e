"""The page of a tuning: one HTML file that needs no network and no script."""

from __future__ import annotations

from pathlib import Path

from kmbench.figures.html import now_text, render, write_whole
from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.index.kinds import reranks
from kmbench.tuning.problem.device import device_text
from kmbench.tuning.report.extras import (
    FILTER_HEADINGS,
    KIND_HEADINGS,
    SWEPT_HEADINGS,
    extra_sentences,
    filter_rows,
    filter_sentences,
    kind_rows,
    swept_rows,
)
from kmbench.tuning.report.figure import MOST_CURVES, legend, tune_figure
from kmbench.tuning.report.rows import frontier_rows
from kmbench.tuning.report.there import there_answer
from kmbench.tuning.report.there_page import there_section
from kmbench.tuning.report.words import (
    answer,
    error_sentence,
    interval_sentence,
    loosen_sentences,
    next_sentence,
    recall_text,
    setting_text,
)
from kmbench.wording import bytes_text, dataset_name, seconds_text, threads_text

__all__ = ["render_tune_page", "write_tune_page"]

HEADINGS = (
    "for recall", "index", "nlist", "nprobe", "recall", "scanned vectors", "99th percentile", "one query",
    "queries/s", "memory", "build",
)  # fmt: skip
MEASURED = ("setting", "recall", "p50", "p95", "p99", "mean", "by the model", "queries/s")
LISTS = ("nlist", "rows trained on", "training", "imbalance", "empty lists", "evened")

Rows = list[tuple[str, list[str], bool]]
"""What stands at the head of each row, the cells after it, and whether it is the chosen one."""


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
    return render(
        "kmbench.tuning.report",
        "tune.html",
        name=dataset_name(result.name),
        answer=answer(result) if result.there is None else there_answer(result, result.there),
        sentences=[]
        if result.there is not None
        else [*loosen_sentences(result), *filter(None, [next_sentence(result)])],
        facts=_facts(result),
        notes=[str(note) for note in (*result.notes, *(() if result.there is None else result.there.notes))],
        figure=tune_figure(result),
        legend=legend(result),
        caption=_caption(result),
        headings=HEADINGS,
        rows=_rows(result),
        mark="chosen" if result.target_met else "nearest",
        measured_headings=MEASURED,
        measured=_timed(result),
        method=_method(result),
        lists_headings=LISTS,
        extras=_extras(result),
        extra_sentences=[*filter_sentences(result), *extra_sentences(result)],
        lists=_lists(result),
        versions=sorted(result.versions.items()),
        there=None if result.there is None else there_section(result, result.there),
        when=now_text(),
    )


def _extras(result: TuneResult) -> list[tuple[str, tuple[str, ...], Rows]]:
    """Return title, headings and rows of the tables that not every tuning has."""
    found = (
        ("Kinds of index at the target, measured", KIND_HEADINGS, kind_rows(result)),
        ("Numbers of lists compared, by lists that were trained cheaply", SWEPT_HEADINGS, swept_rows(result)),
        ("Filters", FILTER_HEADINGS, filter_rows(result)),
    )
    return [
        (title, headings, [(cells[0], cells[1:], chosen) for cells, chosen in rows])
        for title, headings, rows in found
        if len(rows) > 1 or (rows and headings is FILTER_HEADINGS)
    ]


def _caption(result: TuneResult) -> str:
    parts = [
        "Every dot is an nprobe, 1 on the left; the circle is the recommended one, dashed lines are the limits. "
        "Recall is exact for these queries; the time is that of the cost model. Overlapping dots are drawn once."
    ]
    kinds = {(curve.index, curve.nlist) for curve in result.settings.curves}
    if len(kinds) > MOST_CURVES:
        parts.append(f"Of {len(kinds)} pairs of index and nlist the {MOST_CURVES} fastest at the target are drawn.")
    if any(reranks(curve.index) for curve in result.settings.curves):
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
    place = [f"searched on {device_text(result.device, result.gpu)}"] if result.device == "cuda" else []
    return [*facts, *place, threads_text(result.threads), f"seed {result.seed}"]


def _rows(result: TuneResult) -> Rows:
    found = []
    for row in frontier_rows(result):
        option = row.option
        factor = f" x{option.k_factor}" if reranks(option.index) else ""
        cells = [
            option.index + factor,
            f"{option.nlist:,}",
            f"{option.nprobe:,}",
            recall_text(option),
            f"{option.scanned:,.0f}",
            f"{option.scanned_p99:,.0f}",
            seconds_text(option.mean_seconds),
            f"{1 / option.batch_seconds:,.0f}",
            bytes_text(option.memory_bytes),
            seconds_text(option.build_seconds),
        ]
        found.append((f"{row.target:g}", cells, row.recommended))
    return found


def _timed(result: TuneResult) -> Rows:
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


def _lists(result: TuneResult) -> Rows:
    found = []
    for one in result.lists:
        even = "yes" if one.balanced else "no"
        cells = [
            f"{one.points:,}",
            seconds_text(one.train_seconds),
            f"{one.imbalance:.2f}",
            f"{one.empty_lists:,}",
            even,
        ]
        found.append((f"{one.nlist:,}", cells, False))
    return found


def _runs_on(result: TuneResult) -> str:
    if result.device == "cpu":
        return "One query at a time runs on one thread, batches on all."
    return (
        f"The index is searched on {device_text(result.device, result.gpu)}; queries and answers are in host "
        "memory, and times include both transfers."
    )


def _method(result: TuneResult) -> list[str]:
    return [
        f"Recall of {result.choice.option.index}: {result.method}. True neighbours: {result.truth_text}. A direct "
        f"search of the finished index found recall {result.verified_recall:.4f}.",
        interval_sentence(result),
        error_sentence(result),
        f"{_runs_on(result)} Latency is the median of the percentiles in fresh processes, which took turns in "
        "shuffled order; a measurement that waited for a core was repeated.",
        f"Centroids were trained by {result.backend}; build time is training, assignment and encoding on this host.",
    ]
