"""One case with fake workers: schedule, failures and records, in milliseconds."""

import dataclasses
import itertools

import pytest

from kmbench.backends.base import NoParams
from kmbench.backends.grid import Choice
from kmbench.records import CellKey, DatasetInfo, RecordKind, Status
from kmbench.runner.bench import Context
from kmbench.runner.case import REFEREE, run_case, steps_of
from kmbench.runner.events import CellEnded, Step
from kmbench.runner.process import Limits, WorkerFailure
from kmbench.runner.stopping import Rule
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


class FakeClock:
    """A clock that stands still until something takes its time."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


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
        if op == "fit":
            return self.lab.sample(self.name)
        if op == "calibrate":
            self.lab.reached = arguments["iterations"] or 10
        inertia = self.lab.inertias[self.lab.reached - 1]
        return {
            "calibrate": {"prepare_seconds": 0.5, "loops": [2, 3]},
            "export": ANSWER | {"n_iter": self.lab.stuck.get(self.name, self.lab.reached)},
            "memory": {"peak_extra_bytes": 5, "retained_bytes": 1, "memory_method": "fake", "input_bytes": 1600},
            "reference": {"stable_at": self.lab.stable_at, "inertias": self.lab.inertias, "empty_events": [0] * 10},
            "evaluate": {"finite": True, "empty_clusters": 0} | dict.fromkeys(("inertia", "labels_inertia"), inertia),
            "agree": {"ari": 1.0, "matched_agreement": 1.0},
            "pair": {"ari": 0.5},
        }.get(op, {})

    def post(self, op, **arguments):
        self.posted = (op, arguments)

    def collect(self):
        op, arguments = self.posted
        return self.request(op, **arguments)

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

    def __init__(self, tmp_path, epochs=4, protocol="matched", **rule):
        self.log, self.failures, self.given, self.events, self.workers = [], {}, [], [], []
        self.clock = FakeClock()
        self.times = {"numpy-lloyd": 0.2, "sklearn-lloyd": 0.4, "faiss-cpu": 0.3}
        self.noise = lambda name, number: 1.0
        self.delayed = lambda name, number: False
        self.rule = Rule(**({"least": epochs, "least_slow": epochs, "most": epochs, "rounds": 2} | rule))
        self.stable_at, self.reached, self.stuck = None, 10, {}
        self.inertias = [7.0] * 10
        self.store = FakeStore()
        key = dataclasses.replace(KEY, protocol=protocol, iterations=None if protocol == "native" else 10)
        self.cells = [
            Cell(dataclasses.replace(key, backend=name), Choice(name, NoParams(), {}), "1.0")
            for name in ("numpy-lloyd", "sklearn-lloyd", "faiss-cpu")
        ]
        self.context = Context(
            store=self.store,
            scratch=tmp_path,
            host="h",
            rule=self.rule,
            baseline=None,
            limits=Limits(60, None),
            referee_threads=1,
            listener=self.events.append,
            spawn=self._spawn,
            clock=self.clock,
            settle_seconds=0.0,
        )

    def _spawn(self, module, threads, limits, log):
        worker = FakeWorker(self, module, "referee" if module == REFEREE else "")
        self.workers.append(worker)
        return worker

    def sample(self, name):
        number = sum(entry == (name, "fit") for entry in self.log)
        seconds = self.times[name] * self.noise(name, number)
        self.clock.seconds += seconds
        return {
            "fit_seconds": seconds,
            "assign_seconds": 0.0,
            "fit_predict_seconds": seconds,
            "run_delay_seconds": 0.5 * seconds if self.delayed(name, number) else 0.0,
            "loops": 1,
        }

    def run(self):
        run_case(Case(DATA, tuple(self.cells)), self.cells, self.context)
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
        assert len(lab.of_kind(RecordKind.FIT, name)) == 8
        assert [r.inertia for r in lab.of_kind(RecordKind.QUALITY, name)] == [7.0]
        assert [r.peak_extra_bytes for r in lab.of_kind(RecordKind.MEMORY, name)] == [5]


def test_sound_answers_are_compared_with_each_other(lab):
    lab.failures["faiss-cpu", "export"] = WorkerFailure(Status.CRASHED, "died")
    lab.run()
    pairs = {r.key.backend: r.pairwise_ari for r in lab.store.records if r.kind is RecordKind.QUALITY}
    assert pairs == {"numpy-lloyd": {"sklearn-lloyd": 0.5}, "sklearn-lloyd": {"numpy-lloyd": 0.5}}


def test_rounds_are_interleaved_and_shuffled(tmp_path):
    lab = Lab(tmp_path, epochs=10)
    lab.run()
    fits = [name for name, op in lab.log if op == "fit"]
    rounds = (
        list(itertools.batched(fits, 3))
        if hasattr(itertools, "batched")
        else list(zip(*[iter(fits)] * 3, strict=True))
    )
    assert all(len(set(one)) == 3 for one in rounds)
    assert len(set(rounds)) > 3


def test_short_fits_repeat_in_an_epoch_until_they_have_taken_a_second(tmp_path):
    lab = Lab(tmp_path, epochs=1, rounds=5)
    lab.times = {"numpy-lloyd": 0.1, "sklearn-lloyd": 0.4, "faiss-cpu": 1.5}
    lab.run()
    fits = {name: len(lab.of_kind(RecordKind.FIT, name)) for name in lab.times}
    assert fits == {"numpy-lloyd": 5, "sklearn-lloyd": 3, "faiss-cpu": 1}


def test_the_order_is_the_same_for_the_same_seed_and_is_recorded(tmp_path):
    first, second = Lab(tmp_path), Lab(tmp_path)
    first.run()
    second.run()
    assert first.log == second.log
    assert [r.order for r in first.store.records if r.kind is RecordKind.FIT][:6] == [0, 1, 2] * 2


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


def test_a_native_run_has_no_common_start_and_compares_with_the_best(tmp_path):
    lab = Lab(tmp_path, protocol="native")
    lab.run()
    assert ("referee", "draw") not in lab.log
    assert set(lab.given) == {None}
    assert {r.reference for r in lab.store.records if r.kind is RecordKind.QUALITY} == {"numpy-lloyd"}


def test_progress_never_promises_fewer_steps_than_it_takes(lab):
    lab.run()
    assert sum(isinstance(event, Step) for event in lab.events) == steps_of(lab.cells, lab.rule)
    assert sum(isinstance(event, CellEnded) for event in lab.events) == 3


def epochs_of(lab, backend="sklearn-lloyd"):
    return len({record.epoch for record in lab.of_kind(RecordKind.FIT, backend)})


def test_each_epoch_has_a_fresh_process_for_every_backend(lab):
    lab.run()
    assert [entry for entry in lab.log if entry == ("faiss-cpu", "open")] == [("faiss-cpu", "open")] * 5  # and memory
    assert len(lab.workers) == 1 + 3 * 4 + 3


def test_loops_are_found_once_and_kept(lab):
    given = []
    original = FakeWorker.request

    def request(self, op, **arguments):
        if op == "calibrate":
            given.append(arguments["loops"])
        return original(self, op, **arguments)

    FakeWorker.request = request
    try:
        lab.run()
    finally:
        FakeWorker.request = original
    assert given == [None] * 3 + [[2, 3]] * 9


def test_a_long_fit_is_measured_once_per_process(lab):
    lab.times["sklearn-lloyd"] = 3.0
    lab.run()
    assert len(lab.of_kind(RecordKind.FIT, "sklearn-lloyd")) == 4
    assert len(lab.of_kind(RecordKind.FIT, "faiss-cpu")) == 8


def test_quiet_times_stop_at_the_least_number_of_epochs(tmp_path):
    lab = Lab(tmp_path, least=10, most=30)
    lab.run()
    assert epochs_of(lab) == 10


def test_noisy_times_go_on_to_the_most(tmp_path):
    lab = Lab(tmp_path, least=10, most=14)
    lab.noise = lambda name, number: 3.0 if (number + len(name)) % 3 == 0 else 1.0
    lab.run()
    assert epochs_of(lab) == 14


def test_a_spent_budget_ends_the_case_after_the_epoch_under_way(tmp_path):
    lab = Lab(tmp_path, least=10, most=30, budget_seconds=5.0)
    lab.run()
    assert epochs_of(lab) == 3  # an epoch takes 1.8 s


def test_a_disturbed_round_is_kept_and_measured_again_for_all(lab):
    lab.delayed = lambda name, number: name == "faiss-cpu" and number == 3
    lab.run()
    fits = lab.of_kind(RecordKind.FIT, "faiss-cpu")
    assert [record.contaminated for record in fits].count(True) == 1
    assert len(fits) == 9
    assert len(lab.of_kind(RecordKind.FIT, "numpy-lloyd")) == 9


def test_a_host_that_is_always_busy_is_not_measured_for_ever(lab):
    lab.delayed = lambda name, number: number > 1
    lab.run()
    assert len(lab.of_kind(RecordKind.FIT, "faiss-cpu")) < 12


def test_a_backend_that_waits_for_its_own_threads_is_not_disturbed(lab):
    lab.delayed = lambda name, number: name == "faiss-cpu"
    lab.run()
    assert not any(record.contaminated for record in lab.of_kind(RecordKind.FIT, "faiss-cpu"))
    assert len(lab.of_kind(RecordKind.FIT, "faiss-cpu")) == 8


@pytest.fixture
def ladder(tmp_path):
    lab = Lab(tmp_path, epochs=1, protocol="target")
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
