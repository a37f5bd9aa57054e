"""Read backend lists with parameter grids: ``numpy-lloyd,faiss-ivf[nlist=16,64;nprobe=1,4]``.

A value may have a parameter of its own in brackets: ``faiss-cpu[init=random,sample[fraction=0.1]]``.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pydantic import ValidationError

from kmbench.backends.base import Params
from kmbench.backends.registry import backend_names, get_backend
from kmbench.errors import BackendError

__all__ = ["Choice", "expand_backends", "expand_items", "split_list"]

ALL = "all"
"""Stands for every listed backend; those that cannot run here become rows with their reason."""

_ITEM = re.compile(r"(?P<name>[^\[\]=;]+?)\s*(?:\[(?P<grid>(?:[^\[\]]|\[[^\[\]]*\])*)\])?")


@dataclass(frozen=True, slots=True)
class Choice:
    """One backend with one setting of its parameters; `given` holds only what the user wrote."""

    name: str
    params: Params
    given: dict[str, Any]


class Named(Protocol):
    """A class with a name and a model of its parameters: a backend, or a workload."""

    name: ClassVar[str]
    Params: ClassVar[type[Params]]


def expand_backends(text: str) -> list[Choice]:
    """Expand a list of backends and their grids into one choice for each cell, in the order written.

    Parameters
    ----------
    text : str
        Comma-separated backends, each with an optional grid ``[name=value,value;name=value]``; ``all`` is every
        listed backend with its defaults.

    Raises
    ------
    BackendError
        If a backend or parameter does not exist, a value is out of bounds, or the list is empty or torn.
    """
    choices = expand_items(_with_all(text), get_backend, "backend")
    if not choices:
        raise BackendError("the list of backends is empty", "name at least one; `kmbench backends` lists them")
    seen: list[tuple[str, dict[str, Any]]] = []
    for choice in choices:
        if (choice.name, choice.given) in seen:
            raise BackendError(f"backend {choice.name} is listed twice with the same parameters")
        seen.append((choice.name, choice.given))
    return choices


def _with_all(text: str) -> str:
    """Put the names of all listed backends in the place of the word ``all``."""
    items = split_list(text)
    return ",".join(name for item in items for name in (backend_names() if item == ALL else [item]))


def expand_items(text: str, lookup: Callable[[str], type[Named]], noun: str) -> list[Choice]:
    """Expand a list of named classes and their grids; `lookup` returns the class of a name.

    Raises
    ------
    BackendError
        If the text cannot be read or a class refuses a parameter; and whatever `lookup` raises.
    """
    choices: list[Choice] = []
    for item in split_list(text):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise BackendError(f"cannot read {noun} {item!r}", "write name[parameter=value,value;parameter=value]")
        cls = lookup(match["name"])
        axes = _axes(item, match["grid"] or "")
        for values in itertools.product(*axes.values()):
            given = dict(zip(axes, values, strict=True))
            choices.append(Choice(cls.name, _validate(cls.name, cls.Params, given), given))
    return choices


def split_list(text: str, mark: str = ",") -> list[str]:
    """Split at commas (or another mark) outside brackets; blanks around items and empty items are dropped."""
    items, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char == "[") - (char == "]")
        if depth not in (0, 1, 2):
            raise BackendError(f"brackets do not match in {text!r}")
        if char == mark and depth == 0:
            items.append(text[start:at])
            start = at + 1
    if depth:
        raise BackendError(f"brackets do not match in {text!r}")
    items.append(text[start:])
    return [item.strip() for item in items if item.strip()]


def _axes(item: str, grid: str) -> dict[str, list[Any]]:
    axes: dict[str, list[Any]] = {}
    for part in split_list(grid, ";"):
        name, equals, values = part.partition("=")
        choices = [_scalar(value) for value in split_list(values)]
        if not equals or not choices:
            raise BackendError(f"parameter {name.strip()!r} in {item!r} has no value", "the grid would have no cell")
        if name.strip() in axes:
            raise BackendError(f"parameter {name.strip()!r} is given twice in {item!r}", "write name=value,value")
        axes[name.strip()] = choices
    return axes


def _scalar(text: str) -> Any:
    """Read a value as bool, int, float or, failing these, as the text itself."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _validate(backend: str, model: type[Params], given: dict[str, Any]) -> Params:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        known = list(model.model_fields)
        if first["type"] == "extra_forbidden":
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"it has {', '.join(known)}" if known else "it has none"
            if near:
                hint = f"did you mean {near[0]}?"
            raise BackendError(f"{backend} has no parameter {name!r}", hint) from None
        message = first["msg"].removeprefix("Value error, ")
        raise BackendError(f"{backend}: parameter {name}={first['input']!r} is not allowed", message) from None
