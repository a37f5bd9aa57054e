"""The floor of a row on a GPU: the time below which no k-means of its precision and residence can come on that card.

An iteration has to do ``2 n k d`` operations for its distances, to read the rows from device memory once (an engine
that fuses assignment and update needs no second pass), and, where the rows stay in host memory, to move them over the
bus. These can overlap, so the floor is the longest of the three and not their sum. The roofline model: Williams,
Waterman and Patterson, "Roofline", Communications of the ACM 52 (2009).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from kmbench.analysis.cells import CellSummary
from kmbench.analysis.pooling import residence
from kmbench.errors import OutputError
from kmbench.records import Status

__all__ = ["CEILINGS_FILE", "Ceilings", "Floor", "FloorRow", "floor_of_iteration", "floor_rows", "residence_of"]

CEILINGS_FILE = "ceilings.json"
"""Name of the file in a run folder that holds what ``benchmarks/tools/gpu_ceilings.py`` measured."""

ITEM_BYTES = {"float16": 2}
"""Bytes of a number of a row on the device, where they are not float32's four."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """What a card reaches at best, measured.

    Attributes
    ----------
    gpu : str
        Its name.
    flops_per_second : mapping
        Of matrix products, by precision: ``float32``, ``tf32``, ``float16``. That of ``3xtf32`` is a third of TF32's.
    memory_bytes_per_second : float
        Of device memory, bytes read and bytes written taken together.
    bus_bytes_per_second : float
        From pinned host memory to the device.
    """

    gpu: str
    flops_per_second: Mapping[str, float]
    memory_bytes_per_second: float
    bus_bytes_per_second: float

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read what ``gpu_ceilings.py`` wrote.

        Raises
        ------
        OutputError
            If the file cannot be read or lacks a figure.
        """
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            flops = {str(name): float(value) for name, value in found["flops_per_second"].items()}
            own = cls(
                gpu=str(found["gpu"]),
                flops_per_second=flops,
                memory_bytes_per_second=float(found["memory_bytes_per_second"]),
                bus_bytes_per_second=float(found["bus_bytes_per_second"]),
            )
            if min(*flops.values(), own.memory_bytes_per_second, own.bus_bytes_per_second) <= 0:
                raise ValueError("a rate is not above zero")
        except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
            detail = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise OutputError(
                f"{path} cannot be read: {detail}", "write it with gpu_ceilings.py, or remove it"
            ) from None
        return own

    def rate(self, precision: str) -> float | None:
        """Return the operations per second of products in a precision, or None where it was not measured."""
        if precision == "3xtf32" and "tf32" in self.flops_per_second:
            return self.flops_per_second["tf32"] / 3
        return self.flops_per_second.get(precision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """Least seconds of one iteration, by what they go into."""

    compute_seconds: float
    memory_seconds: float
    bus_seconds: float

    @property
    def seconds(self) -> float:
        """The longest."""
        return max(self.compute_seconds, self.memory_seconds, self.bus_seconds)

    @property
    def bound(self) -> str:
        """What it is bound by: ``compute``, ``memory`` or ``bus``."""
        named = {"compute": self.compute_seconds, "memory": self.memory_seconds, "bus": self.bus_seconds}
        return max(named, key=lambda name: named[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorRow:
    """A row beside its floor.

    Attributes
    ----------
    floor_seconds : float
        Of all iterations and the labels of the final centroids, which cost one more assignment.
    above_floor : float
        `fit_predict_seconds` over `floor_seconds`.
    best_cpu : str or None
        The fastest sound row of the case that ran on no GPU; `over_best_cpu` is its time over this one's.
    """

    row: CellSummary
    floor: Floor
    floor_seconds: float
    above_floor: float
    best_cpu: str | None
    over_best_cpu: float | None


def floor_of_iteration(
    n: int, d: int, k: int, precision: str, ceilings: Ceilings, *, over_bus: bool = False
) -> Floor | None:
    """Return the floor of one iteration on n x d rows and k clusters, or None where the precision was not measured.

    Parameters
    ----------
    n, d, k : int
    precision : str
        Of the distances; float16 rows are half as long in memory.
    ceilings : Ceilings
    over_bus : bool
        The rows, float32, go over the bus in every iteration.

    Returns
    -------
    Floor or None
        ``2 n k d`` operations; n rows read, k centroids read and written, n labels written; n float32 rows moved.
    """
    rate = ceilings.rate(precision)
    if rate is None:
        return None
    item = ITEM_BYTES.get(precision, 4)
    moved = item * n * d + 2 * 4 * k * d + 4 * n
    return Floor(
        compute_seconds=2.0 * n * k * d / rate,
        memory_seconds=moved / ceilings.memory_bytes_per_second,
        bus_seconds=4.0 * n * d / ceilings.bus_bytes_per_second if over_bus else 0.0,
    )


def floor_rows(rows: Sequence[CellSummary], ceilings: Ceilings) -> list[FloorRow]:
    """Return the sound rows that ran on a GPU beside their floors, case by case, in their order.

    Which they are, and whether their rows stayed on the device, stands in their settings: ``residence``.
    """
    found = []
    for row in rows:
        kept = residence_of(row)
        if kept is None or row.status is not Status.OK or row.fit_predict_seconds is None:
            continue
        given = row.n_iter or row.iterations_given
        floor = floor_of_iteration(
            row.n, row.d, row.k, row.precision or "float32", ceilings, over_bus=kept != "device"
        )
        if floor is None or given is None:
            continue
        rivals = [r for r in rows if r.case_id == row.case_id and r.status is Status.OK and residence_of(r) is None]
        timed = [(r.fit_predict_seconds, r.label) for r in rivals if r.fit_predict_seconds is not None]
        best = min(timed, default=None)
        whole = (given + 1) * floor.seconds
        found.append(
            FloorRow(
                row=row,
                floor=floor,
                floor_seconds=whole,
                above_floor=row.fit_predict_seconds / whole,
                best_cpu=None if best is None else best[1],
                over_best_cpu=None if best is None else best[0] / row.fit_predict_seconds,
            )
        )
    return found


def residence_of(row: CellSummary) -> str | None:
    """Return where a row that ran on a GPU kept its input, ``device`` or ``host``; None for one that ran on none."""
    return residence(row.settings or {})
