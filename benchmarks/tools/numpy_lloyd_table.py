"""numpy-lloyd against the exact engines on seven shapes, with one and two threads: the table of docs/numpy-lloyd.md.

    python benchmarks/tools/numpy_lloyd_table.py --records FOLDER                  measure what is missing
    python benchmarks/tools/numpy_lloyd_table.py --records FOLDER --seconds 500    begin no run after 500 seconds
    python benchmarks/tools/numpy_lloyd_table.py --records FOLDER --print          print what is there

Every shape and number of threads is a run of kmbench (protocol matched: the same start, all rows, ten iterations,
labels included; warm memory; engines in turns, each in fresh processes) in a folder of its own below FOLDER. A call
that was cut off goes on there. Engines that are not installed are left out. Prints Markdown. A shape takes half a
minute to ten minutes.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kmbench.analysis import Run, read_run
from kmbench.analysis.cells import CellSummary
from kmbench.comparison import RatioInterval
from kmbench.records import Status
from kmbench.wording import bytes_text, interval_text, seconds_text

OWN = "numpy-lloyd"
RIVALS = ("sklearn-lloyd", "faiss-cpu", "sklearnex")
ITERATIONS = 10
EPOCHS = 6

STANDARD_ERROR = 2
"""Where kmbench's own tables go, so that only the one table is printed."""


@dataclass(frozen=True)
class Shape:
    """What is clustered, and into how many clusters."""

    name: str
    data: str
    k: int


SHAPES = (
    Shape("1M x 3, k=16", "blobs:n=1000000,d=3,centers=16,seed=0", 16),
    Shape("digits, 1797 x 64, k=10", "digits", 10),
    Shape("100k x 16, k=64", "blobs:n=100000,d=16,centers=64,seed=0", 64),
    Shape("100k x 128, k=256", "embeddings:n=100000,d=128,rank=24,seed=0", 256),
    Shape("100k x 128, k=1024", "embeddings:n=100000,d=128,rank=24,seed=0", 1024),
    Shape("200k x 64, k=4096", "embeddings:n=200000,d=64,rank=16,seed=0", 4096),
    Shape("50k x 768, k=512", "embeddings:n=50000,d=768,rank=48,seed=0", 512),
)


@dataclass(frozen=True)
class Case:
    """A shape with a number of threads."""

    shape: Shape
    threads: int

    def folder(self, records: Path) -> Path:
        """Return where its run lies."""
        words = re.sub(r"[^a-z0-9]+", "-", self.shape.name.lower())
        return records / f"{words}-threads-{self.threads}"


def engines() -> list[str]:
    """Return numpy-lloyd and those of its rivals that can run here."""
    from kmbench.backends.registry import backend_names, get_backend

    known = backend_names()
    return [OWN, *(name for name in RIVALS if name in known and get_backend(name).unavailable() is None)]


def is_finished(case: Case, records: Path) -> bool:
    """Say whether every cell of the case's run has its outcome."""
    folder = case.folder(records)
    if not (folder / "records.jsonl").exists():
        return False
    run = read_run(folder)
    return bool(run.cells) and not run.unfinished


def measure(case: Case, records: Path, epochs: int) -> None:
    """Run kmbench on a case, or go on with its run."""
    folder = case.folder(records)
    command = [
        sys.executable,
        "-P",
        "-m",
        "kmbench",
        "run",
        "--output",
        str(folder),
        "--no-report",
        "--pages",
        "warm",
    ]
    if (folder / "study.toml").exists():
        command.append("--resume")
    options = {"data": case.shape.data, "k": case.shape.k, "threads": case.threads, "iterations": ITERATIONS}
    options |= {"backends": ",".join(engines()), "baseline": OWN, "protocol": "matched", "repeats": epochs}
    command += [f"--{name}={value}" for name, value in options.items()]
    done = subprocess.run(command, stdout=STANDARD_ERROR, check=False)
    if done.returncode != 0:
        sys.exit(f"{case.shape.name}, threads {case.threads}: kmbench ended with exit code {done.returncode}")


def measure_all(
    cases: Iterable[Case], records: Path, epochs: int, seconds: float, clock: Callable[[], float] = time.monotonic
) -> list[Case]:
    """Measure the cases that are not finished, beginning none after so many seconds; return those that are left."""
    began, left = clock(), []
    for case in cases:
        if is_finished(case, records):
            continue
        if clock() - began > seconds:
            left.append(case)
        else:
            measure(case, records, epochs)
    return left


def row(case: Case, run: Run) -> str:
    """Return a line of the table: times of numpy-lloyd, and for each rival its time over numpy-lloyd's."""
    (found,) = run.cases
    cells = {cell.backend: cell for cell in found.rows}
    own = cells[OWN]
    settings = own.settings or {}
    texts = [case.shape.name, str(case.threads), seconds_text(own.fit_predict_seconds)]
    texts.append(str(settings.get("path", "")) + (" by columns" if settings.get("nearest_by_columns") else ""))
    texts.append(bytes_text(own.peak_extra_bytes))
    for name in RIVALS:
        texts.append(against(cells.get(name), lambda other: found.ratio(own, over=other)))
    texts.append(inertia(cells.values()))
    return f"| {' | '.join(texts)} |"


def against(rival: CellSummary | None, ratio: Callable[[CellSummary], RatioInterval | None]) -> str:
    """Return a rival's time over numpy-lloyd's with its interval, or why there is none."""
    if rival is None:
        return "not installed"
    if rival.status is not Status.OK:
        return f"{rival.status}: {rival.reason}"
    found = ratio(rival)
    if found is None:
        return "no shared epoch"
    return f"{interval_text(found.ratio, found.low, found.high)}, {bytes_text(rival.peak_extra_bytes)}"


def inertia(cells: Iterable[CellSummary]) -> str:
    """Return by how much the inertia of an engine differs from the reference's at most."""
    ratios = [cell.inertia_ratio for cell in cells if cell.inertia_ratio is not None]
    return f"{max(abs(ratio - 1) for ratio in ratios):.1e}" if ratios else ""


def print_table(cases: Iterable[Case], records: Path) -> None:
    """Print the lines of all cases whose runs are finished."""
    rivals = " | ".join(f"{name} / {OWN}, memory" for name in RIVALS)
    print(f"| shape | threads | {OWN} | path | memory | {rivals} | inertia off by |")
    print(f"|---|---:|---:|---|---:|{'---|' * len(RIVALS)}---:|")
    for case in cases:
        if is_finished(case, records):
            print(row(case, read_run(case.folder(records))))


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--records", type=Path, required=True, metavar="FOLDER", help="where the runs are kept")
    reader.add_argument("--threads", default="1,2", help="such as 1,2 (default)")
    reader.add_argument(
        "--shapes", default=",".join(str(number + 1) for number in range(len(SHAPES))), metavar="LIST"
    )
    reader.add_argument("--epochs", type=int, default=EPOCHS, help=f"of fresh processes (default {EPOCHS})")
    reader.add_argument("--seconds", type=float, default=float("inf"), help="begin no further run after so long")
    reader.add_argument("--print", action="store_true", help="measure nothing")
    return reader


def main() -> None:
    """Measure what is missing and print the table."""
    given = parser().parse_args()
    numbers, threads = given.shapes.split(","), given.threads.split(",")
    if not all(number.isdecimal() and 1 <= int(number) <= len(SHAPES) for number in numbers):
        parser().error(f"--shapes {given.shapes} is no list of numbers from 1 to {len(SHAPES)}, such as 1,7")
    if not all(count.isdecimal() and int(count) for count in threads):
        parser().error(f"--threads {given.threads} is no list of thread counts, such as 1,2")
    cases = [Case(SHAPES[int(number) - 1], int(count)) for number in numbers for count in threads]
    left = [] if given.print else measure_all(cases, given.records, given.epochs, given.seconds)
    print_table(cases, given.records)
    if left:
        names = "; ".join(f"{case.shape.name} with {case.threads}" for case in left)
        print(f"still to be measured, by the same command: {names}", file=sys.stderr)


if __name__ == "__main__":
    main()
