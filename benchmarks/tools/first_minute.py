"""Where the wall time of a run goes, step by step: by default of the study `quick`, which `make bench` runs.

    python benchmarks/tools/first_minute.py [STUDY.toml]

Each row is what the runner waited for: processes that start and load their input and libraries (`open`; those of one
case start side by side), the timed fits, the warm-ups, the referee, the memory passes, the probe of the cores, and
the pauses between fits. What is left is the runner's own work. Prints Markdown.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from kmbench.api import study_from
from kmbench.runner.process import WorkerProcess
from kmbench.runner.run import run_study

STEPS = {
    "open": "processes start, load libraries and input, warm up",
    "fit": "fits and labels that are timed, with what warms memory",
    "calibrate": "preparing, the full fit before the first that counts",
    "memory": "memory passes",
    "probe": "probing the cores",
    "pause": "pauses between fits",
    "close": "processes end",
}
REFEREE = "the referee: start, reference, judgement"


def watch(seconds: dict[str, float], calls: Counter[str]) -> None:
    """Have every wait of the runner add to `seconds` and `calls`, by what it waited for."""
    asked: dict[int, str] = {}
    post, collect, close, pause = WorkerProcess.post, WorkerProcess.collect, WorkerProcess.close, time.sleep

    def add(step: str, started: float) -> None:
        seconds[step] += time.perf_counter() - started
        calls[step] += 1

    def timed_post(self: WorkerProcess, op: str, **arguments: Any) -> None:
        asked[id(self)] = op if op in STEPS and not ("threads" in arguments and op == "open") else REFEREE
        post(self, op, **arguments)

    def timed_collect(self: WorkerProcess) -> dict[str, Any]:
        started = time.perf_counter()
        try:
            return collect(self)
        finally:
            add(asked[id(self)], started)

    def timed_close(self: WorkerProcess) -> None:
        started = time.perf_counter()
        close(self)
        add("close", started)

    def timed_pause(length: float) -> None:
        started = time.perf_counter()
        pause(length)
        add("pause", started)

    WorkerProcess.post, WorkerProcess.collect = timed_post, timed_collect  # type: ignore[method-assign]
    WorkerProcess.close = timed_close  # type: ignore[method-assign]
    time.sleep = timed_pause


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("study", nargs="?", type=Path, metavar="STUDY.toml")
    return reader


def main() -> None:
    """Run the study and print the table."""
    given = parser().parse_args()
    study = study_from(given.study, {})
    seconds: dict[str, float] = defaultdict(float)
    calls: Counter[str] = Counter()
    watch(seconds, calls)
    with tempfile.TemporaryDirectory(prefix="first-minute-") as folder:
        started = time.perf_counter()
        run_study(study, Path(folder) / "run", False, lambda event: None)
        whole = time.perf_counter() - started
    print("| step | times | seconds | share |\n|---|---:|---:|---:|")
    for step, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"| {STEPS.get(step, step)} | {calls[step]} | {spent:.1f} | {spent / whole:.0%} |")
    rest = whole - sum(seconds.values())
    print(f"| the runner's own work | | {rest:.1f} | {rest / whole:.0%} |\n| all | | {whole:.1f} | 100% |")


if __name__ == "__main__":
    main()
