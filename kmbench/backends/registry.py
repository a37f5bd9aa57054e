"""Find backends by their entry points in the group ``kmbench.backends``."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache
from typing import Any

from kmbench.backends.base import Backend
from kmbench.errors import BackendError
from kmbench.plugins import load_entry, registered_names

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
    traps: tuple[str, ...] = ()


def backend_names() -> list[str]:
    """Return the names of all registered backends, kmbench's own first, without importing any."""
    return registered_names(GROUP)


@cache
def get_backend(name: str) -> type[Backend]:
    """Return the class of a backend; the engine itself is not imported.

    Raises
    ------
    BackendError
        If there is no such backend, or what its package registered cannot be loaded.
    """
    # mypy takes an abstract class for no type: https://github.com/python/mypy/issues/4717
    return load_entry((GROUP, HIDDEN_GROUP), name, Backend, "backend", BackendError)  # type: ignore[type-abstract]


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
        traps=backend.traps,
    )
