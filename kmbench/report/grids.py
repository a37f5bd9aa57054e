"""Figures on two axes: speed-ups over rows and columns, agreement of pairs; and threads, profiles, coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kmbench.analysis.grids import agreement_frame, coverage_frame, speedup_grid
from kmbench.figures.axes import named_axes, new_axes
from kmbench.figures.drawn import Drawn, csv_href
from kmbench.figures.style import INK, OTHER, SAME, TEXT, WIDTH
from kmbench.figures.svg import to_svg
from kmbench.wording import printable, shortened, threads_text, times_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = [
    "agreement_figures", "coverage_table", "draw_agreement", "draw_speedups", "speedup_figures",
]  # fmt: skip

MAX_PANELS = 4
MAX_SIDE = 12
"""Rows or columns of a matrix that are still read."""

CELL, FOOT = 44, 44

SIGNS = {"faster": "▲", "slower": "▼", "equivalent": "="}
"""Beside the colour, so that a verdict is read in grey too."""


def speedup_figures(cells: pd.DataFrame) -> list[Drawn]:
    """Return a heat map of speed-ups over n and d for each backend that has one."""
    frame = speedup_grid(cells)
    drawn = []
    for number, (_, own) in enumerate(frame.groupby("panel", sort=True), start=1):
        if number > MAX_PANELS:
            break
        label, base = printable(own["label"].iloc[0]), printable(own["baseline"].iloc[0])
        ordered = own.sort_values("speedup", kind="stable")
        best, worst = ordered.iloc[-1], ordered.iloc[0]
        finding = (
            f"{label} is {times_text(best['speedup'])} as fast as {base} at {best['n']:,} x {best['d']}, where it "
            f"does best, and {times_text(worst['speedup'])} at {worst['n']:,} x {worst['d']}, where it does worst."
        )
        first = own.iloc[0]
        threads = threads_text(int(first["threads"]))
        drawn.append(
            Drawn(
                anchor=f"speedup-n-d-{number}",
                title=f"Speed-up of {label} over {base}: k = {first['k']:,}, {threads}",
                finding=finding,
                svg=to_svg(draw_speedups(own), f"speedup-n-d-{number}-", finding),
                caption="At the same inertia. ▲ faster, ▼ slower, = equivalent by the 95% interval; without a "
                "sign the result is inconclusive.",
                csv=csv_href(own),
            )
        )
    return drawn


def draw_speedups(frame: pd.DataFrame) -> Figure:
    """Draw one panel: rows n, columns d, each field with its speed-up and its verdict."""
    table = frame.pivot_table(index="n", columns="d", values="speedup", aggfunc="last").sort_index(ascending=False)
    signs = {(row["n"], row["d"]): SIGNS.get(str(row["verdict"]), "") for row in frame.to_dict("records")}
    strongest = max(2.0, float(frame["speedup"].max()), 1 / float(frame["speedup"].min()))
    texts, fills = [], []
    for n in table.index:
        for d in table.columns:
            value = table.loc[n, d]
            known = value == value
            texts.append(f"{times_text(value)} {signs.get((n, d), '')}".strip() if known else "–")
            fills.append((SAME if value > 1 else OTHER, _strength(value, strongest)) if known else (INK, 0.0))
    return _matrix(
        [f"{n:,}" for n in table.index], [f"{d:,}" for d in table.columns], texts, fills, "columns d", "rows n"
    )


def _strength(value: float, strongest: float) -> float:
    import math

    return 0.06 + 0.5 * min(1.0, abs(math.log(value)) / math.log(strongest))


def agreement_figures(cells: pd.DataFrame, names: Mapping[str, str]) -> list[Drawn]:
    """Return a matrix of the adjusted Rand indices of all pairs for each case whose answers differ."""
    frame = agreement_frame(cells)
    drawn: list[Drawn] = []
    for case_id, own in frame.groupby("case_id", sort=False):
        if len(own) < 6 or float(own["ari"].min()) > 0.9995 or len(drawn) == MAX_PANELS:
            continue  # fewer than three answers are one figure in the table
        low = own.sort_values("ari", kind="stable").iloc[0]
        finding = (
            f"The answers that differ most are those of {printable(low['label'])} and {printable(low['other'])}, "
            f"with an adjusted Rand index of {low['ari']:.3f}."
        )
        anchor = f"agreement-{len(drawn) + 1}"
        drawn.append(
            Drawn(
                anchor=anchor,
                title=f"Agreement of pairs: {names[str(case_id)]}",
                finding=finding,
                svg=to_svg(draw_agreement(own), f"{anchor}-", finding),
                caption="Adjusted Rand index of the labels: 1 for the same partition, about 0 for chance.",
                csv=csv_href(own),
            )
        )
    return drawn


def draw_agreement(frame: pd.DataFrame) -> Figure:
    """Draw the matrix of one case."""
    labels = list(dict.fromkeys([*frame["label"], *frame["other"]]))[:MAX_SIDE]
    known = {(row["label"], row["other"]): float(row["ari"]) for row in frame.to_dict("records")}
    values = [1.0 if one == other else known.get((one, other)) for one in labels for other in labels]
    texts = ["–" if value is None else f"{value:.2f}" if value < 0.9995 else "1" for value in values]
    fills = [(SAME, 0.0 if value is None else 0.05 + 0.5 * max(0.0, value)) for value in values]
    numbers = [str(number) for number in range(1, len(labels) + 1)]
    rows = [f"{number} {shortened(printable(label), 24)}" for number, label in zip(numbers, labels, strict=True)]
    return _matrix(rows, numbers, texts, fills, "numbered as the rows", "")


def _matrix(
    rows: Sequence[str],
    columns: Sequence[str],
    texts: Sequence[str],
    fills: Sequence[tuple[str, float]],
    x: str,
    y: str,
) -> Figure:
    """Draw fields with a text each; a colour is never all that tells."""
    from matplotlib.patches import Rectangle

    left = 14 + 6.6 * max(map(len, rows))
    cell = min(CELL, 300 / len(rows))
    fig, ax = new_axes(cell * len(rows) + FOOT + 26, left=left, bottom=FOOT, top=26, right=4)
    small = len(columns) > 5
    for position, (text, (colour, strength)) in enumerate(zip(texts, fills, strict=True)):
        row, column = divmod(position, len(columns))
        ax.add_patch(
            Rectangle((column + 0.03, row + 0.04), 0.94, 0.92, facecolor=colour, alpha=strength, linewidth=0)
        )
        ax.text(
            column + 0.5,
            row + 0.5,
            text,
            ha="center",
            va="center",
            parse_math=False,
            size=TEXT - 3.5 * small,
            color=INK,
        )
    ax.set_xlim(0, len(columns))
    ax.set_ylim(len(rows), 0)
    ax.set_xticks([number + 0.5 for number in range(len(columns))], list(columns))
    ax.set_yticks([number + 0.5 for number in range(len(rows))], list(rows))
    named_axes(ax, x, "", grid="x")
    ax.grid(False)
    ax.set_title(y, loc="left", x=-(left - 8) / (WIDTH - left - 4), color=INK, size=TEXT - 1)
    return fig


def coverage_table(
    cells: pd.DataFrame, names: Mapping[str, str], unfinished: Sequence[tuple[str, str]]
) -> tuple[Drawn, list[tuple[str, str, str]]] | None:
    """Return what ran and what did not as a matrix, and the reasons; None where there are no cells."""
    frame = coverage_frame(cells, unfinished)
    if frame.empty:
        return None
    labels = list(dict.fromkeys(frame["label"]))
    rows: list[list[Any]] = [["case", *map(printable, labels)]]
    reasons: dict[tuple[str, str, str], list[str]] = {}
    for case_id, case in frame.groupby("case_id", sort=False):
        name = names.get(str(case_id), str(case_id))
        rows.append([name, *(str(status) for status in case["status"])])
        for row in case.to_dict("records"):
            if row["status"] not in ("ok", "not asked for"):
                reasons.setdefault((row["label"], row["status"], row["reason"]), []).append(name)
    ran = int((frame["status"] == "ok").sum())
    asked = int((frame["status"] != "not asked for").sum())
    finding = f"{ran:,} of the {asked:,} requested cells gave a sound answer."
    drawn = Drawn(
        anchor="coverage", title="What was run, and what was not", finding=finding, svg=None,
        caption="A cell is one backend on one case.", csv=csv_href(frame), table=rows,
    )  # fmt: skip
    told = [
        (printable(label), f"{status.replace('_', ' ')}{_cases(cases)}", reason)
        for (label, status, reason), cases in reasons.items()
    ]
    return drawn, told


def _cases(cases: Sequence[str]) -> str:
    return f" on {cases[0]}" if len(cases) == 1 else f" in {len(cases)} cases"
