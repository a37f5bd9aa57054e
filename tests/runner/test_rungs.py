"""The protocol `target` on one case with fake workers: the rungs that every backend is stopped at."""

import pytest

from kmbench.records import RecordKind, Status
from kmbench.runner.case import steps_of
from kmbench.runner.events import Step


@pytest.fixture
def ladder(new_lab):
    lab = new_lab(epochs=1, protocol="target")
    lab.inertias = [20.0, 15.0, 12.0, 10.0, 9.0, 8.0, 7.8, 7.6, 7.4, 7.2]
    return lab


def test_every_backend_climbs_the_ladder_in_one_process_and_is_judged_on_each_rung(ladder):
    outcomes = ladder.run()
    assert {record.status for record in outcomes.values()} == {Status.OK}
    for name in outcomes:
        assert [entry for entry in ladder.log if entry == (name, "open")] == [(name, "open")] * 2  # and memory
        fits = ladder.of_kind(RecordKind.FIT, name)
        assert [record.iterations_given for record in fits] == [r for r in (1, 2, 3, 4, 6, 8, 10) for _ in range(2)]
        rungs = [(r.iterations_given, r.inertia) for r in ladder.of_kind(RecordKind.RUNG, name)]
        assert rungs == [(1, 20.0), (2, 15.0), (3, 12.0), (4, 10.0), (6, 8.0), (8, 7.6)]
        assert [r.inertia for r in ladder.of_kind(RecordKind.QUALITY, name)] == [7.2]


def test_the_ladder_ends_where_labels_stand_still(ladder):
    ladder.stable_at = 7
    ladder.run()
    fits = ladder.of_kind(RecordKind.FIT, "faiss-cpu")
    assert sorted({record.iterations_given for record in fits}) == [1, 2, 3, 4, 6]


def test_an_answer_that_is_wrong_on_one_rung_makes_the_cell_invalid(ladder):
    ladder.stuck["faiss-cpu"] = 4
    failed = ladder.run()["faiss-cpu"]
    assert failed.status is Status.INVALID
    assert [r.status for r in ladder.of_kind(RecordKind.RUNG, "faiss-cpu")].count(Status.OK) == 1


def test_a_ladder_promises_the_steps_it_takes(ladder):
    ladder.run()
    assert sum(isinstance(event, Step) for event in ladder.events) == steps_of(ladder.cells, ladder.rule)
