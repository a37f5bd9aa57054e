"""Expand a study into cases and cells, and find the cells that cannot run before anything is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from kmbench.backends.base import Backend, Params, Precision
from kmbench.backends.cluster import Cluster
from kmbench.backends.grid import Choice, expand_backends
from kmbench.backends.init import why_no_start
from kmbench.backends.registry import get_backend
from kmbench.errors import CaseError, StudyError, WorkloadError
from kmbench.instruments import choose_cores, room_for_a_process
from kmbench.records import CellKey, DatasetInfo, Status, label_of
from kmbench.study.model import Block, Study
from kmbench.study.protocol import job_protocol
from kmbench.wording import bytes_text
from kmbench.workloads import SeveralFits, expand_workloads, workload_from

__all__ = ["Case", "Cell", "expand", "with_data"]

INTERPRETER_BYTES = 2**26
"""What a worker with NumPy and SciPy holds before it has any data."""

Datasets = dict[tuple[str, str | None], DatasetInfo]


@dataclass(frozen=True, slots=True)
class Cell:
    """One backend on one case.

    Attributes
    ----------
    version : str or None
        Of the engine.
    parameters : dict
        The values that the backend's model of parameters made of those in `key`, for the worker.
    precision : str
        Arithmetic of the backend's distances with these parameters.
    takes : {"array", "shards"}
        Whether the worker holds X in memory, or leaves it in its file.
    status, reason : Status or None, str or None
        Set where it is known beforehand that the cell cannot run.
    """

    key: CellKey
    version: str | None
    parameters: dict[str, Any]
    precision: Precision
    takes: Literal["array", "shards"] = "array"
    status: Status | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """The cells that do the same work on the same data and are compared with each other."""

    dataset: DatasetInfo
    cells: tuple[Cell, ...]

    @property
    def several_fits(self) -> bool:
        """Whether its workload fits k-means more than once."""
        return self.key.workload is not None and isinstance(workload_from(self.key.workload), SeveralFits)

    @property
    def key(self) -> CellKey:
        """A key whose case part all cells share."""
        return self.cells[0].key


def _under(case: Case, study: Study) -> Case:
    """Return a case under the study's conditions: on warm or cold memory, on chosen cores. Others are other cases."""
    if study.cores is not None:
        try:
            choose_cores(case.key.threads, study.cores)
        except ValueError as error:
            raise StudyError(
                f"--cores {study.cores}: {error}", "leave it out to let the system choose the cores"
            ) from None
    pages = None if study.pages == "cold" else study.pages
    asked = study.cluster_asked()
    cluster = None if asked is None else asked.public
    keys = (replace(cell.key, pages=pages, cores=study.cores, cluster=cluster) for cell in case.cells)
    return Case(case.dataset, tuple(replace(cell, key=key) for cell, key in zip(case.cells, keys, strict=True)))


def with_data(case: Case, dataset: DatasetInfo) -> Case:
    """Return a case whose data has been read: until then only its shape was known."""
    fingerprint = dataset.fingerprint
    cells = [replace(cell, key=replace(cell.key, dataset_fingerprint=fingerprint)) for cell in case.cells]
    return Case(dataset, tuple(cells))


def expand(study: Study, describe: Callable[[str, str | None], DatasetInfo], default_threads: int) -> list[Case]:
    """Return the cases of a study in the order written.

    Parameters
    ----------
    study : Study
    describe : callable
        From a data SPEC and a workload, or None, to what is known of the matrix; called once for each pair.
    default_threads : int
        Where the study gives no thread count.

    Raises
    ------
    KmbenchError
        If a backend, parameter or data set does not exist, k is larger than n, or no cell is left to run.
    """
    blocks = study.blocks()
    choices = {block.backends: expand_backends(block.backends or "") for block in blocks}
    if study.baseline is not None:
        every_choice = [choice for listed in choices.values() for choice in listed]
        labels = [label_of(choice.name, choice.given) for choice in every_choice]
        if study.baseline not in (*labels, *(choice.name for choice in every_choice)):
            there_are = ", ".join(dict.fromkeys(labels))
            raise StudyError(f"baseline {study.baseline!r} is not among the backends", f"known: {there_are}")
    workloads = {block.workload: _workloads(block) for block in blocks}
    datasets: Datasets = {}
    for pair in dict.fromkeys((s, w) for b in blocks for s in b.data or () for w in workloads[b.workload]):
        datasets[pair] = describe(*pair)
    cases: dict[str, Case] = {}
    for block in blocks:
        for case in _cases_of(
            block, choices[block.backends], workloads[block.workload], datasets, default_threads, study
        ):
            case = _under(case, study)
            if case.key.case_id in cases:
                raise StudyError(
                    f"the case {case.dataset.spec}, k={case.key.k}, threads={case.key.threads} is given twice",
                    "name each data set, k and thread count once",
                )
            cases[case.key.case_id] = case
    every = [cell for case in cases.values() for cell in case.cells]
    if all(cell.status is Status.SKIPPED for cell in every):
        raise StudyError(f"the grid has no cell that can run: {every[0].key.label}: {every[0].reason}")
    return list(cases.values())


def _workloads(block: Block) -> list[str | None]:
    """Return the workloads of a block, each with one value for each parameter; None is plain k-means."""
    return [None] if block.workload is None else [*expand_workloads(block.workload)]


def _cases_of(
    block: Block,
    choices: list[Choice],
    workloads: list[str | None],
    datasets: Datasets,
    default_threads: int,
    study: Study,
) -> list[Case]:
    found = []
    room = room_for_a_process(study.memory_limit)
    cluster = study.cluster_asked()
    for spec, workload in product(block.data or (), workloads):
        dataset = datasets[spec, workload]
        for k in block.k or ():
            if k > dataset.n:
                raise CaseError(f"k={k} is larger than the {dataset.n} rows of {spec}", f"choose k <= {dataset.n}")
            _check_workload(workload, block, k, dataset)
            for threads in block.threads or [default_threads]:
                for seed in range(block.seed or 0, (block.seed or 0) + (block.seeds or 1)):
                    cells = (_cell(block, workload, dataset, k, threads, seed, choice) for choice in choices)
                    found.append(Case(dataset, tuple(_with_room(cell, room, cluster) for cell in cells)))
    return found


def _check_workload(label: str | None, block: Block, k: int, dataset: DatasetInfo) -> None:
    if label is None:
        return
    workload = workload_from(label)
    reason = workload.unsupported_reason(k, dataset.n, dataset.d)
    if reason is not None:
        raise WorkloadError(f"workload {label} on {dataset.spec} with k={k}: {reason}")
    if block.protocol == "target" and isinstance(workload, SeveralFits):
        raise WorkloadError(f"workload {label} fits several times, so it has no ladder of iterations",
                            "use --protocol matched or native")  # fmt: skip


def _cell(
    block: Block, workload: str | None, dataset: DatasetInfo, k: int, threads: int, seed: int, choice: Choice
) -> Cell:
    protocol = str(block.protocol)
    key = CellKey(
        dataset=dataset.spec,
        dataset_fingerprint=dataset.fingerprint,
        n=dataset.n,
        d=dataset.d,
        k=k,
        iterations=block.iterations,
        protocol=protocol,
        seed=seed,
        threads=threads,
        backend=choice.name,
        parameters=choice.given,
        workload=workload,
    )
    backend = get_backend(choice.name)
    if block.iterations is not None and choice.given.get("niter") is not None:
        raise StudyError(
            f"{key.label}: niter is given, but the study also sets {block.iterations} iterations",
            "leave one out; niter belongs to the native protocol",
        )
    status, reason = Status.UNAVAILABLE, backend.unavailable_with(choice.params)
    if reason is None:
        status = Status.SKIPPED
        asked = job_protocol(protocol) if backend.traits.accepts_init else protocol
        reason = backend.unsupported_reason(k, dataset.n, dataset.d, asked, choice.params)
    if reason is None:
        reason = why_no_start(getattr(choice.params, "init", None), k, dataset.d)
    return Cell(
        key=key,
        version=backend.version(),
        parameters=choice.params.model_dump(mode="json", exclude_unset=True),
        precision=backend.arithmetic(choice.params),
        status=None if reason is None else status,
        reason=reason,
    )


def _with_room(cell: Cell, room_bytes: int, cluster: Cluster | None) -> Cell:
    """Return a cell with how it gets X; one that memory or the cluster cannot serve is skipped."""
    if cell.status is not None:
        return cell
    key, backend = cell.key, get_backend(cell.key.backend)
    params = backend.Params.model_validate(cell.parameters)
    if key.workload is not None and isinstance(workload_from(key.workload), SeveralFits):
        takes: Literal["array", "shards"] = "array"  # each fit makes the next one's X
        reason = "it reads X from its file, and this workload makes a new X for each fit"
        if backend.traits.takes == "shards":
            return replace(cell, status=Status.SKIPPED, reason=reason)
    else:
        takes = backend.reads(key.n, key.d, key.k, params, room_bytes - INTERPRETER_BYTES)
    reason_or_none = _why_no_room(key, backend, params, room_bytes) if takes == "array" else None
    if reason_or_none is None and cluster is not None:
        reason_or_none = backend.why_not_on(cluster, key.threads)
    if reason_or_none is not None:
        return replace(cell, status=Status.SKIPPED, reason=reason_or_none)
    return replace(cell, takes=takes)


def _why_no_room(key: CellKey, backend: type[Backend], params: Params, room_bytes: int) -> str | None:
    least = INTERPRETER_BYTES + backend.least_bytes(key.n, key.d, key.k, params)
    if least <= room_bytes:
        return None
    return (
        f"it holds X in memory and needs at least {bytes_text(least)}, a worker may have {bytes_text(room_bytes)}: "
        "raise --memory-limit, or use a backend that reads X from its file, such as numpy-lloyd[read=pass]"
    )
