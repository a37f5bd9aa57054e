"""One case with fake workers: schedule, failures and records, in milliseconds."""

import dataclasses
import itertools

import pytest

from kmbench.backends.base import NoParams
from kmbench.backends.grid import Choice
from kmbench.records import CellKey, DatasetInfo, RecordKind, Status
from kmbench.runner.case import REFEREE, CaseRun, Context, steps_of
from kmbench.runner.events import CellEnded, Step
from kmbench.runner.process import Limits, WorkerFailure
from kmbench.study import Case, Cell

DATA = DatasetInfo(
    spec="digits", n=100, d=4, source_dtype="float64", fingerprint="0", path="x.npy", mean_square=2.0, spread=1.0
)
KEY = CellKey(
    dataset="digits",
    dataset_fingerprint="0",
    n=100,
    d=4,
    k=3,
    iterations=10,
    protocol="matched",
    seed=0,
    threads=1,
    backend="sklearn-lloyd",
)
ANSWER = {"n_iter": 10, "reported_inertia": 1.0, "empty_events": 0, "settings": {"a": 1}, "pools": []}


class FakeWorker:
    """Answers at once. `failures` maps an operation to the failure it ends with."""

    def __init__(self, lab, module, name):
        self.lab, self.module, self.name, self.open = lab, module, name, True

    def request(self, op, **arguments):
        assert self.open
        if op == "open" and self.module != REFEREE:
            self.name = arguments["backend"]
            self.lab.given.append(arguments["job"]["iterations"])
        self.lab.log.append((self.name, op))
        failure = self.lab.failures.get((self.name, op))
        if failure is not None:
            raise failure
        return {
            "calibrate": {"prepare_seconds": 0.5},
            "fit": {"fit_seconds": 1.0, "assign_seconds": 0.5, "fit_predict_seconds": 1.5, "loops": 1},
            "export": ANSWER | {"n_iter": self.lab.given[0] if self.lab.given else 10},
            "memory": {"peak_extra_bytes": 5, "retained_bytes": 1, "memory_method": "fake", "input_bytes": 1600},
            "reference": {"inertia": 7.0, "stable_at": self.lab.stable_at, "empty_events": 0},
            "evaluate": {"finite": True, "inertia": 7.0, "labels_inertia": 7.0, "empty_clusters": 0},
            "agree": {"ari": 1.0, "matched_agreement": 1.0},
        }.get(op, {})

    def output(self):
        return f"output of {self.name}"

    def close(self):
        self.open = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class FakeStore:
    session = 0

    def __init__(self):
        self.records = []

    def append(self, record):
        self.records.append(record)


class Lab:
    """A case of three backends with a fake worker for each."""

    def __init__(self, tmp_path, repeats=4, protocol="matched"):
        self.log, self.failures, self.given, self.events, self.workers = [], {}, [], [], []
        self.stable_at = None
        self.store = FakeStore()
        key = dataclasses.replace(KEY, protocol=protocol, iterations=10 if protocol == "matched" else None)
        self.cells = [
            Cell(dataclasses.replace(key, backend=name), Choice(name, NoParams(), {}), "1.0")
            for name in ("numpy-lloyd", "sklearn-lloyd", "faiss-cpu")
        ]
        self.context = Context(
            store=self.store,
            scratch=tmp_path,
            host="h",
            repeats=repeats,
            limits=Limits(60, None),
            referee_threads=1,
            listener=self.events.append,
            spawn=self._spawn,
            settle_seconds=0.0,
        )

    def _spawn(self, module, threads, limits, log):
        worker = FakeWorker(self, module, "referee" if module == REFEREE else "")
        self.workers.append(worker)
        return worker

    def run(self):
        CaseRun(Case(DATA, tuple(self.cells)), self.cells, self.context).run()
        assert not any(worker.open for worker in self.workers)
        assert sum(r.kind is RecordKind.OUTCOME for r in self.store.records) == len(self.cells)
        return {r.key.backend: r for r in self.store.records if r.kind is RecordKind.OUTCOME}

    def of_kind(self, kind, backend):
        return [r for r in self.store.records if r.kind is kind and r.key.backend == backend]


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


def test_every_backend_has_each_kind_of_record_and_an_outcome(lab):
    outcomes = lab.run()
    assert {name: record.status for name, record in outcomes.items()} == dict.fromkeys(outcomes, Status.OK)
    for name in outcomes:
        assert len(lab.of_kind(RecordKind.FIT, name)) == 4
        assert [r.inertia for r in lab.of_kind(RecordKind.QUALITY, name)] == [7.0]
        assert [r.peak_extra_bytes for r in lab.of_kind(RecordKind.MEMORY, name)] == [5]


def test_rounds_are_interleaved_and_shuffled(tmp_path):
    lab = Lab(tmp_path, repeats=20)
    lab.run()
    fits = [name for name, op in lab.log if op == "fit"]
    rounds = (
        list(itertools.batched(fits, 3))
        if hasattr(itertools, "batched")
        else list(zip(*[iter(fits)] * 3, strict=True))
    )
    assert all(len(set(one)) == 3 for one in rounds)
    assert len(set(rounds)) > 3


def test_the_order_is_the_same_for_the_same_seed_and_is_recorded(tmp_path):
    first, second = Lab(tmp_path), Lab(tmp_path)
    first.run()
    second.run()
    assert first.log == second.log
    assert [r.order for r in first.store.records if r.kind is RecordKind.FIT and r.round == 0] == [0, 1, 2]


@pytest.mark.parametrize("op", ["open", "calibrate", "fit", "export"])
def test_a_failure_costs_its_own_cell_only(lab, op):
    lab.failures["sklearn-lloyd", op] = WorkerFailure(Status.CRASHED, "died")
    outcomes = lab.run()
    failed = outcomes["sklearn-lloyd"]
    assert (failed.status, failed.reason) == (Status.CRASHED, "died")
    assert failed.output == "output of sklearn-lloyd"
    assert outcomes["numpy-lloyd"].status is outcomes["faiss-cpu"].status is Status.OK
    assert len(lab.of_kind(RecordKind.FIT, "faiss-cpu")) == 4


def test_memory_that_cannot_be_measured_leaves_the_times(lab):
    lab.failures["faiss-cpu", "memory"] = WorkerFailure(Status.TIMEOUT, "stopped after 60 s")
    outcome = lab.run()["faiss-cpu"]
    assert outcome.status is Status.OK
    assert "memory was not measured: stopped after 60 s" in outcome.reason


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


def test_a_native_run_has_no_common_start_and_compares_with_the_best(tmp_path):
    lab = Lab(tmp_path, protocol="native")
    lab.run()
    assert ("referee", "draw") not in lab.log
    assert set(lab.given) == {None}
    assert {r.reference for r in lab.store.records if r.kind is RecordKind.QUALITY} == {"numpy-lloyd"}


def test_progress_never_promises_fewer_steps_than_it_takes(lab):
    lab.run()
    assert sum(isinstance(event, Step) for event in lab.events) == steps_of(lab.cells, 4)
    assert sum(isinstance(event, CellEnded) for event in lab.events) == 3
