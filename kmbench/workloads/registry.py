"""Find workloads by their entry points in the group ``kmbench.workloads``, and read them with their parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from kmbench.backends.grid import Choice, expand_items
from kmbench.errors import BackendError, WorkloadError
from kmbench.plugins import load_entry, registered_names
from kmbench.records import label_of
from kmbench.workloads.base import SeveralFits, Workload

__all__ = [
    "GROUP",
    "WorkloadInfo",
    "describe_workloads",
    "expand_workloads",
    "get_workload",
    "workload_from",
    "workload_names",
]

GROUP = "kmbench.workloads"


@dataclass(frozen=True, slots=True)
class WorkloadInfo:
    """One row of ``kmbench workloads``."""

    name: str
    available: bool
    reason: str | None
    summary: str
    several_fits: bool
    figures: list[dict[str, Any]]
    parameters: dict[str, Any]


def workload_names() -> list[str]:
    """Return the names of all registered workloads, kmbench's own first, without importing any."""
    return registered_names(GROUP)


@cache
def get_workload(name: str) -> type[Workload]:
    """Return the class of a workload.

    Raises
    ------
    WorkloadError
        If there is no such workload, or what its package registered cannot be loaded.
    """
    return load_entry((GROUP,), name, Workload, "workload", WorkloadError)  # type: ignore[type-abstract]


def expand_workloads(text: str) -> list[str]:
    """Return each workload that a text names, with one value for each parameter: ``palette[space=rgb,lab]`` is two.

    Raises
    ------
    WorkloadError
        If a workload or parameter does not exist, a value is out of bounds, or a workload cannot run here.
    """
    labels = [label_of(choice.name, choice.given) for choice in _choices(text)]
    if not labels:
        raise WorkloadError(f"workload {text!r}: no name", f"known: {', '.join(workload_names())}")
    for label in labels:
        reason = type(workload_from(label)).unavailable()
        if reason is not None:
            raise WorkloadError(f"workload {label} cannot run here: {reason}")
    return list(dict.fromkeys(labels))


def workload_from(label: str) -> Workload:
    """Return the one workload of a label such as ``palette[space=lab]``, with its parameters set.

    Raises
    ------
    WorkloadError
        As `expand_workloads`.
    """
    choices = _choices(label)
    if len(choices) != 1:
        raise WorkloadError(f"workload {label!r} stands for {len(choices)}", "name one value for each parameter")
    return get_workload(choices[0].name)(choices[0].params)


def _choices(text: str) -> list[Choice]:
    try:
        return expand_items(text, get_workload, "workload")
    except BackendError as error:  # of the grammar, which is that of backends
        raise WorkloadError(error.what, error.hint) from None


def describe_workloads() -> list[WorkloadInfo]:
    """Describe every registered workload, also those that cannot run here, with the reason."""
    return [_describe(name) for name in workload_names()]


def _describe(name: str) -> WorkloadInfo:
    try:
        workload = get_workload(name)
    except WorkloadError as error:
        return WorkloadInfo(name, False, str(error), "", False, [], {})
    reason = workload.unavailable()
    parameters = {
        field: {key: value for key, value in schema.items() if key != "title"}
        for field, schema in workload.Params.model_json_schema().get("properties", {}).items()
    }
    figures = [
        {"name": f.name, "title": f.title, "unit": f.unit, "better": f.better, "summary": f.summary}
        for f in workload.figures
    ]
    return WorkloadInfo(
        name, reason is None, reason, workload.summary, issubclass(workload, SeveralFits), figures, parameters
    )
