"""The one table of what a cell can tell: name, title, unit, which direction is better, summary and wording.

The table on the terminal and on the page, the Markdown of a pull request, the columns for benchopt and the summary of
a cell's samples are all made from `FIGURES`; JSON and CSV hold every field of `kmbench.analysis.CellSummary`.

To add a figure: give it a field in `kmbench.records.Record` and in `CellSummary`, and an entry here. A test finds
fields with a number that have no entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from kmbench.wording import agreement_text, bytes_text, range_text, ratio_text, seconds_text, spread_text, times_text

__all__ = ["FIGURES", "CellFigure", "Face", "Summary", "Worded", "figures_of", "summarised_by"]


class Summary(StrEnum):
    """What the samples of a cell come to."""

    MEDIAN = "median"
    """Of the means of the epochs."""
    LARGEST = "largest"
    """Of all samples."""
    LAST = "last"
    """The last record that tells it: what is measured once for a cell."""
    COMPARED = "compared"
    """Worked out with the samples of the baseline."""


class Face(StrEnum):
    """Where figures are shown."""

    TERMINAL = "terminal"
    PAGE = "page"
    MARKDOWN = "markdown"
    BENCHOPT = "benchopt"


@dataclass(frozen=True, slots=True)
class Worded:
    """A figure as it is written, and the smaller one that belongs to it, such as its interval; empty without any."""

    main: str = ""
    aside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFigure:
    """One figure of a cell.

    Attributes
    ----------
    name : str
        Its field, with the unit at the end where it has one.
    title : str
        Heading of its column.
    page_title, aside : str
        Its heading on the page, and what the smaller figure there is.
    unit : str
        ``s``, ``bytes``, ``x`` for ratios of times, ``ratio`` to the reference, or empty.
    better : {"lower", "higher"} or None
        None where neither is.
    summary : Summary
    word : callable
        From a `kmbench.analysis.CellSummary` to how it is written.
    shown : frozenset of Face
    """

    name: str
    title: str
    unit: str
    better: Literal["lower", "higher"] | None
    summary: Summary
    word: Callable[[Any], Worded] = lambda row: Worded()
    page_title: str = ""
    aside: str = ""
    shown: frozenset[Face] = frozenset()


def _time(row: Any) -> Worded:
    middle, low, high = row.fit_predict_seconds, row.fit_predict_seconds_low, row.fit_predict_seconds_high
    known = middle and low is not None and high is not None and row.epochs > 1
    return Worded(seconds_text(middle), spread_text(low, middle, high) if known else "")


def _speedup(row: Any) -> Worded:
    if row.label == row.baseline and row.speedup is not None:
        return Worded("baseline")
    return _ratio(row.speedup, row.speedup_low, row.speedup_high)


def _cpu_speedup(row: Any) -> Worded:
    if row.label == row.baseline:
        return Worded()
    return _ratio(row.cpu_speedup, row.cpu_speedup_low, row.cpu_speedup_high)


def _ratio(ratio: float | None, low: float | None, high: float | None) -> Worded:
    if ratio is None:
        return Worded()
    return Worded(times_text(ratio), "" if low is None or high is None else range_text(low, high))


def _memory(row: Any) -> Worded:
    peak, given = row.peak_extra_bytes, row.input_bytes
    return Worded(bytes_text(peak), "" if peak is None or not given else times_text(peak / given))


def _by(name: str, text: Callable[[Any], str]) -> Callable[[Any], Worded]:
    def word(row: Any) -> Worded:
        value = getattr(row, name)
        return Worded() if value is None else Worded(text(value))

    return word


_TABLES = frozenset({Face.TERMINAL, Face.PAGE, Face.MARKDOWN})
_PAGE = frozenset({Face.PAGE})

FIGURES: tuple[CellFigure, ...] = (
    CellFigure(
        name="fit_predict_seconds", title="time", unit="s", better="lower", summary=Summary.MEDIAN, word=_time,
        page_title="fit + labels", aside="± spread", shown=_TABLES,
    ),
    CellFigure(
        name="speedup", title="speed-up", unit="x", better="higher", summary=Summary.COMPARED, word=_speedup,
        aside="95% interval", shown=_TABLES,
    ),
    CellFigure(
        name="peak_extra_bytes", title="memory", unit="bytes", better="lower", summary=Summary.LAST, word=_memory,
        aside="to input", shown=_TABLES | {Face.BENCHOPT},
    ),
    CellFigure(
        name="inertia_ratio", title="inertia", unit="ratio", better="lower", summary=Summary.LAST,
        word=_by("inertia_ratio", ratio_text), aside="to reference", shown=_TABLES,
    ),
    CellFigure(
        name="ari", title="ARI", unit="", better="higher", summary=Summary.LAST, word=_by("ari", "{:.3f}".format),
        shown=frozenset({Face.PAGE, Face.MARKDOWN, Face.BENCHOPT}),
    ),
    CellFigure(
        name="matched_agreement", title="matched", unit="", better="higher", summary=Summary.LAST,
        word=_by("matched_agreement", agreement_text), shown=_PAGE | {Face.BENCHOPT},
    ),
    CellFigure(
        name="cpu_speedup", title="in CPU time", unit="x", better="higher", summary=Summary.COMPARED,
        word=_cpu_speedup, aside="95% interval", shown=_PAGE,
    ),
    CellFigure(
        name="fit_seconds", title="fit", unit="s", better="lower", summary=Summary.MEDIAN,
        word=_by("fit_seconds", seconds_text), shown=_PAGE,
    ),
    CellFigure(
        name="assign_seconds", title="assign", unit="s", better="lower", summary=Summary.MEDIAN,
        word=_by("assign_seconds", seconds_text), shown=_PAGE,
    ),
    CellFigure(
        name="empty_clusters", title="empty", unit="", better="lower", summary=Summary.LAST,
        word=_by("empty_clusters", str), aside="clusters", shown=_PAGE,
    ),
    CellFigure(
        name="n_iter", title="iterations", unit="", better=None, summary=Summary.LAST, word=_by("n_iter", str),
        shown=_PAGE,
    ),
    CellFigure(
        name="inertia", title="inertia", unit="", better="lower", summary=Summary.LAST,
        shown=frozenset({Face.BENCHOPT}),
    ),
    CellFigure(name="fit_cpu_seconds", title="fit, CPU", unit="s", better="lower", summary=Summary.MEDIAN),
    CellFigure(name="fit_predict_cpu_seconds", title="CPU time", unit="s", better="lower", summary=Summary.MEDIAN),
    CellFigure(name="first_call_seconds", title="first call", unit="s", better="lower", summary=Summary.MEDIAN),
    CellFigure(name="prepare_seconds", title="prepare", unit="s", better="lower", summary=Summary.MEDIAN),
    CellFigure(name="run_delay_seconds", title="waited", unit="s", better="lower", summary=Summary.MEDIAN),
    CellFigure(name="fit_system_seconds", title="in the kernel", unit="s", better="lower", summary=Summary.MEDIAN),
    CellFigure(name="smallest_effect", title="resolution", unit="", better="lower", summary=Summary.COMPARED),
    CellFigure(name="threads_seen", title="threads seen", unit="", better=None, summary=Summary.LARGEST),
    CellFigure(name="input_bytes", title="input", unit="bytes", better=None, summary=Summary.LAST),
    CellFigure(name="retained_bytes", title="retained", unit="bytes", better="lower", summary=Summary.LAST),
    CellFigure(name="device_peak_bytes", title="device memory", unit="bytes", better="lower", summary=Summary.LAST),
    CellFigure(name="reported_inertia", title="its own inertia", unit="", better="lower", summary=Summary.LAST),
    CellFigure(name="empty_events", title="emptied", unit="", better="lower", summary=Summary.LAST),
    CellFigure(name="pair_f1", title="pair F1", unit="", better="higher", summary=Summary.LAST),
    CellFigure(name="variation_of_information", title="VI", unit="", better="lower", summary=Summary.LAST),
    CellFigure(name="centroid_index", title="centroid index", unit="", better="lower", summary=Summary.LAST),
)  # fmt: skip
"""In the order of the page's columns."""


def figures_of(face: Face) -> list[CellFigure]:
    """Return the figures that a face shows, in their order."""
    return [figure for figure in FIGURES if face in figure.shown]


def summarised_by(summary: Summary) -> list[str]:
    """Return the names of the figures that are summarised in a way."""
    return [figure.name for figure in FIGURES if figure.summary is summary]
