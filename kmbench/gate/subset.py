"""A study of nothing but some cells of another."""

from __future__ import annotations

from collections.abc import Iterable

from kmbench.records import CellKey, label_of
from kmbench.study import Block, Study

__all__ = ["study_of"]


def study_of(
    study: Study, keys: Iterable[CellKey], *, repeats: int | None = None, budget: float | None = None
) -> Study:
    """Return a study of some cells, with as many epochs and as many seconds for a case as given.

    Parameters
    ----------
    study : Study
        Whose settings it takes over.
    keys : iterable of CellKey
        Of the cells; their revisions are left out.
    repeats : int, optional
        Epochs.
    budget : float, optional
        Seconds.
    """
    cases: dict[tuple[object, ...], list[CellKey]] = {}
    for key in keys:
        same = (key.dataset, key.workload, key.k, key.iterations, key.protocol, key.threads, key.seed)
        cases.setdefault(same, []).append(key)
    blocks = []
    for cells in cases.values():
        key = cells[0]
        labels = dict.fromkeys(label_of(cell.backend, cell.parameters) for cell in cells)
        blocks.append(
            Block(
                data=[key.dataset],
                workload=key.workload,
                k=[key.k],
                backends=",".join(labels),
                iterations=key.iterations,
                protocol=key.protocol,
                threads=[key.threads],
                seed=key.seed,
                seeds=1 if key.protocol == "target" else None,
            )
        )
    how = study.model_dump(exclude={*Block.model_fields, "cases", "baseline"})
    given = {name: value for name, value in (("repeats", repeats), ("budget", budget)) if value is not None}
    return Study.build(how | given | {"cases": blocks}, "a part of the study")
