"""What is timed is put to the cost model with the vectors that the search compared."""

import numpy as np
import pytest
from known_settings import measured

from kmbench.tuning.index.training import Trained
from kmbench.tuning.recall.curve import one_pass
from kmbench.tuning.timing.latency import Point
from kmbench.tuning.timing.search import SearchSetup
from kmbench.tuning.timing.timer import SearchTimer


@pytest.fixture
def timer(searched, tmp_path):
    one = searched("clustered")
    lists = Trained(
        nlist=len(one.sizes), quantizer=one.quantizer, centroids=None, list_of_row=one.list_of_row, train_seconds=0.0,
        assign_seconds=0.0, points=0, imbalance=1.0, empty_lists=0,
    )  # fmt: skip
    setup = SearchSetup(
        queries=tmp_path / "q.npy", queries_count=len(one.queries), k=10, threads=1, device="cpu", seed=0,
        scratch=tmp_path,
    )  # fmt: skip
    return one, SearchTimer(
        setup=setup, cache=None, lists={lists.nlist: lists}, queries=one.queries, epochs=1, progress=None
    )


def test_batches_compare_what_the_curve_says(timer):
    one, made = timer
    curve = one_pass(one.quantizer, one.queries, one.truth.ids, one.list_of_row, 10)
    for nprobe in (1, 5):
        point = Point(file=None, index="flat", nlist=len(one.sizes), nprobe=nprobe, k_factor=1)
        single, batch = made.model_points(point, measured(2e-6))
        assert batch.scanned == pytest.approx(curve.scanned[nprobe - 1])
        # `measured` is of the first query alone.
        nearest = np.argsort(np.square(one.quantizer.reconstruct_n(0, point.nlist) - one.queries[0]).sum(axis=1))
        assert single.scanned == one.sizes[nearest[:nprobe]].sum()
        assert (single.reranked, single.seconds) == (0, 2e-6)


def test_candidates_that_are_ranked_again_count_beside_the_scanned(timer):
    one, made = timer
    point = Point(file=None, index="pq8+refine", nlist=len(one.sizes), nprobe=2, k_factor=4)
    assert [p.reranked for p in made.model_points(point, measured(1e-6))] == [40, 40]
