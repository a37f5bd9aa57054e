"""The one pass says what FAISS does at every nprobe: the same recall, the same vectors scanned."""

import faiss
import numpy as np
import pytest

from kmbench.tuning.index.kinds import build_ivf, parse_kinds
from kmbench.tuning.recall.compressed import compressed_curves
from kmbench.tuning.recall.curve import one_pass

K, NLIST = 10, 32
KINDS = ["clustered", "uniform", "duplicated", "integers", "far from the origin", "cosine", "ip"]


@pytest.mark.parametrize("kind", KINDS)
def test_one_pass_equals_a_search_at_every_nprobe(searched, kind):
    data = searched(kind)
    curve = one_pass(data.quantizer, data.queries, data.truth.ids, data.list_of_row, K)
    flat = parse_kinds("flat", data.base.shape[1], len(data.base))[0]
    ivf = build_ivf(flat, data.quantizer, data.base, data.list_of_row, data.space)
    distances = data.distances()
    assert len(curve) == NLIST
    for nprobe in range(1, NLIST + 1):
        ivf.nprobe = nprobe
        faiss.cvar.indexIVF_stats.reset()
        found = ivf.search(data.queries, K)[1]
        scanned = faiss.cvar.indexIVF_stats.ndis / len(data.queries)
        assert curve.recall[nprobe - 1] == pytest.approx(data.recall_by_distance(found, distances), abs=1e-12)
        assert curve.scanned[nprobe - 1] == pytest.approx(scanned, abs=1e-9)
    assert curve.recall[-1] == 1
    assert curve.scanned[-1] == len(data.base)


def test_duplicates_would_be_missed_by_their_numbers(searched):
    """Why recall is counted by distance: another copy of a neighbour is as right as the one that was counted."""
    data = searched("duplicated")
    by_number = one_pass(data.quantizer, data.queries, data.truth.ids[:, :K], data.list_of_row, K)
    by_distance = one_pass(data.quantizer, data.queries, data.truth.ids, data.list_of_row, K)
    assert data.truth.tied > 0
    assert by_number.recall[0] <= by_distance.recall[0]


@pytest.mark.parametrize("data_kind", ["clustered", "cosine"])
@pytest.mark.parametrize("index", ["sq8", "sq4", "fp16", "pq8", "pq8+refine"])
def test_curves_of_codes_equal_direct_searches(searched, data_kind, index):
    data = searched(data_kind)
    kind = parse_kinds(index, data.base.shape[1], len(data.base))[0]
    ivf = build_ivf(kind, data.quantizer, data.base, data.list_of_row, data.space)
    most = 20
    curves = compressed_curves(kind, ivf, data.quantizer, data.queries, data.truth.ids, data.sizes, K, most)
    assert [curve.k_factor for curve in curves] == ([1, 2, 4, 8, 16, 32, 64] if kind.refine else [1])
    distances = data.distances()
    for curve in curves:
        searching = ivf
        if kind.refine:
            searching = faiss.IndexRefineFlat(ivf, faiss.swig_ptr(data.base))
            searching.k_factor = curve.k_factor
        for nprobe in range(1, most + 1):
            ivf.nprobe = nprobe
            found = searching.search(data.queries, K)[1]
            direct = data.recall_by_distance(found, distances)
            assert curve.recall[nprobe - 1] == pytest.approx(direct, abs=1e-9), (curve.k_factor, nprobe)


def test_codes_lose_what_list_ranks_promise(searched):
    data = searched("clustered")
    kind = parse_kinds("pq4", 16, len(data.base))[0]
    ivf = build_ivf(kind, data.quantizer, data.base, data.list_of_row, data.space)
    codes = compressed_curves(kind, ivf, data.quantizer, data.queries, data.truth.ids, data.sizes, K, NLIST)[0]
    ceiling = one_pass(data.quantizer, data.queries, data.truth.ids, data.list_of_row, K)
    assert (codes.recall <= ceiling.recall + 1e-12).all()
    np.testing.assert_allclose(codes.scanned, ceiling.scanned)


def test_interval_covers_the_recall_of_other_queries(searched):
    """Drawn 100 at a time from 1000 queries, nineteen intervals of twenty should hold the recall of all."""
    data = searched("clustered")
    rng = np.random.default_rng(3)
    queries = np.ascontiguousarray(data.base[rng.choice(len(data.base), 1000, replace=False)])
    queries += rng.normal(0, 0.1, queries.shape).astype(np.float32)
    from kmbench.tuning.problem.truth import exact_neighbours

    truth = exact_neighbours(data.base, queries, K, data.space).ids
    whole = one_pass(data.quantizer, queries, truth, data.list_of_row, K)
    at = whole.first_at(0.9)
    held = 0
    for _ in range(100):
        some = rng.choice(len(queries), 100, replace=False)
        part = one_pass(data.quantizer, queries[some], truth[some], data.list_of_row, K)
        held += part.recall_low[at - 1] <= whole.recall[at - 1] <= part.recall_high[at - 1]
    assert held >= 90
