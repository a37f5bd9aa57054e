"""A witness from outside: kmbench's times beside those of the engines alone, measured in turns in one session.

    python benchmarks/tools/witness.py
    python benchmarks/tools/witness.py --data embeddings:n=50000,d=768,rank=48,seed=0 --k 512 --threads 1,2 --turns 30
    python benchmarks/tools/witness.py --pages cold --records cold.jsonl

A turn is every engine alone (`engine_alone.py`, a process of its own, with memory as warm as its fit needs) and one
run of kmbench (`kmbench run --json --protocol matched --repeats 1`), in shuffled order. All have the same file, start
and iterations; that they did the same work is checked by the inertia. The ratio kmbench / alone of an engine is the
geometric mean over the turns, with Student's t interval on the logarithms of the paired ratios. Turns go on until the
95 % interval of every engine is within ±3 %, or until there are as many as `--turns` says.

With several threads the cores are probed before and after each engine alone, as kmbench probes them. On a host that
moves its cores near and far, a turn counts for an engine only where all four probes found them in the same state.

`--pages` is kmbench's option; alone is always warm. Idle OpenMP threads sleep in all processes
(OMP_WAIT_POLICY=PASSIVE), unless the variable is set: kmbench would choose it by the load, which this script makes.
With `--records FILE` every turn is a line of FILE, and a call that was cut off goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ALONE = Path(__file__).resolve().with_name("engine_alone.py")
ENGINES = ("numpy-lloyd", "sklearn-lloyd", "faiss-cpu")
SHAPES = (("embeddings:n=340000,d=100,rank=24,seed=0", 256), ("embeddings:n=50000,d=768,rank=48,seed=0", 512))
HALF_WIDTH, LEAST_TURNS, CONFIDENCE = 0.03, 5, 0.95
SEED = 0

SAME_INERTIA = 1e-3
"""Relative; engines of float32 that do the same work end closer, those that start or stop elsewhere do not."""

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")

Turn = dict[str, list[float]]
"""Seconds of each engine, alone and in kmbench; with several threads then the probes of the cores around both."""


@dataclass(frozen=True)
class Case:
    """What is clustered, and how."""

    data: str
    k: int
    threads: int
    iterations: int
    pages: str


@dataclass(frozen=True)
class Ratio:
    """A geometric mean of paired ratios, and its interval; None where one turn tells no interval."""

    value: float
    low: float | None
    high: float | None

    @property
    def half_width(self) -> float:
        """Half of the interval's width, as a share of the ratio; infinite where there is none."""
        return math.inf if self.low is None or self.high is None else math.sqrt(self.high / self.low) - 1


def paired_ratio(pairs: Sequence[Sequence[float]]) -> Ratio:
    """Return the ratio of the second to the first of each pair, with Student's t interval on the logarithms."""
    from scipy.stats import t

    logs = [math.log(second / first) for first, second in pairs]
    mean = statistics.fmean(logs)
    if len(logs) < 2:
        return Ratio(math.exp(mean), None, None)
    half = t.ppf((1 + CONFIDENCE) / 2, len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
    return Ratio(math.exp(mean), math.exp(mean - half), math.exp(mean + half))


def comparable(turns: Sequence[Turn], engine: str) -> list[list[float]]:
    """Return the seconds of an engine in those turns that found the cores in one state throughout.

    Turns without probes count, as do all where the probes of a case show only one state.
    """
    from kmbench.comparison.core_states import boundary_of

    probes = [probe for turn in turns for entry in turn.values() for probe in entry[2:]]
    boundary = boundary_of(probes)
    entries = [turn[engine] for turn in turns]
    if boundary is None:
        return [entry[:2] for entry in entries]
    return [entry[:2] for entry in entries if len({probe > boundary for probe in entry[2:]}) <= 1]


def is_narrow(turns: Sequence[Turn], engine: str) -> bool:
    """Whether enough turns count for an engine, and their interval is within `HALF_WIDTH`."""
    pairs = comparable(turns, engine)
    return len(pairs) >= LEAST_TURNS and paired_ratio(pairs).half_width <= HALF_WIDTH


def until_narrow(measure: Callable[[int], Turn], known: Sequence[Turn], most: int) -> list[Turn]:
    """Measure turns until every engine's interval is within `HALF_WIDTH`, or there are `most`."""
    turns = list(known)
    while len(turns) < most:
        if turns and all(is_narrow(turns, engine) for engine in turns[0]):
            break
        turns.append(measure(len(turns)))
    return turns


class Session:
    """A case with its files, and how every engine is measured: alone and in kmbench."""

    def __init__(self, case: Case, engines: Sequence[str], folder: Path) -> None:
        from kmbench.datasets import initial_centroids, materialise

        self.case, self.engines, self.folder = case, engines, folder
        self.data, self.start = materialise(case.data, folder).path, folder / "start.npy"
        np.save(self.start, initial_centroids(np.load(self.data, mmap_mode="r"), case.k, SEED))
        self.environment = {"OMP_WAIT_POLICY": "PASSIVE"} | os.environ
        self.peak_bytes = {engine: int(self._alone(engine, "--peak")["peak_bytes"]) for engine in engines}

    def turn(self, number: int) -> Turn:
        """Measure every engine alone and in kmbench, in an order of chance; check that they did the same work."""
        units = [*self.engines, "kmbench"]
        random.Random(f"{self.case} {number}").shuffle(units)
        alone: dict[str, dict[str, float]] = {}
        probes: dict[str, list[float]] = {}
        cells: dict[str, dict[str, Any]] = {}
        for unit in units:
            if unit == "kmbench":
                cells = self._kmbench(number)
            else:
                before = self._probe()
                alone[unit] = self._alone(unit, f"--warm-bytes={self.peak_bytes[unit]}")
                probes[unit] = before + self._probe()
        for engine in self.engines:
            mine, its = alone[engine]["inertia"], cells[engine]["inertia"]
            if abs(mine / its - 1) > SAME_INERTIA:
                sys.exit(f"{engine} did other work alone than in kmbench: inertia {mine:.8g} and {its:.8g}")
        seconds = {name: [alone[name]["seconds"], cells[name]["fit_predict_seconds"]] for name in self.engines}
        return {name: [*seconds[name], *probes[name], *self._kmbench_probes(number, name)] for name in self.engines}

    def _probe(self) -> list[float]:
        from kmbench.instruments.cross_core import cross_core_ratio

        ratio = cross_core_ratio(self.case.threads)
        return [] if ratio is None else [ratio]

    def _kmbench_probes(self, number: int, engine: str) -> list[float]:
        """Return what kmbench's own probes found around the fits that count."""
        from kmbench.records import RecordKind, read_records

        fits = [r for r in read_records(self.folder / f"run-{number}") if r.kind is RecordKind.FIT]
        own = [r for r in fits if r.key.backend == engine]
        counted = [r for r in own if not r.contaminated] or own
        found = [(r.cross_core_ratio, r.cross_core_ratio_after) for r in counted]
        return [ratio for pair in found for ratio in pair if ratio is not None]

    def _alone(self, engine: str, *options: str) -> dict[str, float]:
        case = self.case
        command = [str(ALONE), engine, str(self.data), str(self.start), f"--iterations={case.iterations}"]
        variables = dict.fromkeys(THREAD_VARIABLES, str(case.threads))
        return json.loads(self._python([*command, f"--threads={case.threads}", *options], variables))

    def _kmbench(self, number: int) -> dict[str, dict[str, Any]]:
        case = self.case
        options = {"data": self.data, "k": case.k, "threads": case.threads, "iterations": case.iterations}
        options |= {"protocol": "matched", "pages": case.pages, "seed": SEED, "repeats": 1}
        options |= {"backends": ",".join(self.engines), "output": self.folder / f"run-{number}"}
        command = ["-m", "kmbench", "run", "--json", "--no-report"]
        cells = json.loads(self._python([*command, *(f"--{name}={value}" for name, value in options.items())], {}))
        for cell in cells:
            if cell["status"] != "ok":
                sys.exit(f"kmbench: {cell['label']} is {cell['status']}: {cell['reason']}")
            if cell["iterations_given"] != case.iterations:
                sys.exit(
                    f"no label changes after {cell['iterations_given']} iterations: ask for no more (--iterations)"
                )
        return {cell["label"]: cell for cell in cells}

    def _python(self, arguments: list[str], variables: dict[str, str]) -> str:
        command, environment = [sys.executable, "-P", *arguments], self.environment | variables
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(arguments[:3])} ended with exit code {done.returncode}:\n{done.stderr[-2000:]}")
        return done.stdout


def measured(case: Case, engines: Sequence[str], most: int, records: Path | None) -> list[Turn]:
    """Measure the turns of a case; those that are in `records` already count."""
    lines = records.read_text().splitlines() if records is not None and records.exists() else []
    of_case = asdict(case) | {"engines": list(engines)}
    known = [found["turn"] for found in map(json.loads, lines) if found["case"] == of_case]
    with tempfile.TemporaryDirectory(prefix="witness-") as scratch:
        session: list[Session] = []

        def measure(number: int) -> Turn:
            if not session:
                session.append(Session(case, engines, Path(scratch)))
            turn = session[0].turn(number)
            if records is not None:
                with records.open("a") as file:
                    file.write(json.dumps({"case": of_case, "turn": turn}) + "\n")
            ratios = ", ".join(f"{engine} {its / alone:.3f}" for engine, (alone, its, *_) in turn.items())
            print(f"{case}: turn {number + 1}: {ratios}", file=sys.stderr, flush=True)
            return turn

        return until_narrow(measure, known, most)


def row(case: Case, engine: str, turns: Sequence[Turn]) -> str:
    """Return a line of the table."""
    pairs = comparable(turns, engine)
    count = str(len(turns)) if len(pairs) == len(turns) else f"{len(pairs)} of {len(turns)}"
    if not pairs:
        return f"| `{case.data}` | {case.k} | {case.threads} | {case.pages} | {engine} | | | | | {count} |"
    ratio = paired_ratio(pairs)
    alone, its = (statistics.median(pair[which] for pair in pairs) for which in (0, 1))
    interval = "" if ratio.low is None else f"{ratio.low:.3f} to {ratio.high:.3f}"
    cells = (f"`{case.data}`", case.k, case.threads, case.pages, engine, f"{alone:.3g} s", f"{its:.3g} s")
    return f"| {' | '.join(map(str, (*cells, f'{ratio.value:.3f}', interval, count)))} |"


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--data", metavar="SPEC", help="of `kmbench data`, with --k; default: two shapes")
    reader.add_argument("--k", type=int)
    reader.add_argument("--threads", default="1,2", help="such as 1,2 (default)")
    reader.add_argument("--iterations", type=int, default=10)
    reader.add_argument("--pages", choices=("warm", "cold"), default="warm", help="of kmbench; alone is always warm")
    reader.add_argument("--engines", default=",".join(ENGINES))
    reader.add_argument("--turns", type=int, default=20, help="at most (default 20)")
    reader.add_argument("--records", type=Path, metavar="FILE", help="keep every turn, and go on from those in it")
    return reader


def main() -> None:
    """Measure every case and print its rows."""
    given, engines = parser().parse_args(), parser().parse_args().engines.split(",")
    if unknown := set(engines) - set(ENGINES):
        parser().error(f"--engines: there is no {', '.join(sorted(unknown))}; there are {', '.join(ENGINES)}")
    if not all(part.isdecimal() and int(part) for part in given.threads.split(",")):
        parser().error(f"--threads {given.threads} is no list of thread counts, such as 1,2")
    if (given.data is None) != (given.k is None) or given.turns < 1:
        parser().error("--data and --k belong together, and --turns is at least 1")
    print("| data | k | threads | pages | engine | alone | kmbench | kmbench / alone | 95 % interval | turns |")
    print("|---|---:|---:|---|---|---:|---:|---:|---:|---:|", flush=True)
    for data, k in SHAPES if given.data is None else ((given.data, given.k),):
        for threads in map(int, given.threads.split(",")):
            case = Case(data, k, threads, given.iterations, given.pages)
            turns = measured(case, engines, given.turns, given.records)
            print("\n".join(row(case, engine, turns) for engine in engines), flush=True)


if __name__ == "__main__":
    main()
