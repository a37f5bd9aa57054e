"""The database's part of the page: the curve promised and the curve there in one figure, and the times of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kmbench.figures.axes import named_axes, new_axes
from kmbench.figures.style import COLOURS, GLYPHS, GOAL, MARKERS, PLACES, RULE, TEXT
from kmbench.figures.svg import to_svg
from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.report.there import there_headings, there_rows, there_sentences
from kmbench.tuning.targets.there import There
from kmbench.wording import seconds_text

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["there_figure", "there_section"]

HEIGHT = 300
"""Points."""


def there_section(result: TuneResult, there: There) -> dict[str, Any]:
    """Return what the template shows of a database."""
    section: dict[str, Any] = {
        "title": there.title,
        "figure": None,
        "sentences": there_sentences(result, there),
        "files": sorted(there.files.items()),
    }
    if not there.measured:
        return section
    return section | {
        "figure": there_figure(result, there),
        "legend": _legend(there),
        "caption": (
            "Lines are exact for these queries: every nprobe of kmbench's lists, and of the lists that were read "
            "back from the database. Marks were found by searching it."
            if there.build.curve is not None
            else "The line is exact for these queries: every nprobe of kmbench's lists. Marks were found by "
            "searching the database."
        ),
        "headings": [*there_headings(there), "in FAISS, by its model"],
        "rows": _rows(result, there),
    }


def there_figure(result: TuneResult, there: There) -> Markup:
    """Return the figure as an SVG element."""
    figure, ax = new_axes(HEIGHT, left=46)
    for number, (curve, _) in enumerate(_curves(there)):
        probes = np.arange(1, len(curve) + 1)
        ax.plot(
            probes, curve, color=PLACES[number], linewidth=1.4, linestyle="-" if number else (0, (5, 2)), zorder=2
        )
    place = len(_curves(there))
    ax.plot(
        [one.nprobe for one in there.spots],
        [one.recall for one in there.spots],
        MARKERS[place],
        color=PLACES[place],
        markersize=5,
        zorder=3,
    )
    recall = result.asked.recall
    ax.axhline(recall, color=GOAL, linewidth=1.1, linestyle=RULE, zorder=1)
    ax.annotate(
        f"target {recall:g}", (0, recall), xycoords=("axes fraction", "data"), xytext=(2, 4),
        textcoords="offset points", size=TEXT, color=GOAL,
    )  # fmt: skip
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(lambda probes, _: f"{probes:g}")
    named_axes(ax, "nprobe, log scale", f"recall@{result.asked.at}")
    spot = there.chosen
    found = "" if spot is None else f" With {spot.nprobe} probes {there.title} was found to have {spot.recall:.4f}."
    lines = " and ".join(label for _, label in _curves(there))
    return to_svg(figure, "there-", f"Recall by nprobe of {lines}.{found}")


def _curves(there: There) -> list[tuple[Any, str]]:
    found = [(there.promise.curve.recall, "kmbench's lists, promised")]
    if there.build.curve is not None:
        found.append((there.build.curve.recall, f"the lists in {there.title}"))
    return found


def _legend(there: There) -> list[tuple[str, str, str]]:
    labels = [(label, "–") for _, label in _curves(there)]
    labels.append((f"{there.title}, found by searching", GLYPHS[len(labels)]))
    return [(label, COLOURS[PLACES[number]], shape) for number, (label, shape) in enumerate(labels)]


def _rows(result: TuneResult, there: There) -> list[tuple[str, list[str], bool]]:
    settings, promise = result.settings, there.promise
    first = settings.find((promise.kind.name, promise.nlist, 1, promise.k_factor))
    rows = []
    for (probes, cells, chosen), one in zip(there_rows(there), there.spots, strict=True):
        known = one.nprobe <= len(promise.curve)
        time = seconds_text(float(settings.mean[first + one.nprobe - 1])) if known else ""
        rows.append((probes, [*cells, time], chosen))
    return rows
