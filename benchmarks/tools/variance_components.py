"""How much repeats in one process differ, and how much processes do: what the number of rounds in an epoch rests on.

    python benchmarks/tools/variance_components.py results/*/*
    python benchmarks/tools/variance_components.py --backend faiss-cpu results/cores/*

One-way analysis of variance of the logarithms of clean times, by cell: the variance within processes is the mean of
theirs, that between them is the variance of their means less the share that the former has in it. The medians over
the cells of each run are printed, with what the mean of an epoch of 1, 2, 3, 5 and 10 rounds then varies by, and the
number of rounds that tells most for the processor time if starting a process costs as much as `START` of these fits:
sqrt(START * within / between), after Kalibera and Jones, Rigorous benchmarking in reasonable time (ISMM 2013).
`--backend` looks at one backend alone. Where the probes of a run saw the cores near in a part of the fits and distant
in another, each state has a row too.
"""

import argparse
import math
import statistics
from collections import defaultdict
from pathlib import Path

from kmbench.analysis.core_states import boundaries, unit_of
from kmbench.comparison import state_of
from kmbench.errors import KmbenchError
from kmbench.records import RecordKind, read_records

START = 5
"""A process of a second, which is what imports take, beside fits that are looped to a fifth of one with labels."""

LONG_SECONDS = 1.0
"""Longer fits are measured once in each process, and tell nothing here."""

ROUNDS = (1, 2, 3, 5, 10)


def components(epochs):
    """Return the variances within and between processes, or None where too few of them repeat."""
    groups = [times for times in epochs.values() if len(times) >= 2]
    if len(groups) < 3:
        return None
    within = statistics.fmean(statistics.variance(times) for times in groups)
    rounds = statistics.harmonic_mean([len(times) for times in groups])
    means = statistics.variance([statistics.fmean(times) for times in groups])
    return within, max(0.0, means - within / rounds)


def cells_of(folder, backend=None):
    """Return the components of every cell of a run that repeats its fits, by the state of the cores."""
    records = read_records(folder)
    limits = boundaries(records)
    if backend is not None:
        records = [record for record in records if record.key.backend == backend]
    cells = defaultdict(lambda: defaultdict(list))
    for record in records:
        if record.kind is RecordKind.FIT and not record.contaminated and record.fit_seconds < LONG_SECONDS:
            boundary = limits.get(unit_of(record))
            state = state_of(record.cross_core_ratio, record.cross_core_ratio_after, boundary)
            told = [""] if state is None else ["", f", cores {state.value}"]
            for name in told:
                cells[name, record.key.cell_id][record.epoch].append(math.log(record.fit_predict_seconds))
    found = defaultdict(list)
    for (name, _), epochs in cells.items():
        parts = components(epochs)
        if parts is not None:
            found[name].append(parts)
    return found


def row(name, cells):
    """Return a row of the table."""
    within, between = (statistics.median(values) for values in zip(*cells, strict=True))
    spread = [f"{math.sqrt(between + within / rounds):.1%}" for rounds in ROUNDS]
    best = f"{math.sqrt(START * within / between):.0f}" if between > 0 else "as many as fit"
    return [name, str(len(cells)), f"{math.sqrt(within):.1%}", f"{math.sqrt(between):.1%}", *spread, best]


def parser():
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("runs", nargs="+", type=Path)
    reader.add_argument("--backend", metavar="NAME", help="of this one alone, such as faiss-cpu")
    return reader


def main():
    headings = [
        "run",
        "cells",
        "within",
        "between",
        "1 round",
        *(f"{rounds} rounds" for rounds in ROUNDS[1:]),
        "most for the cost",
    ]
    print(f"| {' | '.join(headings)} |")
    print(f"|---|{'---:|' * (len(headings) - 1)}")
    given = parser().parse_args()
    for folder in given.runs:
        if not (folder / "records.jsonl").exists():
            continue
        try:
            found = cells_of(folder, given.backend)
        except KmbenchError as error:
            raise SystemExit(str(error)) from None
        for state, cells in sorted(found.items()):
            print(f"| {' | '.join(row('/'.join(folder.parts[-2:]) + state, cells))} |")


if __name__ == "__main__":
    main()
