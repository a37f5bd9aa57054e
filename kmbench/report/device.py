"""What a page tells of rows that ran on a GPU: their floors, and what a time on a device leaves out."""

from __future__ import annotations

from dataclasses import dataclass

from kmbench.analysis.floors import Ceilings, FloorRow, floor_rows, residence_of
from kmbench.analysis.run import RunCase
from kmbench.report.table import Value
from kmbench.wording import bytes_text, seconds_text, times_text

__all__ = ["HEADINGS", "DeviceRow", "DeviceTable", "device_table"]

HEADINGS = (
    ("precision", "rows kept on"),
    ("fit + labels", "floor"),
    ("above floor", "bound by"),
    ("over best CPU", "which"),
    ("prepare", "not in fit"),
    ("first call", "in no other time"),
    ("device memory", "peak"),
)


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One backend: `values` in the order of `HEADINGS`."""

    label: str
    values: list[Value]


@dataclass(frozen=True, slots=True)
class DeviceTable:
    """The second table of a case."""

    headings: tuple[tuple[str, str], ...]
    rows: list[DeviceRow]
    note: str


def device_table(case: RunCase, ceilings: Ceilings | None) -> DeviceTable | None:
    """Return the table of the sound rows that ran on a GPU, or None where there is none.

    Parameters
    ----------
    case : RunCase
    ceilings : Ceilings or None
        Without them no row has a floor, and the note says how to measure them.
    """
    shown = [row for row in case.sound if residence_of(row) is not None]
    if not shown:
        return None
    floors = {} if ceilings is None else {found.row.cell_id: found for found in floor_rows(case.rows, ceilings)}
    rows = []
    for row in shown:
        found = floors.get(row.cell_id)
        values = [
            Value(row.precision or "", f"the {residence_of(row)}"),
            Value(seconds_text(row.fit_predict_seconds), "" if found is None else seconds_text(found.floor_seconds)),
            Value("", "") if found is None else Value(times_text(found.above_floor), found.floor.bound),
            _over_cpu(found),
            Value(seconds_text(row.prepare_seconds)),
            Value(seconds_text(row.first_call_seconds)),
            Value(bytes_text(row.device_peak_bytes), row.device_memory_method or ""),
        ]
        rows.append(DeviceRow(row.label, values))
    return DeviceTable(HEADINGS, rows, _note(ceilings))


def _over_cpu(found: FloorRow | None) -> Value:
    if found is None or found.over_best_cpu is None:
        return Value("")
    return Value(times_text(found.over_best_cpu), found.best_cpu or "")


def _note(ceilings: Ceilings | None) -> str:
    if ceilings is None:
        return (
            "No floors: ceilings.json is missing from the run folder. benchmarks/tools/gpu_ceilings.py measures "
            "the rates on the card."
        )
    return (
        f"Floors from rates measured on {ceilings.gpu}: the longest of 2nkd operations, reading the rows once and, "
        "where they are kept on the host, moving them over the bus, for each iteration and the labels."
    )
