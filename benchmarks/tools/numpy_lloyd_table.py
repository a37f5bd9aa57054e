"""A run of benchmarks/engines.toml as one table: numpy-lloyd's time in each case, and every other engine's over it.

python benchmarks/tools/numpy_lloyd_table.py results/engines/HOST
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from kmbench.analysis import read_run
from kmbench.analysis.cells import CellSummary
from kmbench.analysis.run import RunCase
from kmbench.records import Status
from kmbench.wording import bytes_text, interval_text, seconds_text

OWN = "numpy-lloyd"


def row(case: RunCase, rivals: Iterable[str]) -> str:
    """Return a line of the table."""
    cells = {cell.backend: cell for cell in case.rows}
    own = cells[OWN]
    settings = own.settings or {}
    paths = [str(settings.get("path", ""))]
    if settings.get("nearest_by_columns"):
        paths.append("by columns")
    texts = [f"{own.n:,} x {own.d}, k={own.k:,}", str(own.threads), seconds_text(own.fit_predict_seconds)]
    texts += [", ".join(paths), bytes_text(own.peak_extra_bytes)]
    texts += [against(cells.get(name), case, own) for name in rivals]
    texts.append(inertia(cells.values()))
    return f"| {' | '.join(texts)} |"


def against(rival: CellSummary | None, case: RunCase, own: CellSummary) -> str:
    """Return a rival's time over numpy-lloyd's with its interval and memory, or why there is none."""
    if rival is None:
        return "not measured"
    if rival.status is not Status.OK:
        return f"{rival.status}: {rival.reason}"
    found = case.ratio(own, over=rival)
    if found is None:
        return "no shared epoch"
    return f"{interval_text(found.ratio, found.low, found.high)}, {bytes_text(rival.peak_extra_bytes)}"


def inertia(cells: Iterable[CellSummary]) -> str:
    """Return by how much the inertia of an engine differs from the reference's at most."""
    ratios = [cell.inertia_ratio for cell in cells if cell.inertia_ratio is not None]
    return f"{max(abs(ratio - 1) for ratio in ratios):.1e}" if ratios else ""


def print_table(folder: Path) -> None:
    """Print the table of a run, its cases in the order of the study."""
    run = read_run(folder)
    rivals = list(dict.fromkeys(cell.backend for case in run.cases for cell in case.rows if cell.backend != OWN))
    rivals.sort()
    headings = " | ".join(f"{name} / {OWN}, memory" for name in rivals)
    print(f"| shape | threads | {OWN} | path | memory | {headings} | inertia off by |")
    print(f"|---|---:|---:|---|---:|{'---|' * len(rivals)}---:|")
    for case in run.cases:
        print(row(case, rivals))


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("run", type=Path, metavar="RUN")
    return reader


if __name__ == "__main__":
    print_table(parser().parse_args().run)
