"""Searching a database finds what the curve says, at every number of probes: with kmbench's centroids and its own."""

from types import SimpleNamespace

import numpy as np
import pytest
from tuning_problems import NLIST, K, N, brute_force, recall_of

from kmbench.tuning.problem.constraints import Constraints
from kmbench.tuning.problem.truth import Truth
from kmbench.tuning.targets.curves import asked_queries, curves_of
from kmbench.tuning.targets.measure import measure_there
from kmbench.tuning.targets.registry import read_target

PROBES = (1, 2, 3, 5, 8, 16, 32)


def built(target, known, centroids):
    target.load(np.arange(N), known.problem.raw, lambda share: None)
    target.build(NLIST, centroids)
    return target.read_back()


def curve_of(known, lists):
    asked = asked_queries(known.problem, known.truth, 1000, 0)
    return curves_of(lists.centroids, lists, known.problem, known.truth, asked, K)


@pytest.mark.parametrize("metric", ["l2", "cosine", "ip"])
def test_with_kmbenchs_centroids_the_recall_equals_the_promised_curve(place, problems, metric):
    known = problems[metric]
    with place.choice().open(known.task) as target:
        lists = built(target, known, known.centroids)
        # Bit for bit the centroids that were given, in whatever order.
        assert {row.tobytes() for row in lists.centroids} == {row.tobytes() for row in known.centroids}
        assert lists.sizes.sum() == N
        for nprobe in PROBES:
            ids = target.search(known.problem.raw_queries, nprobe).ids
            assert recall_of(ids, known.truth.ids) == pytest.approx(known.promise.curve.recall[nprobe - 1], abs=1e-12)


@pytest.mark.parametrize("metric", ["l2", "cosine", "ip"])
def test_with_its_own_k_means_the_recall_equals_the_curve_of_the_lists_read_back(place, problems, metric):
    known = problems[metric]
    with place.choice(centroids="own").open(known.task) as target:
        curves = curve_of(known, built(target, known, None))
        assert curves.misplaced == 0
        assert curves.whole.recall != pytest.approx(known.promise.curve.recall, abs=1e-3), "lists of its own"
        for nprobe in PROBES:
            ids = target.search(known.problem.raw_queries, nprobe).ids
            assert recall_of(ids, known.truth.ids) == pytest.approx(curves.whole.recall[nprobe - 1], abs=1e-12)


def test_the_vectors_scanned_are_those_of_the_lists(place, l2):
    with place.choice().open(l2.task) as target:
        curves = curve_of(l2, built(target, l2, l2.centroids))
    nearest = np.square(l2.problem.raw[:, None] - l2.centroids[None]).sum(axis=2).argmin(axis=1)
    first = np.square(l2.problem.raw_queries[:, None] - l2.centroids[None]).sum(axis=2).argmin(axis=1)
    assert curves.whole.scanned[0] == pytest.approx(np.bincount(nearest, minlength=NLIST)[first].mean())


def test_the_flow_finds_the_promised_probes_and_says_nothing_is_different(place, l2):
    there = measure_there(place.choice(), l2.promise, l2.problem, l2.truth, l2.asked(), turns=1, seed=0)
    assert there.measured
    assert there.met
    assert there.chosen.nprobe == l2.promise.nprobe
    assert there.chosen.recall == pytest.approx(l2.promise.curve.recall[l2.promise.nprobe - 1], abs=1e-12)
    assert all(one.recall == pytest.approx(one.of_lists, abs=1e-12) for one in there.spots)
    assert all(one.of_lists == pytest.approx(one.promised, abs=1e-12) for one in there.spots)
    assert {note.code for note in there.notes} <= {"KM330", "KM331", "KM332"}


def test_lists_of_another_training_get_the_smallest_probes_that_keep_the_target(place, l2):
    choice = place.choice(centroids="own", builds=2)
    there = measure_there(choice, l2.promise, l2.problem, l2.truth, l2.asked(), turns=1, seed=0)
    assert len(there.builds) == 2
    low = there.build.curve.recall_low
    assert low[there.chosen.nprobe - 1] >= 0.9
    assert there.chosen.nprobe == 1 or low[there.chosen.nprobe - 2] < 0.9


def test_below_the_probes_that_are_named_a_query_gets_too_few_rows(place, problems):
    known = problems["l2"]
    # Beyond the queries, so that these lists are near to them and hold few rows.
    centroids = np.concatenate([known.centroids[:16], 1.5 * known.problem.raw_queries[:16]])
    with place.choice().open(known.task) as target:
        curves = curve_of(known, built(target, known, centroids))
        assert curves.enough > 1
        enough = target.search(known.problem.raw_queries, curves.enough).ids
        fewer = target.search(known.problem.raw_queries, curves.enough - 1).ids
    assert (enough >= 0).all()
    assert (fewer < 0).any()


@pytest.mark.parametrize(("kind", "place"), [("sq8", "lance"), ("pq4+refine", "lance"), ("fp16", "pgvector")],
                         indirect=["place"])  # fmt: skip
def test_codes_stay_below_the_ceiling_of_their_lists(place, l2, kind):
    with place.choice().open(l2.task_for(kind)) as target:
        curves = curve_of(l2, built(target, l2, l2.centroids))
        for nprobe in (1, 8):
            found = recall_of(target.search(l2.problem.raw_queries, nprobe, 16).ids, l2.truth.ids)
            assert found <= curves.whole.recall[nprobe - 1] + 0.002
            assert found >= curves.whole.recall[nprobe - 1] - 0.1


def test_a_limit_that_is_broken_there_is_named(place, l2):
    asked = Constraints(recall=0.9, at=K, max_latency_seconds=1e-9, max_build_seconds=1e-9)
    there = measure_there(place.choice(), l2.promise, l2.problem, l2.truth, asked, turns=1, seed=0)
    assert not there.met
    assert there.broken == ("latency", "build")


def test_rows_that_served_as_queries_are_added_to_a_kept_table(postgres, l2):
    """The table has all rows of the data under their numbers; what was measured had those left out."""
    held_out = np.arange(0, N, 50)
    rest = np.delete(np.arange(N), held_out)
    raw = l2.problem.raw
    truth = Truth(k=K, ids=brute_force("l2", raw[rest], raw[held_out]), tied=0, cut=0)
    problem = SimpleNamespace(
        **{**vars(l2.problem), "base": raw[rest], "raw_queries": raw[held_out], "queries": raw[held_out],
           "held_out": held_out}
    )  # fmt: skip
    choice = read_target(f"pgvector[dsn={postgres.dsn};table=everything]")
    try:
        there = measure_there(choice, l2.promise, problem, truth, l2.asked(), turns=1, seed=0)
        assert all(one.recall == pytest.approx(one.of_lists, abs=1e-12) for one in there.spots)
        ids = [one for (one,) in postgres.execute("SELECT id FROM everything ORDER BY id")]
        assert ids == list(range(N))
        (found,) = postgres.execute("SELECT embedding::text FROM everything WHERE id = 50")
        assert np.array_equal(np.array(found[0].strip("[]").split(","), dtype=np.float32), raw[50])
    finally:
        postgres.execute("DROP TABLE IF EXISTS everything")
