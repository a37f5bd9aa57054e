"""What a user must know of a tuning before believing it: notes with codes."""

from __future__ import annotations

from collections.abc import Sequence

from kmbench.backends.faiss_gpu_index import GPU_MOST
from kmbench.notes import Note, note
from kmbench.tuning.choice.settings import Option
from kmbench.tuning.index.training import Trained
from kmbench.tuning.problem.data import Problem
from kmbench.tuning.problem.device import Device, most_nprobe
from kmbench.tuning.problem.nlist import LEAST_ROWS_PER_LIST
from kmbench.tuning.problem.truth import OWN_ROWS_NOTED, Truth, own_rows_share
from kmbench.tuning.timing.latency import Measured

__all__ = ["result_notes", "truth_notes"]

FEW_QUERIES = 200

TIES_NOTED = 0.01
"""Share of the queries from which on ties at the last place are worth a note."""


def truth_notes(problem: Problem, truth: Truth) -> list[Note]:
    """Return what is to be said of the true neighbours."""
    queries, notes = len(problem.queries), []
    if truth.tied >= TIES_NOTED * queries:
        notes.append(note("KM301", tied=truth.tied, queries=queries, k=truth.k))
    own_rows = 0.0 if problem.held_out is not None else own_rows_share(problem.base, problem.queries, truth)
    if own_rows >= OWN_ROWS_NOTED:
        notes.append(note("KM302", share=own_rows))
    if truth.cut:
        notes.append(note("KM303", cut=truth.cut, k=truth.k))
    return notes


def result_notes(
    problem: Problem, lists: Sequence[Trained], measured: Measured, verified: float, option: Option, device: Device
) -> list[Note]:
    """Return what is to be said of the lists, the times and the check of the chosen setting."""
    notes = []
    few = [one.nlist for one in lists if one.points < LEAST_ROWS_PER_LIST * one.nlist]
    if few:
        notes.append(note("KM304", nlists=", ".join(map(str, few)), rows=LEAST_ROWS_PER_LIST))
    cut = [one.nlist for one in lists if most_nprobe(device, one.nlist) < one.nlist]
    if cut:
        notes.append(note("KM305", nlists=", ".join(map(str, cut)), most=GPU_MOST))
    if len(problem.queries) < FEW_QUERIES:
        notes.append(note("KM306", queries=len(problem.queries)))
    if measured.disturbed:
        notes.append(note("KM307"))
    if abs(verified - option.recall) > 1e-6:
        notes.append(note("KM308", recall=verified))
    return notes
