"""One case with fake workers, which takes milliseconds: what the tests of the schedule and of its ends share."""

import dataclasses
import functools

import pytest

from kmbench.records import CellKey, DatasetInfo, RecordKind
from kmbench.runner.case import REFEREE, run_case
from kmbench.runner.case_run import Context
from kmbench.runner.process import Limits
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
            self.lab.loops_given.append(arguments["loops"])
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

    def __init__(self, tmp_path, epochs=4, protocol="matched", pages="warm", **rule):
        self.log, self.failures, self.given, self.events, self.workers = [], {}, [], [], []
        self.loops_given = []
        self.clock = FakeClock()
        self.times = {"numpy-lloyd": 0.2, "sklearn-lloyd": 0.4, "faiss-cpu": 0.3}
        self.noise = lambda name, number: 1.0
        self.delayed = lambda name, number: False
        self.system = lambda name, number: 0.001
        self.page_faults = 500
        self.rule = Rule(**({"least": epochs, "least_slow": epochs, "most": epochs, "rounds": 2} | rule))
        self.stable_at, self.reached, self.stuck = None, 10, {}
        self.inertias = [7.0] * 10
        self.store = FakeStore()
        key = dataclasses.replace(
            KEY, protocol=protocol, pages=pages, iterations=None if protocol == "native" else 10
        )
        self.cells = [
            Cell(dataclasses.replace(key, backend=name), "1.0", {}, "float32")
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
            "fit_system_seconds": self.system(name, number),
            "page_faults": self.page_faults,
        }

    def run(self):
        run_case(Case(DATA, tuple(self.cells)), self.cells, self.context)
        assert not any(worker.open for worker in self.workers)
        assert sum(r.kind is RecordKind.OUTCOME for r in self.store.records) == len(self.cells)
        return {r.key.backend: r for r in self.store.records if r.kind is RecordKind.OUTCOME}

    def of_kind(self, kind, backend):
        return [r for r in self.store.records if r.kind is kind and r.key.backend == backend]


@pytest.fixture
def new_lab(tmp_path):
    return functools.partial(Lab, tmp_path)


@pytest.fixture
def lab(new_lab):
    return new_lab()


@pytest.fixture
def data():
    return DATA
