"""From where on each way of scaling out pays: a model that starts from the passes measured by scale-out.toml.

    python benchmarks/tools/scale_out_model.py results/scale-out/HOST

Measured are, for each number of clusters, the CPU seconds per row of a pass in memory, from the file and on Dask, and
what a task costs: how much longer the smallest case takes on Dask, per task. The options set the rest. The model of a
pass:

    one machine, in memory   CPU seconds / cores, where rows and their centred copy fit
    one machine, from file   the longer of CPU seconds / cores and of reading the rows
    Dask on machines         the longer of CPU seconds / all cores and of reading on all disks, and the tasks' seconds

Cores are taken to work as fast side by side as the measured ones, and every machine to have the rows on its own disk.
Both favour many machines. The scheduler works on one task at a time; there are two for each core.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kmbench.analysis import read_run
from kmbench.analysis.cells import CellSummary
from kmbench.errors import KmbenchError
from kmbench.records import Status
from kmbench.wording import count_text, seconds_text

MEMORY, FILE, DASK = "numpy-lloyd[read=memory]", "numpy-lloyd[read=pass]", "dask-lloyd[read=pass]"

TASKS_PER_CORE = 2
"""As `dask-lloyd` cuts X where nobody says otherwise."""

ROWS = (10**6, 10**7, 10**8, 10**9, 10**10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a run says of one pass: an assignment of all rows, and the sums for the next centroids."""

    k: int
    d: int
    memory_cpu_seconds_per_row: float
    file_cpu_seconds_per_row: float
    dask_cpu_seconds_per_row: float
    task_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """What the model takes for granted."""

    cores: int
    machines: int
    memory_bytes: float
    disk_bytes_per_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """Seconds of one pass; `in_memory` is None where X and its copy do not fit."""

    in_memory: float | None
    from_file: float
    on_machines: float

    @property
    def fastest(self) -> str:
        """The way that takes the least time."""
        ways = {"in memory": self.in_memory, "from the file": self.from_file, "Dask": self.on_machines}
        return min((seconds, way) for way, seconds in ways.items() if seconds is not None)[1]


def projected(measured: Measured, machines: Machines, n: int) -> Passes:
    """Return the seconds of a pass over `n` rows by the model."""
    row_bytes = 4 * measured.d
    reading = n * row_bytes / machines.disk_bytes_per_second
    on_dask = max(n * measured.dask_cpu_seconds_per_row / machines.cores, reading) / machines.machines
    fits = 2 * n * row_bytes <= machines.memory_bytes
    tasks = TASKS_PER_CORE * machines.cores * machines.machines
    return Passes(
        in_memory=n * measured.memory_cpu_seconds_per_row / machines.cores if fits else None,
        from_file=max(n * measured.file_cpu_seconds_per_row / machines.cores, reading),
        on_machines=on_dask + tasks * measured.task_seconds,
    )


def pays_from(measured: Measured, machines: Machines) -> float:
    """Return the rows from which on Dask on all machines takes less time than one machine that reads the file."""
    one = projected(measured, machines, 10**9).from_file / 10**9
    tasks = TASKS_PER_CORE * machines.cores * machines.machines * measured.task_seconds
    each = (projected(measured, machines, 10**9).on_machines - tasks) / 10**9
    return tasks / (one - each) if one > each else math.inf


def measured_passes(cells: Iterable[CellSummary]) -> list[Measured]:
    """Return what the largest case of each `k` says; a case without the three backends says nothing.

    Cases of one thread are left out: their tasks do not run side by side.
    """
    cases: dict[tuple[int, int], dict[str, CellSummary]] = {}
    for cell in cells:
        if cell.status is Status.OK and cell.threads > 1:
            cases.setdefault((cell.n, cell.k), {})[cell.label] = cell
    smallest = next((found for _, found in sorted(cases.items()) if {FILE, DASK} <= found.keys()), None)
    largest = {k: found for (_, k), found in sorted(cases.items()) if {MEMORY, FILE, DASK} <= found.keys()}
    if smallest is None:
        return []
    return [_of_case(found, _task_seconds(smallest)) for _, found in sorted(largest.items())]


def _task_seconds(cells: dict[str, CellSummary]) -> float:
    file, dask = cells[FILE], cells[DASK]
    longer = (_seconds(dask) - _seconds(file)) / _passes(file)
    return max(0.0, longer) / (TASKS_PER_CORE * file.threads)


def _of_case(cells: dict[str, CellSummary], task_seconds: float) -> Measured:
    memory, file, dask = (_cpu_seconds(cells[label]) / _passes(cells[label]) for label in (MEMORY, FILE, DASK))
    any_cell = cells[FILE]
    return Measured(
        k=any_cell.k,
        d=any_cell.d,
        memory_cpu_seconds_per_row=memory / any_cell.n,
        file_cpu_seconds_per_row=file / any_cell.n,
        dask_cpu_seconds_per_row=dask / any_cell.n,
        task_seconds=task_seconds,
    )


def _passes(cell: CellSummary) -> int:
    return (cell.iterations_given or 0) + 1


def _seconds(cell: CellSummary) -> float:
    assert cell.fit_predict_seconds is not None
    return cell.fit_predict_seconds


def _cpu_seconds(cell: CellSummary) -> float:
    assert cell.fit_predict_cpu_seconds is not None
    return cell.fit_predict_cpu_seconds


def print_model(found: list[Measured], machines: Machines) -> None:
    """Print what was measured, and the passes that the model makes of it, as Markdown."""
    print("Measured, of one pass:\n")
    print("| k | CPU time per million rows, in memory | from the file | on Dask |\n|---:|---:|---:|---:|")
    for one in found:
        per_row = (one.memory_cpu_seconds_per_row, one.file_cpu_seconds_per_row, one.dask_cpu_seconds_per_row)
        print(f"| {one.k:,} | {' | '.join(seconds_text(1e6 * seconds) for seconds in per_row)} |")
    print(f"\nA task of Dask takes {seconds_text(found[0].task_seconds)} more than its work.")
    print(f"\nModel, not measured: one machine with {count_text(machines.cores, 'core')} against")
    print(f"{count_text(machines.machines, 'machine')} of that kind, {machines.memory_bytes / 2**30:g} GiB of memory")
    print(f"and a disk of {machines.disk_bytes_per_second / 1e9:g} GB/s each. Seconds of one pass:\n")
    print("| k | rows | in memory | from the file | Dask on all machines | least time |")
    print("|---:|---:|---:|---:|---:|---|")
    for one in found:
        for n in ROWS:
            passes = projected(one, machines, n)
            memory = "does not fit" if passes.in_memory is None else seconds_text(passes.in_memory)
            row = (f"{one.k:,}", f"{n:,}", memory, seconds_text(passes.from_file), seconds_text(passes.on_machines))
            print(f"| {' | '.join(row)} | {passes.fastest} |")
    print()
    for one in found:
        rows = pays_from(one, machines)
        where = f"from about {rows / 1e6:,.0f} million rows on" if rows < math.inf else "at no number of rows"
        print(f"k={one.k:,}: Dask on all machines is ahead of one that reads the file {where}.")


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("run", type=Path, metavar="RUN", help="run folder of benchmarks/scale-out.toml")
    reader.add_argument("--cores", type=int, default=16, help="of each machine (default 16)")
    reader.add_argument("--machines", type=int, default=10, help="default 10")
    reader.add_argument("--memory-gib", type=float, default=64, help="of each machine (default 64)")
    reader.add_argument("--disk-gb-per-second", type=float, default=2, help="of each machine (default 2)")
    return reader


def main() -> None:
    """Print the model of a run."""
    given = parser().parse_args()
    if min(given.cores, given.memory_gib, given.disk_gb_per_second) <= 0 or given.machines < 2:
        parser().error("cores, memory and disk are positive, and machines are two or more")
    try:
        found = measured_passes(read_run(given.run).cells)
    except KmbenchError as error:
        parser().error(str(error))
    if not found:
        parser().error(f"{given.run} has no case with two threads and {MEMORY}, {FILE} and {DASK}, all of them ok")
    machines = Machines(
        cores=given.cores,
        machines=given.machines,
        memory_bytes=given.memory_gib * 2**30,
        disk_bytes_per_second=1e9 * given.disk_gb_per_second,
    )
    print_model(found, machines)


if __name__ == "__main__":
    main()
