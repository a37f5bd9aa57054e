"""Find classes by entry points: how third parties add backends and workloads, and how kmbench registers its own."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from kmbench.errors import KmbenchError

__all__ = ["load_entry", "registered_names", "unknown_name"]

Kind = TypeVar("Kind")


@cache
def _entries(group: str) -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=group):
        # The first one wins, and kmbench's own come first: a plug-in cannot replace what the house measures.
        own = entry.value.startswith("kmbench.")
        if entry.name not in found or (own and not found[entry.name].value.startswith("kmbench.")):
            found[entry.name] = entry
    return found


def registered_names(group: str) -> list[str]:
    """Return the names in a group of entry points, kmbench's own first, without importing any."""
    entries = _entries(group)
    return sorted(entries, key=lambda name: (not entries[name].value.startswith("kmbench."), name))


def load_entry(
    groups: Sequence[str], name: str, base: type[Kind], noun: str, error: type[KmbenchError]
) -> type[Kind]:
    """Return the class that is registered under a name.

    Parameters
    ----------
    groups : sequence of str
        Groups of entry points, in which the name is looked up in turn; messages list those of the first.
    name : str
        It is also the class attribute ``name``.
    base : type
        What the class must be a child of.
    noun : str
        What such a class is called in messages.
    error : type
        Raised if there is no such name, or what its package registered cannot be loaded.
    """
    entry = next((found[name] for found in map(_entries, groups) if name in found), None)
    if entry is None:
        raise unknown_name(name, registered_names(groups[0]), noun, error)
    source = entry.dist.name if entry.dist is not None else entry.value
    what = f"{noun} {name!r} of package {source}"
    try:
        loaded = entry.load()
    except Exception as cause:
        raise error(
            f"{what} cannot be loaded: {type(cause).__name__}: {cause}", f"fix or uninstall {source}"
        ) from cause
    if not (isinstance(loaded, type) and issubclass(loaded, base)):
        raise error(f"{what} is not a subclass of kmbench's {base.__name__}")
    own_name = getattr(loaded, "name", None)
    if own_name != name:
        raise error(f"{what} calls itself {own_name!r}", "use one name")
    return loaded


def unknown_name(name: str, known: Sequence[str], noun: str, error: type[KmbenchError]) -> KmbenchError:
    """Return the error for a name that is not known, with the nearest one that is."""
    near = difflib.get_close_matches(name, known, n=1)
    return error(f"unknown {noun} {name!r}", f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}")
