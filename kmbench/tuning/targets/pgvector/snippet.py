"""``pgvector.sql``: a table, its index and a search, for psql, with the files that it copies in."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmbench.tuning.problem.space import FloatMatrix
from kmbench.tuning.targets.base import Setting, Task
from kmbench.tuning.targets.pgvector.copying import copy_blocks
from kmbench.tuning.targets.pgvector.memory import maintenance_mib
from kmbench.tuning.targets.pgvector.operators import operators_of

__all__ = ["pgvector_snippet", "write_copy_files"]


def pgvector_snippet(task: Task, setting: Setting) -> str:
    """Return the text of ``pgvector.sql``."""
    name = "pgvector-kmbench" if setting.centroids == "kmbench" else "pgvector-own"
    text = resources.files("kmbench.tuning.targets").joinpath(f"templates/{name}.sql.txt").read_text(encoding="utf-8")
    sql = operators_of(task.kind, task.metric, task.d)
    forced = "-- The planner would leave the index at this many probes.\nSET enable_seqscan = off;\n"
    values = {
        "TABLE": '"' + setting.table.replace('"', '""') + '"',
        "INDEX": '"' + f"{setting.table[:50]}_lists".replace('"', '""') + '"',
        "D": task.d,
        "LISTS": setting.nlist,
        "PROBES": setting.nprobe,
        "MEMORY": maintenance_mib(setting.nlist, task.n, task.d),
        "EXPRESSION": sql.expression,
        "OPERATORS": sql.operator_class,
        "DISTANCE": sql.distance,
        "CAST": f"::{sql.type}" if task.kind.codec == "fp16" else "",
        "K": task.k,
        "FORCED": forced if setting.force_index else "",
    }
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    return text


def write_copy_files(folder: Path, ids: NDArray[np.int64], X: FloatMatrix, centroids: FloatMatrix | None) -> None:
    """Write ``vectors.pgcopy`` and, where there are centroids, ``centroids.pgcopy``."""
    _write(folder / "vectors.pgcopy", ids, X)
    if centroids is not None:
        _write(folder / "centroids.pgcopy", -1 - np.arange(len(centroids), dtype=np.int64), centroids)


def _write(path: Path, ids: NDArray[np.int64], X: FloatMatrix) -> None:
    with path.open("wb") as file:
        for piece, _ in copy_blocks(ids, X):
            file.write(piece)
