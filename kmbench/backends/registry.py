"""Find backends by their entry points in the group ``kmbench.backends``."""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from kmbench.backends.base import Backend
from kmbench.errors import BackendError

__all__ = ["GROUP", "BackendInfo", "backend_names", "describe_backends", "get_backend"]

GROUP = "kmbench.backends"

HIDDEN_GROUP = "kmbench.hidden_backends"
"""Backends that can be named but are not listed, such as those of the selftest."""


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """One row of ``kmbench backends``."""

    name: str
    version: str | None
    device: str | None
    available: bool
    reason: str | None
    summary: str
    traits: dict[str, Any]
    parameters: dict[str, Any]


@cache
def _entries(group: str = GROUP) -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=group):
        # The first one wins, and kmbench's own come first: a plug-in cannot replace what the house measures.
        own = entry.value.startswith("kmbench.")
        if entry.name not in found or (own and not found[entry.name].value.startswith("kmbench.")):
            found[entry.name] = entry
    return found


def backend_names() -> list[str]:
    """Return the names of all registered backends, kmbench's own first, without importing any."""
    return sorted(_entries(), key=lambda name: (not _entries()[name].value.startswith("kmbench."), name))


@cache
def get_backend(name: str) -> type[Backend]:
    """Return the class of a backend; the engine itself is not imported.

    Raises
    ------
    BackendError
        If there is no such backend, or what its package registered cannot be loaded.
    """
    entry = _entries().get(name) or _entries(HIDDEN_GROUP).get(name)
    if entry is None:
        near = difflib.get_close_matches(name, backend_names(), n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(backend_names())}"
        raise BackendError(f"unknown backend {name!r}", hint)
    source = entry.dist.name if entry.dist is not None else entry.value
    try:
        loaded = entry.load()
    except Exception as error:
        raise BackendError(
            f"backend {name!r} of package {source} cannot be loaded: {type(error).__name__}: {error}",
            f"mend or uninstall {source}",
        ) from error
    if not (isinstance(loaded, type) and issubclass(loaded, Backend)):
        raise BackendError(f"backend {name!r} of package {source} is not a subclass of kmbench's Backend")
    if loaded.name != name:
        raise BackendError(f"backend {name!r} of package {source} calls itself {loaded.name!r}", "use one name")
    return loaded


def describe_backends() -> list[BackendInfo]:
    """Describe every registered backend, also those that cannot run here, with the reason."""
    return [_describe(name) for name in backend_names()]


def _describe(name: str) -> BackendInfo:
    try:
        backend = get_backend(name)
    except BackendError as error:
        return BackendInfo(name, None, None, False, str(error), "", {}, {})
    reason = backend.unavailable()
    parameters = {
        field: {key: value for key, value in schema.items() if key != "title"}
        for field, schema in backend.Params.model_json_schema().get("properties", {}).items()
    }
    return BackendInfo(
        name=name,
        version=backend.version(),
        device=backend.traits.device,
        available=reason is None,
        reason=reason,
        summary=backend.summary,
        traits=dataclasses.asdict(backend.traits),
        parameters=parameters,
    )
