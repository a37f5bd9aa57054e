"""The command line that measures a cell again."""

from __future__ import annotations

import shlex

from kmbench.analysis import CellSummary
from kmbench.records import label_of
from kmbench.wording import dataset_name

__all__ = ["repeat_command"]


def repeat_command(row: CellSummary) -> str:
    """Return the command that repeats a cell, together with the baseline that its ratio needs.

    Of a file's path only the name is published: the command is run where the data lies.
    """
    own = label_of(row.backend, row.parameters)
    backends = [own] if row.baseline in (None, row.label) else [row.baseline, own]
    parts = ["kmbench", "run", "--data", dataset_name(row.dataset), "--k", str(row.k)]
    if row.workload is not None:
        parts += ["--workload", row.workload]
    parts += ["--backends", ",".join(name for name in backends if name), "--threads", str(row.threads)]
    parts += ["--protocol", row.protocol, "--seed", str(row.seed)]
    if row.protocol == "target":
        parts += ["--seeds", "1"]
    if row.iterations is not None:
        parts += ["--iterations", str(row.iterations)]
    if row.pages == "cold":
        parts += ["--pages", "cold"]
    return shlex.join(parts)
