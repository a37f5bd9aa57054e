"""What the runner adds to the fits: a run's wall time against the time inside its fits, measured in one run each.

    python benchmarks/tools/runner_overhead.py [STUDY.toml …]

Without arguments: six cells of five-second fits, and the study `quick`. Inside are the timed calls of fit and
assign, looped ones as often as they were looped, and the one fit of each memory pass at the cell's own median.
Everything else is the runner's: starting processes, warm-ups, the float64 reference, judging, the table and the page.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from kmbench.records import RecordKind, read_records

DEFAULTS = (Path(__file__).parents[1] / "overhead-long.toml", None)


def seconds_inside(folder: Path) -> tuple[float, list[float]]:
    """Return the time inside the fits of a run, and the median of each cell."""
    times: dict[str, list[float]] = defaultdict(list)
    inside, memory_passes = 0.0, []
    for record in read_records(folder):
        if record.kind is RecordKind.FIT:
            inside += record.fit_seconds * record.loops + record.assign_seconds
            times[record.key.cell_id].append(record.fit_predict_seconds)
        elif record.kind is RecordKind.MEMORY:
            memory_passes.append(record.key.cell_id)
    inside += sum(statistics.median(times[cell]) for cell in memory_passes)
    return inside, [statistics.median(own) for own in times.values()]


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("studies", nargs="*", type=Path, metavar="STUDY.toml")
    return reader


def main() -> None:
    """Run each study and print a row for it."""
    studies = parser().parse_args().studies
    print("| study | cells | median fit | wall time | inside fits | overhead |\n|---|---|---|---|---|---|")
    for study in studies or DEFAULTS:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "run"
            command = [sys.executable, "-m", "kmbench", "run", "--output", str(folder)]
            started = time.perf_counter()
            subprocess.run(command + ([] if study is None else [str(study)]), check=True, stdout=subprocess.DEVNULL)
            wall = time.perf_counter() - started
            inside, medians = seconds_inside(folder)
        name = "quick" if study is None else study.stem
        share = (wall - inside) / wall
        middle = statistics.median(medians)
        print(
            f"| {name} | {len(medians)} | {middle:.3g} s | {wall:.0f} s | {inside:.0f} s | {share:.1%} |", flush=True
        )


if __name__ == "__main__":
    main()
