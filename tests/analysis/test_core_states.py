"""Two conditions of the host are compared apart, and a ranking that depends on them is told."""

import dataclasses

import pytest
from test_cells import measured

from kmbench.analysis.run import Run
from kmbench.records import RecordKind

NEAR, DISTANT = 0.92, 1.30


def probed(records, states):
    fits = iter(states)
    found = []
    for record in records:
        if record.kind is RecordKind.FIT:
            state = next(fits)
            ratio = state * (1 + 0.01 * (record.epoch % 3))
            record = dataclasses.replace(record, cross_core_ratio=ratio, cross_core_ratio_after=ratio)
        found.append(record)
    return found


@pytest.fixture
def run():
    """Twelve epochs, two thirds of them near: one engine keeps its time, the other takes twice as long apart."""
    states = [NEAR] * 8 + [DISTANT] * 4
    wobble = [1 + 0.004 * (number % 3) for number in range(12)]
    steady = [1.3 * w for w in wobble]
    sharing = [(1.0 if state == NEAR else 2.0) * w for state, w in zip(states, reversed(wobble), strict=True)]
    return Run(
        records=probed(measured("sklearn-lloyd", steady), states) + probed(measured("faiss-cpu", sharing), states)
    )


def test_ratios_within_a_state_stand_beside_the_one_over_all(run):
    faiss = next(row for row in run.cells if row.backend == "faiss-cpu")
    near, distant = faiss.core_states["near"], faiss.core_states["distant"]
    assert (near["share"], distant["share"]) == pytest.approx((2 / 3, 1 / 3))
    assert (near["epochs"], distant["epochs"]) == (8, 4)
    assert near["speedup"] == pytest.approx(1.3, rel=0.01)
    assert distant["speedup"] == pytest.approx(0.65, rel=0.01)
    assert (near["verdict"], distant["verdict"]) == ("faster", "slower")


def test_a_ranking_that_depends_on_the_cores_is_told(run):
    notes = {note.code: note for note in run.notes}
    assert "near in 67% of the fits, and distant in 33%" in notes["KM209"].text
    assert "faiss-cpu is faster than sklearn-lloyd where the cores are near (1.3" in notes["KM210"].text
    assert "slower where they are distant (0.65" in notes["KM210"].text


def test_a_run_in_one_state_says_nothing_of_states():
    records = probed(measured("sklearn-lloyd", [1.0] * 12), [NEAR] * 12)
    (row,) = Run(records=records).cells
    assert row.core_states is None
    assert Run(records=records).notes == []
