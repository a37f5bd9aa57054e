"""Under a filter, with a budget, in evened lists and with padded codes the pass says what FAISS's own search does."""

import faiss
import numpy as np
import pytest

from kmbench.tuning.index.balance import assign_balanced, balanced
from kmbench.tuning.index.kinds import build_ivf, padded, parse_kinds
from kmbench.tuning.index.training import Trained
from kmbench.tuning.problem.filters import RowFilter, RowSelector
from kmbench.tuning.problem.truth import exact_neighbours
from kmbench.tuning.recall.compressed import compressed_curves
from kmbench.tuning.recall.curve import one_pass
from kmbench.tuning.recall.filtered import filtered_curve, filtered_truth, filtered_work
from kmbench.tuning.recall.probes import best_budget
from kmbench.tuning.timing.damped import damped_search

K, NLIST = 10, 32
KINDS = ["clustered", "uniform", "duplicated", "cosine"]
PROBES = (1, 2, 5, 13, 32)


def trained(data):
    return Trained.of(
        quantizer=data.quantizer, centroids=None, list_of_row=data.list_of_row, train_seconds=0.0, assign_seconds=0.0,
        points=0,
    )  # fmt: skip


def flat_of(data, list_of_row=None):
    kind = parse_kinds("flat", data.base.shape[1], len(data.base))[0]
    lists = data.list_of_row if list_of_row is None else list_of_row
    return build_ivf(kind, data.quantizer, data.base, lists, data.space)


def masks(data):
    rng = np.random.default_rng(5)
    return {
        "a tenth by chance": rng.random(len(data.base)) < 0.1,
        "a side of the space": data.base[:, 0] > np.quantile(data.base[:, 0], 0.9),
        "fewer than k": np.arange(len(data.base)) < 4,
    }


def recall_among(data, found, allowed):
    """Return recall by float64 distances among the allowed rows, which are all there is to find."""
    distances = np.where(allowed[None, :], data.distances(), np.inf)
    k = min(K, int(allowed.sum()))
    kth = np.sort(distances, axis=1)[:, k - 1 : k]
    limit = kth + (1e-5 * np.abs(kth) if not data.space.inner_product else 1e-6)
    near = np.take_along_axis(distances, np.maximum(found, 0), axis=1) <= limit
    return np.minimum((near & (found >= 0)).sum(axis=1), k).sum() / (k * len(found))


@pytest.mark.parametrize("which", ["a tenth by chance", "a side of the space", "fewer than k"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_filtered_curve_equals_filtered_searches(searched, kind, which):
    data = searched(kind)
    row_filter = RowFilter(name=which, allowed=masks(data)[which])
    truth = filtered_truth(data.base, data.queries, K, data.space, row_filter)
    flat = parse_kinds("flat", data.base.shape[1], len(data.base))[0]
    curve = filtered_curve(flat, trained(data), None, data.queries, truth, row_filter)
    work = filtered_work(trained(data), data.queries, row_filter, K)
    ivf, selector = flat_of(data), RowSelector(row_filter.allowed)
    for nprobe in PROBES:
        faiss.cvar.indexIVF_stats.reset()
        given = faiss.SearchParametersIVF(nprobe=nprobe, sel=selector.faiss)
        found = ivf.search(data.queries, K, params=given)[1]
        compared = faiss.cvar.indexIVF_stats.ndis / len(data.queries)
        assert curve.recall[nprobe - 1] == pytest.approx(recall_among(data, found, row_filter.allowed), abs=1e-9)
        assert curve.scanned[nprobe - 1] == pytest.approx(compared, abs=1e-9)
        assert work.short[nprobe - 1] == pytest.approx((found < 0).any(axis=1).mean())
    assert work.visited[-1] == len(data.base)


@pytest.mark.parametrize("index", ["sq8", "pq8+refine"])
def test_a_filtered_curve_of_codes_equals_filtered_searches(searched, index):
    data = searched("clustered")
    kind = parse_kinds(index, data.base.shape[1], len(data.base))[0]
    row_filter = RowFilter(name="", allowed=masks(data)["a tenth by chance"])
    truth = filtered_truth(data.base, data.queries, K, data.space, row_filter)
    ivf, selector = build_ivf(kind, data.quantizer, data.base, data.list_of_row, data.space), None
    factor = 4 if kind.refine else 1
    curve = filtered_curve(kind, trained(data), ivf, data.queries, truth, row_filter, factor)
    selector = RowSelector(row_filter.allowed)
    whole = faiss.IndexRefineFlat(ivf, faiss.swig_ptr(data.base)) if kind.refine else ivf
    for nprobe in PROBES:
        given = faiss.SearchParametersIVF(nprobe=nprobe, sel=selector.faiss)
        if kind.refine:
            given = faiss.IndexRefineSearchParameters(k_factor=factor, base_index_params=given)
        found = whole.search(data.queries, K, params=given)[1]
        assert curve.recall[nprobe - 1] == pytest.approx(recall_among(data, found, row_filter.allowed), abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_even_lists_keep_the_promise_and_cut_the_imbalance(searched, kind):
    data = searched(kind)
    before = trained(data)
    even = balanced(data.base, before, data.space)
    assert even.imbalance <= before.imbalance
    curve = one_pass(data.quantizer, data.queries, data.truth.ids, even.list_of_row, K)
    ivf, distances = flat_of(data, even.list_of_row), data.distances()
    for nprobe in PROBES:
        ivf.nprobe = nprobe
        faiss.cvar.indexIVF_stats.reset()
        found = ivf.search(data.queries, K)[1]
        assert curve.recall[nprobe - 1] == pytest.approx(data.recall_by_distance(found, distances), abs=1e-12)
        assert curve.scanned[nprobe - 1] == pytest.approx(faiss.cvar.indexIVF_stats.ndis / len(data.queries))
    # Rows that come later go where the same rows went.
    again = assign_balanced(data.base[:500], even, data.space)
    if even.penalty.any():
        assert (again == even.list_of_row[:500]).mean() > 0.99


def test_uneven_lists_become_much_more_even(searched):
    data = searched("clustered")
    even = balanced(data.base, trained(data), data.space)
    assert trained(data).imbalance > 1.3
    assert even.imbalance - 1 < 0.8 * (trained(data).imbalance - 1)


@pytest.mark.parametrize("target", [0.6, 0.9])
@pytest.mark.parametrize("kind", KINDS)
def test_a_budget_finds_what_faiss_finds_with_max_codes(searched, kind, target):
    data = searched(kind)
    promise = best_budget("budget", data.quantizer, data.queries, data.truth.ids, data.list_of_row, K, target, NLIST)
    assert promise.recall_low >= target
    faiss.cvar.indexIVF_stats.reset()
    given = faiss.SearchParametersIVF(nprobe=NLIST, max_codes=promise.probes.vectors)
    found = flat_of(data).search(data.queries, K, params=given)[1]
    assert promise.recall == pytest.approx(data.recall_by_distance(found), abs=1e-9)
    assert promise.scanned == pytest.approx(faiss.cvar.indexIVF_stats.ndis / len(data.queries), abs=1e-9)
    assert promise.scanned_p99 <= promise.probes.vectors


@pytest.mark.parametrize("kind", KINDS)
def test_the_damped_rule_finds_what_a_search_of_its_lists_finds(searched, kind):
    data = searched(kind)
    promise = best_budget("damped", data.quantizer, data.queries, data.truth.ids, data.list_of_row, K, 0.9, NLIST)
    probes = promise.probes
    given = {"rule": "damped", "nprobe": NLIST, "vectors": probes.vectors, "reference": probes.reference}
    ivf = flat_of(data)
    faiss.cvar.indexIVF_stats.reset()
    found = damped_search(ivf, K, given)(data.queries)[1]
    assert promise.recall == pytest.approx(data.recall_by_distance(found), abs=1e-9)
    assert promise.scanned == pytest.approx(faiss.cvar.indexIVF_stats.ndis / len(data.queries), abs=1e-9)


@pytest.mark.parametrize("data_kind", ["clustered", "duplicated", "cosine"])
@pytest.mark.parametrize("index", ["sq8", "fp16", "pq5+refine"])
def test_curves_of_padded_codes_equal_direct_searches(searched, data_kind, index):
    whole = searched(data_kind)
    # Ten columns: scalar codes are filled up to 16.
    base, queries = np.ascontiguousarray(whole.base[:, :10]), np.ascontiguousarray(whole.queries[:, :10])
    if whole.space.inner_product:
        base, queries = whole.space.unit(base), whole.space.unit(queries)
    kind = parse_kinds(index, 10, len(base))[0]
    assert kind.columns == (0 if kind.refine else 16)
    centroids = np.ascontiguousarray(base[:: len(base) // NLIST][:NLIST])
    from kmbench.tuning.index.kinds import flat_quantizer

    quantizer = flat_quantizer(centroids, whole.space)
    lists = quantizer.search(base, 1)[1][:, 0].astype(np.int32)
    truth = exact_neighbours(base, queries, K, whole.space).ids
    ivf = build_ivf(kind, quantizer, base, lists, whole.space)
    sizes = np.bincount(lists, minlength=NLIST)
    curve = compressed_curves(kind, ivf, quantizer, queries, truth, sizes, K, NLIST)[0]
    searching = faiss.IndexRefineFlat(ivf, faiss.swig_ptr(base)) if kind.refine else ivf
    for nprobe in PROBES:
        ivf.nprobe = nprobe
        found = searching.search(padded(queries, kind.columns), K)[1]
        right = [np.isin(row, true).sum() for row, true in zip(found, truth, strict=True)]
        assert curve.recall[nprobe - 1] == pytest.approx(np.minimum(right, K).mean() / K, abs=2e-3)


def test_a_range_search_finds_what_its_lists_hold(searched):
    from kmbench.tuning.choice.ranges import range_curve

    data = searched("clustered")
    radius = float(np.quantile(data.distances(), 0.01))
    curve, rows = range_curve(data.base, data.queries, radius, trained(data), data.space)
    assert rows == pytest.approx((data.distances() < radius).sum() / len(data.queries), rel=1e-3)
    ivf = flat_of(data)
    for nprobe in PROBES:
        ivf.nprobe = nprobe
        limits = ivf.range_search(data.queries, radius)[0]
        assert curve[nprobe - 1] == pytest.approx(int(limits[-1]) / (rows * len(data.queries)), abs=1e-3)
