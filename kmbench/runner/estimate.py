"""How long a study may take, from one measured matrix product and the work of its cases."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from kmbench.runner.stopping import Rule, rule_of
from kmbench.study import Case, Study
from kmbench.study.protocol import rungs_up_to

__all__ = ["estimate_seconds", "work_of"]

PROCESS_WORK = 2e10
"""Work, in floating point operations, that starting a worker counts as."""

EPOCH_WORK = PROCESS_WORK
"""Work that the second of fits counts as after which a backend sits out the rounds of an epoch."""

NATIVE_ITERATIONS = 50
"""Iterations that a native run without a limit counts as."""

LLOYD_SHARE = 0.4
"""Share of a matrix product's rate that a Lloyd iteration reaches, overheads included."""


def work_of(case: Case, rule: Rule) -> float:
    """Return the work of a case in floating point operations of its distances: for shares, not for promises."""
    key = case.key
    iterations = NATIVE_ITERATIONS if key.iterations is None else key.iterations
    passes = [iterations] if key.protocol != "target" else rungs_up_to(iterations)
    one = 2.0 * key.n * key.k * key.d * sum(rung + 1 for rung in passes)
    cells = sum(cell.status is None for cell in case.cells)
    rounds = max(1, min(rule.rounds, math.ceil(EPOCH_WORK / one)))
    fits = rule.least * (rounds + (rounds > 1)) + 2  # only short fits are warmed up by one in full
    return cells * (fits * one + (rule.least + 1) * PROCESS_WORK) + 2 * one + PROCESS_WORK


def estimate_seconds(cases: Sequence[Case], study: Study) -> float:
    """Return a rough number of seconds for the whole run on this host."""
    import numpy as np

    a = np.ones((1024, 1024), dtype=np.float32)
    a @ a
    started = time.perf_counter()
    a @ a
    rate = 2.0 * 1024**3 / (time.perf_counter() - started)
    return sum(work_of(case, rule_of(study, case.key.protocol)) for case in cases) / (LLOYD_SHARE * rate)
