"""Find the cells of a history in a study, which says how they are measured."""

from __future__ import annotations

from collections.abc import Sequence

from kmbench.confirming.suspects import SuspectCell
from kmbench.records import CellKey
from kmbench.runner.run import plan
from kmbench.study import Study

__all__ = ["keys_of", "matching_key"]

BESIDE_BACKEND = ("backend", "dataset", "k", "threads", "seed")
"""Parameters of a benchmark that are not the backend's own."""


def keys_of(study: Study) -> list[CellKey]:
    """Return the keys of all cells of a study."""
    return [cell.key for case in plan(study) for cell in case.cells]


def matching_key(cell: SuspectCell, keys: Sequence[CellKey]) -> CellKey | None:
    """Return the one cell of a study that a cell of a history names, or None.

    A benchmark's parameters ``dataset``, ``k``, ``threads`` and ``seed`` must be the cell's own, where it has them;
    a data set may be named by the source of its SPEC alone. All others are those of the backend.
    """
    found = [key for key in keys if _is_of(cell, key)]
    return found[0] if len(found) == 1 else None


def _is_of(cell: SuspectCell, key: CellKey) -> bool:
    given = cell.parameters
    own = {name: value for name, value in given.items() if name not in BESIDE_BACKEND}
    return (
        key.backend == cell.backend
        and {str(n): str(v) for n, v in key.parameters.items()} == {n: str(v) for n, v in own.items()}
        and given.get("dataset", key.dataset) in (key.dataset, key.dataset.partition(":")[0])
        and all(
            str(given.get(name, getattr(key, name))) == str(getattr(key, name)) for name in ("k", "threads", "seed")
        )
    )
