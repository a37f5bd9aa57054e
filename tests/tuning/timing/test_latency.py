"""Searches are timed in fresh processes: medians over them, and what waited for a core is asked once more."""

from pathlib import Path

import numpy as np
import pytest

from kmbench.errors import TuneError
from kmbench.runner.process import WorkerFailure
from kmbench.tuning.timing.latency import Point, measure_points
from kmbench.tuning.timing.search import SearchSetup

QUERIES = 100


class Scripted:
    """Workers that answer with given figures: what each query takes, and the share of it that was waited."""

    def __init__(self, single, batch, waited=()):
        self.single, self.batch, self.waited = list(single), list(batch), list(waited)
        self.opened, self.asked = [], []

    def __call__(self, module, threads, limits, log):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def request(self, command, **given):
        if command == "open":
            self.opened.append(given["index"])
            return {"ntotal": 5, "imbalance": 1.0}
        self.asked.append((command, given["nprobe"]))
        waited = self.waited.pop(0) if self.waited else 0.0
        if command == "batch":
            return {"seconds": self.batch.pop(0), "waited_share": waited}
        return {"seconds": self.single.pop(0), "waited_share": waited}


def setup(spawn, tmp_path):
    return SearchSetup(
        queries=tmp_path / "q.npy", queries_count=QUERIES, k=10, threads=1, device="cpu", seed=0, scratch=tmp_path,
        spawn=spawn,
    )  # fmt: skip


def point(nprobe, file="a.faiss"):
    return Point(file=Path(file), index="flat", nlist=16, nprobe=nprobe, k_factor=1)


def test_figures_are_medians_over_the_epochs(tmp_path):
    # Two repeats of three queries in each of three processes; the faster repeat of a query counts for the mean.
    epochs = [
        [[1.0, 2.0, 3.0], [1.0, 4.0, 1.0]],
        [[5.0, 5.0, 5.0], [5.0, 5.0, 5.0]],
        [[2.0, 2.0, 2.0], [2.0, 2.0, 8.0]],
    ]
    found = measure_points([point(4)], setup(Scripted(epochs, [0.3, 0.1, 0.2]), tmp_path), epochs=3)[0]
    assert found.single == pytest.approx(np.median([(1 + 2 + 1) / 3, 5.0, 2.0]))
    assert found.batch == pytest.approx(0.2)
    for name, share in (("p50", 50), ("p95", 95), ("p99", 99)):
        assert getattr(found, name) == pytest.approx(np.median([np.percentile(one, share) for one in epochs]))
    assert len(found.rows) == 3
    assert found.disturbed == 0


def test_every_index_is_loaded_once_in_each_epoch_and_asked_for_all_its_settings(tmp_path):
    points = [point(1), point(2), point(3, "b.faiss")]
    worker = Scripted([[[1.0]]] * 6, [1.0] * 6)
    measure_points(points, setup(worker, tmp_path), epochs=2)
    for epoch in (worker.opened[:2], worker.opened[2:]):
        assert sorted(epoch) == ["a.faiss", "b.faiss"]
    assert sorted(worker.asked) == sorted(2 * [(command, p) for command in ("single", "batch") for p in (1, 2, 3)])


def test_a_search_that_waited_is_asked_once_more_and_the_less_disturbed_counts(tmp_path):
    worker = Scripted([[[9.0]], [[1.0]]], [2.0], waited=[0.5, 0.0, 0.0])
    found = measure_points([point(1)], setup(worker, tmp_path), epochs=1)[0]
    assert (found.single, found.batch, found.disturbed) == (1.0, 2.0, 0)


def test_searches_that_wait_again_are_counted_as_disturbed(tmp_path):
    worker = Scripted([[[1.0]], [[9.0]]], [2.0, 3.0], waited=[0.3, 0.6, 0.4, 0.2])
    found = measure_points([point(1)], setup(worker, tmp_path), epochs=1)[0]
    assert (found.single, found.batch, found.disturbed) == (1.0, 3.0, 2)


def test_a_process_that_fails_is_an_error_that_names_the_kind_of_index(tmp_path):
    class Failing(Scripted):
        def request(self, command, **given):
            raise WorkerFailure("crashed", "killed by signal 11")

    with pytest.raises(TuneError, match="searching flat failed: killed by signal 11"):
        measure_points([point(1)], setup(Failing([], []), tmp_path), epochs=1)
