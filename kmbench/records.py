"""The frozen records that pass between the rooms: data sets, cells, samples. Units stand in the names."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self

from kmbench.errors import OutputError
from kmbench.notes import Note

__all__ = [
    "RECORDS_FILE",
    "RECORD_VERSION",
    "CellKey",
    "DatasetInfo",
    "Record",
    "RecordKind",
    "Status",
    "label_of",
    "parse_records",
    "read_records",
    "read_records_and_torn_line",
]

RECORDS_FILE = "records.jsonl"
"""Name of the file that holds a run's records."""

RECORD_VERSION = 1
"""Version of the lines in ``records.jsonl``; raised when a reader of the old ones would misread the new."""


class Status(StrEnum):
    """What became of a cell. Only ``ok`` rows are compared."""

    OK = "ok"
    INVALID = "invalid"
    SKIPPED = "skipped"
    UNAVAILABLE = "unavailable"
    ERROR = "error"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"

    @property
    def is_failure(self) -> bool:
        """Whether a cell of this status makes the run's exit code 1."""
        return self not in (Status.OK, Status.SKIPPED, Status.UNAVAILABLE)


class RecordKind(StrEnum):
    """What a line of ``records.jsonl`` holds."""

    FIT = "fit"
    RUNG = "rung"
    MEMORY = "memory"
    QUALITY = "quality"
    OUTCOME = "outcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetInfo:
    """A data set as every engine gets it: C-contiguous float32 rows.

    Attributes
    ----------
    spec : str
        The SPEC that it was requested with.
    n, d : int
        Rows and columns.
    source_dtype : str
        Data type in the source, before the conversion to float32.
    fingerprint : str
        First 16 hex digits of the SHA-256 of shape and float32 content.
    path : str
        The ``.npy`` file (float32, C order, shape ``(n, d)``) that workers read.
    mean_square : float
        Mean squared norm of the rows, ``mean(||x||^2)``.
    spread : float
        Mean squared distance of the rows from their mean, ``mean(||x - mean||^2)``.
    notes : tuple of Note
        What was decided when the data was read. It is not part of the data's identity, nor of any record.
    offset : tuple of float
        What was subtracted from each column before the rounding to float32, because the data lies far from the
        origin; empty if nothing was.
    all_equal : bool
        Whether all rows are equal as they are stored, before any rounding.
    """

    spec: str
    n: int
    d: int
    source_dtype: str
    fingerprint: str
    path: str
    mean_square: float
    spread: float
    notes: tuple[Note, ...] = field(default=(), compare=False)
    offset: tuple[float, ...] = field(default=(), compare=False)
    all_equal: bool = field(default=False, compare=False)

    @property
    def offset_ratio(self) -> float:
        """``||mean||^2 / spread``: how far from the origin the data lies; infinite without any spread."""
        offset = max(0.0, self.mean_square - self.spread)
        return offset / self.spread if self.spread else (float("inf") if offset else 0.0)

    @property
    def nbytes(self) -> int:
        """Bytes of the float32 matrix."""
        return 4 * self.n * self.d


CALLABLE = "callable"
"""The backend that stands for functions that `kmbench.compare_callables` is given."""


def label_of(backend: str, parameters: dict[str, Any]) -> str:
    """Return a backend with its parameters as a user writes them; a function is called as its user calls it."""
    if backend == CALLABLE and "name" in parameters:
        return str(parameters["name"])
    inner = ";".join(f"{name}={value}" for name, value in parameters.items())
    return f"{backend}[{inner}]" if inner else backend


_RARE = ("revision", "workload", "pages", "cores", "cluster")
"""Fields of a key that are left out where they are None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellKey:
    """What is measured: one backend with its parameters on one case.

    Attributes
    ----------
    revision : str or None
        Which commit's kmbench the worker runs, where several are compared; None: the installed one.
    workload : str or None
        The task with its parameters, such as ``palette[space=lab]``, that made the matrix from the data set; `n`,
        `d` and the fingerprint are those of the matrix. None: k-means on the data as it is.
    pages : str or None
        ``warm``: memory was touched right before each timed fit. None: it was left as it was.
    cores : str or None
        How cores were chosen by the L3 caches that they share, ``same-l3`` or ``spread``; None: they were not.
    cluster : str or None
        Where distributed backends ran: ``local:N``, or ``tcp://`` and ``spark://`` for a cluster that ran already.
        None: on this machine, with as many workers as threads.
    """

    dataset: str
    dataset_fingerprint: str
    n: int
    d: int
    dtype: str = "float32"
    k: int
    iterations: int | None
    protocol: str
    seed: int
    threads: int
    backend: str
    parameters: dict[str, Any] = field(default_factory=dict)
    revision: str | None = None
    workload: str | None = None
    pages: str | None = None
    cores: Literal["same-l3", "spread"] | None = None
    cluster: str | None = None

    @property
    def label(self) -> str:
        """The backend as a user writes it, such as ``faiss-ivf[nlist=16;nprobe=4]``, and ``@`` its revision."""
        label = label_of(self.backend, self.parameters)
        return label if self.revision is None else f"{label}@{self.revision}"

    @property
    def case_id(self) -> str:
        """Identity of the case: cells that share it did the same work and are compared."""
        return _digest({k: v for k, v in self.as_dict().items() if k not in ("backend", "parameters", "revision")})

    @property
    def cell_id(self) -> str:
        """Identity of the cell within any run: the same in a resumed one."""
        return _digest(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name; those of `_RARE` only where they are, so that ids stay what they were."""
        # Not dataclasses.asdict, which copies what is in the fields: ids are asked for with every record.
        flat = {name: getattr(self, name) for name in CellKey.__dataclass_fields__}
        return {name: value for name, value in flat.items() if name not in _RARE or value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of ``records.jsonl``: a sample of a cell, or its outcome.

    Every record names its whole cell, so that a line can be read on its own. Figures that its kind does not have
    are None and are left out of the line.

    Attributes
    ----------
    session : int
        0 for the first start of the run, one more for each ``--resume``. The samples of a cell that count are
        those of the session that wrote its outcome.
    epoch, round : int or None
        Of the interleaved schedule, from 0: in each epoch every backend has a fresh process, in each round of it
        every backend is measured once, in the order of ``order``.
    contaminated : bool or None
        The fit waited for a core for more than a twentieth of its time, or for memory: `disturbed_by` says for which.
        It is kept, and measured again.
    fit_seconds, assign_seconds, prepare_seconds : float or None
        Wall time of one call. ``fit_predict_seconds`` is the time until the final centroids and their labels
        exist: fit alone where fit gives labels, fit plus assign where it does not.
    fit_cpu_seconds : float or None
        CPU time of all threads of the process in fit.
    fit_predict_cpu_seconds : float or None
        CPU time of all threads of the process until labels exist: what `fit_predict_seconds` is in wall time.
    run_delay_seconds : float or None
        Time that threads could have run in fit and assign but waited for a core.
    threads_seen : int or None
        Threads that did a substantial part of the work, from the accounting of the scheduler.
    fit_system_seconds : float or None
        CPU time of all threads in kernel mode during fit: this includes the time to provide memory.
    page_faults : int or None
        During fit.
    warmed_bytes : int or None
        Memory that was touched and freed right before the timed fit.
    cross_core_ratio, cross_core_ratio_after : float or None
        Time of a small product with the case's threads over that with one, right before and after the fit: how far
        apart the cores were. None with one thread.
    bound_cores : list of int or None
        The cores that the worker was bound to.
    loops : int or None
        Number of calls of fit that were timed together, because one is short; times are divided by it.
    first_call_seconds : float or None
        The first prepare, fit and labels in the process, on a few rows: loading libraries, thread pools, and on a GPU
        the context and the compilation of kernels. No other time includes it.
    device_peak_bytes : int or None
        Memory of the device at the peak of prepare, fit and labels, the rows included where they are kept there;
        `device_memory_method` says how it was found.
    precision : str or None
        Arithmetic of the backend's distances, such as ``float32`` or ``tf32``.
    peak_extra_bytes, retained_bytes : int or None
        Memory of prepare, fit and labels beyond the resident input: at the peak, and kept afterwards.
    memory_parts : dict or None
        The peaks of a distributed backend's processes by what they are, such as ``worker`` or ``JVM``: the sum of
        processes that are alike.
    cluster_seconds : float or None
        Time until a distributed backend's cluster was ready. No other time includes it.
    iterations_given : int or None
        What every backend of the case was given: the key's iterations, or fewer where the reference's labels no
        longer change after them, so that none can stop before the others. In the samples and the ``rung`` records
        of the protocol ``target``: the rung of its ladder.
    inertia : float or None
        Sum of squared distances of all rows to their nearest final centroid, by kmbench, in float64.
    reported_inertia : float or None
        What the library itself reports, which may belong to other centroids or another precision.
    task : dict or None
        Figures of the workload by name: how well the answer serves the task.
    task_figures : list of dict or None
        For each of them its name, title, unit, which direction is better, and a summary, so that records can be read
        without the package that the workload came from.
    artefacts, case_artefacts : list of str or None
        Files that the workload left in the run folder, for this answer and for the case as a whole.
    pairwise_ari : dict or None
        Adjusted Rand index with the answer of each other backend of the case, by its label.
    """

    kind: RecordKind
    key: CellKey
    session: int
    host: str
    at: str
    status: Status = Status.OK
    reason: str | None = None
    backend_version: str | None = None
    settings: dict[str, Any] | None = None
    iterations_given: int | None = None
    epoch: int | None = None
    round: int | None = None
    order: int | None = None
    contaminated: bool | None = None
    disturbed_by: str | None = None
    loops: int | None = None
    precision: str | None = None
    first_call_seconds: float | None = None
    prepare_seconds: float | None = None
    cluster_seconds: float | None = None
    fit_seconds: float | None = None
    fit_cpu_seconds: float | None = None
    assign_seconds: float | None = None
    fit_predict_seconds: float | None = None
    fit_predict_cpu_seconds: float | None = None
    run_delay_seconds: float | None = None
    threads_seen: int | None = None
    fit_system_seconds: float | None = None
    page_faults: int | None = None
    warmed_bytes: int | None = None
    cross_core_ratio: float | None = None
    cross_core_ratio_after: float | None = None
    bound_cores: list[int] | None = None
    peak_extra_bytes: int | None = None
    retained_bytes: int | None = None
    input_bytes: int | None = None
    memory_method: str | None = None
    memory_parts: dict[str, int] | None = None
    device_peak_bytes: int | None = None
    device_memory_method: str | None = None
    n_iter: int | None = None
    inertia: float | None = None
    reported_inertia: float | None = None
    reference: str | None = None
    reference_inertia: float | None = None
    inertia_ratio: float | None = None
    ari: float | None = None
    pairwise_ari: dict[str, float] | None = None
    matched_agreement: float | None = None
    pair_f1: float | None = None
    variation_of_information: float | None = None
    centroid_index: int | None = None
    empty_clusters: int | None = None
    empty_events: int | None = None
    task: dict[str, float] | None = None
    task_figures: list[dict[str, Any]] | None = None
    artefacts: list[str] | None = None
    case_artefacts: list[str] | None = None
    pools: list[dict[str, Any]] | None = None
    output: str | None = None

    def to_line(self) -> str:
        """Return the record as one line of JSON, without a line end."""
        flat: dict[str, Any] = {"record_version": RECORD_VERSION, "kind": self.kind.value}
        flat |= {"cell_id": self.key.cell_id, "case_id": self.key.case_id}
        flat |= self.key.as_dict()
        for name in _FIGURES:
            value = getattr(self, name)
            if value is not None:
                flat[name] = value
        line = json.dumps(flat, ensure_ascii=False, allow_nan=False)
        return line.encode("utf-8", "replace").decode()  # an engine's message may hold bytes that are no text

    @classmethod
    def from_flat(cls, flat: dict[str, Any]) -> Self:
        """Build a record from a decoded line.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the line is not a record of this version.
        """
        if flat["record_version"] != RECORD_VERSION:
            raise ValueError(f"record version {flat['record_version']}, this kmbench reads {RECORD_VERSION}")
        names = [f.name for f in dataclasses.fields(CellKey) if f.name not in _RARE or f.name in flat]
        key = CellKey(**{name: flat[name] for name in names})
        figures = {name: flat[name] for name in _FIGURES if name in flat}
        figures["status"] = Status(figures["status"])
        return cls(kind=RecordKind(flat["kind"]), key=key, **figures)


_FIGURES = tuple(f.name for f in dataclasses.fields(Record) if f.name not in ("kind", "key"))


def _digest(value: dict[str, Any]) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_records(path: Path) -> list[Record]:
    """Return the records of a run folder or of a ``records.jsonl`` file.

    Raises
    ------
    OutputError
        If there are no records there, or a whole line is not one that this version reads.
    """
    return read_records_and_torn_line(path)[0]


def read_records_and_torn_line(path: Path) -> tuple[list[Record], int | None]:
    """Return also the number of a last line that a kill has torn, and that is left out; None without one.

    Raises
    ------
    OutputError
        As `read_records`.
    """
    file = path / RECORDS_FILE if path.is_dir() else path
    if not file.is_file():
        raise OutputError(
            f"{path} holds no {RECORDS_FILE}", "give a run folder, which `kmbench run` prints at its end"
        )
    content = file.read_bytes()
    torn = content.count(b"\n") + 1 if content and not content.endswith(b"\n") else None
    return list(parse_records(content, str(file))), torn


def parse_records(content: bytes, name: str) -> Iterator[Record]:
    """Yield the records of a file's content; a last line without a line end was torn by a kill and is left out."""
    whole = content[: content.rfind(b"\n") + 1]
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            yield Record.from_flat(json.loads(line))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            detail = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise OutputError(f"{name}, line {number}, is not a record that this kmbench reads: {detail}") from None
