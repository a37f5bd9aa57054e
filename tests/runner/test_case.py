"""One case with fake workers: failures, the referee, memory and records."""

import dataclasses

import pytest

from kmbench.records import RecordKind, Status
from kmbench.runner.case import steps_of
from kmbench.runner.events import CellEnded, Step
from kmbench.runner.process import WorkerFailure


def test_every_backend_has_each_kind_of_record_and_an_outcome(lab):
    outcomes = lab.run()
    assert {name: record.status for name, record in outcomes.items()} == dict.fromkeys(outcomes, Status.OK)
    for name in outcomes:
        assert len(lab.of_kind(RecordKind.FIT, name)) == 8
        assert [r.inertia for r in lab.of_kind(RecordKind.QUALITY, name)] == [7.0]
        assert [r.peak_extra_bytes for r in lab.of_kind(RecordKind.MEMORY, name)] == [5]


def test_sound_answers_are_compared_with_each_other(lab):
    lab.failures["faiss-cpu", "export"] = WorkerFailure(Status.CRASHED, "died")
    lab.run()
    pairs = {r.key.backend: r.pairwise_ari for r in lab.store.records if r.kind is RecordKind.QUALITY}
    assert pairs == {"numpy-lloyd": {"sklearn-lloyd": 0.5}, "sklearn-lloyd": {"numpy-lloyd": 0.5}}


@pytest.mark.parametrize("op", ["open", "calibrate", "fit", "export"])
def test_a_failure_costs_its_own_cell_only(lab, op):
    lab.failures["sklearn-lloyd", op] = WorkerFailure(Status.CRASHED, "died")
    outcomes = lab.run()
    failed = outcomes["sklearn-lloyd"]
    assert (failed.status, failed.reason) == (Status.CRASHED, "died")
    assert failed.output == "output of sklearn-lloyd"
    assert outcomes["numpy-lloyd"].status is outcomes["faiss-cpu"].status is Status.OK
    assert len(lab.of_kind(RecordKind.FIT, "faiss-cpu")) == 8


def test_memory_that_cannot_be_measured_leaves_the_times(lab):
    lab.failures["faiss-cpu", "memory"] = WorkerFailure(Status.TIMEOUT, "stopped after 60 s")
    outcome = lab.run()["faiss-cpu"]
    assert outcome.status is Status.OK
    assert "memory was not measured: stopped after 60 s" in outcome.reason


def test_memory_is_measured_while_all_other_processes_stand_still(lab):
    lab.run()
    last_open = max(place for place, (_, op) in enumerate(lab.log) if op == "open")
    memory = [place for place, (_, op) in enumerate(lab.log) if op == "memory"]
    assert len(memory) == 3
    assert last_open < memory[0]  # what another allocates on a GPU would count as this one's


def test_a_memory_process_that_does_not_begin_costs_its_own_figure_only(lab):
    spawn = lab.context.spawn

    def failing(*arguments):
        if len(lab.workers) == 1 + 3 * 4:  # referee, three backends in four epochs: the memory pass begins
            lab.failures["faiss-cpu", "open"] = WorkerFailure(Status.OUT_OF_MEMORY, "stopped at 9 MiB")
        return spawn(*arguments)

    lab.context = dataclasses.replace(lab.context, spawn=failing)
    outcomes = lab.run()
    assert {record.status for record in outcomes.values()} == {Status.OK}
    assert "memory was not measured: stopped at 9 MiB" in outcomes["faiss-cpu"].reason
    assert [len(lab.of_kind(RecordKind.MEMORY, name)) for name in outcomes] == [1, 1, 0]


def test_without_a_referee_no_cell_is_called_sound(lab):
    lab.failures["referee", "reference"] = WorkerFailure(Status.OUT_OF_MEMORY, "stopped at 9 MiB")
    outcomes = lab.run()
    assert {record.status for record in outcomes.values()} == {Status.ERROR}
    assert "the referee failed: stopped at 9 MiB" in outcomes["faiss-cpu"].reason
    assert not any(op == "fit" for _, op in lab.log)


def test_a_referee_that_fails_at_the_end_leaves_an_outcome_for_every_cell(lab):
    lab.failures["referee", "evaluate"] = WorkerFailure(Status.CRASHED, "died of signal 11")
    lab.failures["numpy-lloyd", "fit"] = WorkerFailure(Status.TIMEOUT, "slow")
    outcomes = lab.run()
    assert outcomes["numpy-lloyd"].status is Status.TIMEOUT
    assert outcomes["faiss-cpu"].status is outcomes["sklearn-lloyd"].status is Status.ERROR


def test_iterations_stay_below_the_point_where_labels_stand_still(lab):
    lab.stable_at = 7
    outcomes = lab.run()
    assert set(lab.given) == {6}
    assert {record.iterations_given for record in outcomes.values()} == {6}
    assert {record.status for record in outcomes.values()} == {Status.OK}


def test_a_cell_known_to_be_impossible_is_recorded_without_a_worker(lab):
    reason = "choose nprobe <= nlist"
    lab.cells[0] = dataclasses.replace(lab.cells[0], status=Status.SKIPPED, reason=reason)
    assert lab.run()["numpy-lloyd"].reason == reason
    assert not any(name == "numpy-lloyd" for name, _ in lab.log)


def test_a_native_run_has_no_common_start_and_compares_with_the_best(new_lab):
    lab = new_lab(protocol="native")
    lab.run()
    assert ("referee", "draw") not in lab.log
    assert set(lab.given) == {None}
    assert {r.reference for r in lab.store.records if r.kind is RecordKind.QUALITY} == {"numpy-lloyd"}


def test_progress_never_promises_fewer_steps_than_it_takes(lab):
    lab.run()
    assert sum(isinstance(event, Step) for event in lab.events) == steps_of(lab.cells, lab.rule)
    assert sum(isinstance(event, CellEnded) for event in lab.events) == 3
