"""The page about asv's results: what changed over the commits, and what another version costs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmbench.analysis.confirmations import Confirmation
from kmbench.analysis.history import Change, Versions, changes, history_frame, pinned_first, versions_compared
from kmbench.analysis.time_changes import candidates, lines_of
from kmbench.comparison import Verdict
from kmbench.errors import OutputError
from kmbench.figures.html import PAGE_FILE, render, write_whole
from kmbench.notes import notes_as_json
from kmbench.report.history_confirmed import as_object, confirmation_of_change, confirmed_text
from kmbench.report.history_figures import lines_svg, versions_svg
from kmbench.report.history_times import (
    LineRow,
    TimeRow,
    line_rows,
    number_text,
    time_answers,
    time_rows,
    times_as_object,
)
from kmbench.wording import bytes_text, count_text, range_text, times_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HistoryView", "history_as_object", "history_view", "render_history", "write_history"]

FIGURES = {
    "track_fit_predict_seconds": "Time for fit and labels",
    "track_fit_predict_ratio": "The same over sklearn-lloyd's (faiss-cpu's for the index) in the same epochs",
    "track_peak_extra_bytes": "Peak memory beyond the input",
    "track_inertia": "Inertia",
}
"""Metrics of the backends that are drawn, and their headings."""

MAX_CHANGES = 60

METRIC_NAMES = {
    "track_inertia": "inertia",
    "track_iterations": "iterations",
    "track_agreement_loss": "disagreement",
    "track_peak_extra_bytes": "peak memory",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figure:
    title: str
    svg: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    title: str
    figures: list[_Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChangeRow:
    commit: str
    cell: str
    environment: str
    figure: str
    text: str
    worse: bool
    confirmed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryView:
    """One machine's history as the template shows it."""

    machine: str
    cpu: str
    commits: list[str]
    dates: str
    environments: list[str]
    answers: list[tuple[str, str, str]]
    changes: list[_ChangeRow]
    more_changes: int
    versions: list[tuple[Versions, str, str]]
    versions_figure: Any
    time_changes: list[TimeRow]
    lines: list[LineRow]
    groups: list[_Group]


def write_history(frame: pd.DataFrame, folder: Path, kept: Sequence[Confirmation] = ()) -> Path:
    """Write the page about asv's results into a folder and return it.

    Parameters
    ----------
    frame : DataFrame
        Of `kmbench.asv_frame`.
    folder : Path
        Made if it is missing.
    kept : sequence of Confirmation
        What changes came to that were measured again.

    Raises
    ------
    OutputError
        If no figure was measured, or the folder cannot be written.
    """
    return write_whole(folder / PAGE_FILE, render_history(frame, kept))


def render_history(frame: pd.DataFrame, kept: Sequence[Confirmation] = ()) -> str:
    """Return the page as HTML."""
    history = _checked(frame)
    views = [
        history_view(frame[frame["machine"] == machine], rows, f"m{number}", kept)
        for number, (machine, rows) in enumerate(history.groupby("machine", sort=False), start=1)
    ]
    notes = [str(note) for note in frame.attrs.get("notes", [])]
    return render("kmbench.report", "history.html", views=views, notes=notes)


def history_as_object(frame: pd.DataFrame, kept: Sequence[Confirmation] = ()) -> dict[str, Any]:
    """Return what ``kmbench history --json`` prints: changes, lines and what they can show, versions, notes.

    Raises
    ------
    OutputError
        If no figure was measured.
    """
    history = _checked(frame)
    exact = [
        dataclasses.asdict(one) | {"worse": one.worse, "confirmation": as_object(confirmation_of_change(one, kept))}
        for one in changes(history)
    ]
    versions = [dataclasses.asdict(one) for one in versions_compared(history)]
    times = times_as_object(candidates(history), lines_of(history), kept)
    return {"changes": exact, **times, "versions": versions, **notes_as_json(frame.attrs.get("notes", []))}


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    history = history_frame(frame)
    if history.empty:
        raise OutputError("none of asv's results contains a figure", "run `asv run`; --show-stderr shows what fails")
    return history


def history_view(
    frame: pd.DataFrame, history: pd.DataFrame, prefix: str, kept: Sequence[Confirmation] = ()
) -> HistoryView:
    """Return one machine's part of the page; `frame` and `history` hold its rows alone."""
    commits = [str(commit) for commit in dict.fromkeys(frame["commit"])]
    environments = pinned_first(history["environment_name"])
    changed, versions = changes(history), versions_compared(history)
    found, lines = candidates(history), lines_of(history)
    days = frame["commit_date"].dt.strftime("%Y-%m-%d")
    described = "; ".join(
        f"with {one.environment} in place of {one.base} {_takes(one)}, {one.verdict}" for one in versions
    )
    figure = versions_svg(versions, f"{prefix}-v", described) if versions else None
    return HistoryView(
        machine=str(frame["machine"].iloc[0]),
        cpu=str(frame["cpu"].iloc[0] or ""),
        commits=commits,
        dates=" to ".join(dict.fromkeys((days.min(), days.max()))),
        environments=environments,
        answers=[*time_answers(found, lines), *_change_answers(changed, history), *_version_answers(versions)],
        changes=[_change_row(change, kept) for change in changed[:MAX_CHANGES]],
        more_changes=max(0, len(changed) - MAX_CHANGES),
        versions=[(one, times_text(one.slowdown.ratio), _interval(one)) for one in versions],
        versions_figure=figure,
        time_changes=time_rows(found, kept),
        lines=line_rows(lines),
        groups=list(_groups(history, commits, environments, prefix)),
    )


def _change_answers(changed: list[Change], history: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    commits = history["commit"].nunique()
    for metric, name in METRIC_NAMES.items():
        cells = len(history[history["metric"] == metric].groupby(["environment_name", "benchmark", "cell"]))
        if not cells:
            continue
        own = [change for change in changed if change.metric == metric]
        worse = {(c.machine, c.environment, c.cell) for c in own if c.worse}
        better = {(c.machine, c.environment, c.cell) for c in own if not c.worse}
        if not own:
            yield (f"Over {commits} commits the {name}", "did not change", f" in any of {cells} cells.")
        else:
            places = len({change.after for change in own})
            yield (
                f"Over {commits} commits the {name}", f"changed at {count_text(places, 'commit')}",
                f": worse in {number_text(worse)} of {count_text(cells, 'cell')}, better in {number_text(better)}.",
            )  # fmt: skip


def _version_answers(versions: list[Versions]) -> Iterator[tuple[str, str, str]]:
    """Yield one answer for each environment: the backends that it makes faster or slower, then all others."""
    environments: dict[tuple[str, str], list[Versions]] = {}
    for one in versions:
        environments.setdefault((one.base, one.environment), []).append(one)
    for (base, environment), found in environments.items():
        commits = min(one.slowdown.pairs for one in found)
        apart = _apart(max(one.apart_seconds for one in found))
        told = [one for one in found if one.verdict in (Verdict.FASTER, Verdict.SLOWER)]
        others = "; ".join(
            f"{one.backend} {times_text(one.slowdown.ratio)}{_interval(one)}, {one.verdict}"
            for one in found
            if one not in told
        )
        yield (
            f"With {environment} in place of {base}",
            " and ".join(_takes(one) for one in told) or "no backend is faster or slower",
            f" (over {commits} commits, measured {apart} apart)" + (f"; {others}." if others else "."),
        )


def _apart(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _takes(one: Versions) -> str:
    return f"{one.backend} takes {times_text(one.slowdown.ratio)} the time{_interval(one)}"


def _interval(one: Versions) -> str:
    low, high = one.slowdown.low, one.slowdown.high
    return "" if low is None or high is None else f" ({range_text(low, high, '–')})"


def _change_row(change: Change, kept: Sequence[Confirmation]) -> _ChangeRow:
    if change.metric == "track_peak_extra_bytes":
        text = f"{bytes_text(round(change.old))} to {bytes_text(round(change.new))}"
    else:
        text = f"{change.old:.6g} to {change.new:.6g}"
    return _ChangeRow(
        commit=change.after[:8],
        cell=change.cell,
        environment=change.environment,
        figure=METRIC_NAMES[change.metric],
        text=text,
        worse=change.worse,
        confirmed=confirmed_text(confirmation_of_change(change, kept)),
    )


def _groups(history: pd.DataFrame, commits: list[str], environments: list[str], prefix: str) -> Iterator[_Group]:
    """Yield the figures: those of the backends by metric, then kmbench's own code."""
    backends = history[history["group"].str.rpartition(".")[2].isin(["Fit", "FitIVF"])].copy()
    backends["line"], backends["case"] = _line_and_case(backends)
    own = history.drop(backends.index)
    own = own[own["unit"] == "seconds"].copy()
    own["line"], own["case"] = own["cell"].where(own["cell"] != "", own["metric"]), own["benchmark"]
    parts = [(title, backends[backends["metric"] == metric]) for metric, title in FIGURES.items()]
    parts.append(("kmbench's own code", own))
    for place, (title, rows) in enumerate(parts):
        figures = []
        for number, (case, lines) in enumerate(rows.groupby("case", sort=False)):
            description = f"{title}, {case}, over {len(commits)} commits: {_ends(lines)}"
            svg = lines_svg(lines, commits, environments, f"{prefix}-{place}-{number}", description)
            figures.append(_Figure(title=str(case), svg=svg))
        if figures:
            yield _Group(title=title, figures=figures)


def _line_and_case(rows: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Tell a cell's backend from the case that it shares with others; of the index every setting is a line."""
    lines, cases = [], []
    for cell, backend, group in zip(rows["cell"], rows["backend"], rows["group"], strict=True):
        inverted = group.endswith("FitIVF")
        lines.append(cell if inverted else backend)
        cases.append("faiss-ivf" if inverted else cell.removeprefix(f"{backend}, "))
    return lines, cases


def _ends(lines: pd.DataFrame) -> str:
    texts = []
    for (name, environment), rows in lines.groupby(["line", "environment_name"], sort=False):
        values = rows.sort_values("position")["value"]
        texts.append(f"{name} with {environment} from {values.iloc[0]:.4g} to {values.iloc[-1]:.4g}")
    return "; ".join(texts)
