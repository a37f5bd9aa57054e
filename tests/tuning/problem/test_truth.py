"""True neighbours are those of float64 brute force, with their ties; a file's are taken only if they are true."""

import numpy as np
import pytest

from kmbench.errors import DataError, TuneError
from kmbench.tuning.problem.cache import content_key, load_truth, store_truth
from kmbench.tuning.problem.space import Space
from kmbench.tuning.problem.truth import exact_neighbours, neighbours_from_file
from kmbench.tuning.report.words import truth_text

K = 10


@pytest.mark.parametrize(
    "kind", ["clustered", "uniform", "duplicated", "integers", "far from the origin", "cosine", "ip"]
)
def test_neighbours_are_those_of_brute_force(searched, kind):
    data = searched(kind)
    distances = data.distances()
    kth = np.sort(distances, axis=1)[:, K - 1]
    for query in range(len(data.queries)):
        ids = data.truth.ids[query]
        ids = ids[ids >= 0]
        assert len(np.unique(ids)) == len(ids) >= K
        sure = np.flatnonzero(distances[query] < kth[query] - 1e-4 * abs(kth[query]))
        assert np.isin(sure, ids).all()
        assert (distances[query][ids] <= kth[query] + 1e-4 * abs(kth[query]) + 1e-6).all()


def test_all_copies_of_the_last_neighbour_are_found():
    rng = np.random.default_rng(0)
    base = np.repeat(rng.normal(size=(50, 8)), 300, axis=0).astype(np.float32)
    truth = exact_neighbours(base, base[::3000], K, Space(metric="l2"))
    assert (truth.ids >= 0).sum(axis=1).tolist() == [300] * 5
    assert (truth.tied, truth.cut) == (5, 0)


def test_more_copies_than_are_kept_are_told():
    base = np.concatenate([np.ones((6000, 4)), np.eye(4)]).astype(np.float32)
    truth = exact_neighbours(base, np.ones((1, 4), dtype=np.float32), K, Space(metric="l2"))
    assert truth.cut == 1


def test_more_neighbours_than_rows_are_refused(searched):
    data = searched("clustered")
    with pytest.raises(TuneError, match="--at 11: the data has only 10 rows"):
        exact_neighbours(data.base[:10], data.queries, 11, data.space)


def stored_of(data, columns=20):
    return np.argsort(data.distances(), axis=1, kind="stable")[:, :columns].astype(np.int64)


@pytest.mark.parametrize("kind", ["clustered", "duplicated", "cosine"])
def test_neighbours_of_a_file_agree_with_an_exact_search(searched, kind):
    data = searched(kind)
    truth = neighbours_from_file(data.base, data.queries, stored_of(data), K, data.space, "truth.ivecs")
    for own, found in zip(data.truth.ids, truth.ids, strict=True):
        assert set(found[found >= 0]) == set(own[own >= 0])


@pytest.mark.parametrize("wrong", ["shuffled base", "other metric", "other queries", "repeated"])
def test_neighbours_of_other_data_are_refused(searched, wrong):
    data = searched("clustered")
    stored = stored_of(data)
    if wrong == "shuffled base":
        stored = np.random.default_rng(0).permutation(len(data.base))[stored]
    elif wrong == "other metric":
        stored = np.argsort(-(data.queries @ data.base.T), axis=1)[:, :20]
    elif wrong == "other queries":
        stored = stored[::-1]
    else:
        stored = np.repeat(stored[:, :1], 20, axis=1)
    with pytest.raises(DataError, match=r"truth\.ivecs is the ground truth of another data set"):
        neighbours_from_file(data.base, data.queries, stored, K, data.space, "truth.ivecs")


def test_neighbours_beyond_the_base_are_refused(searched):
    data = searched("clustered")
    stored = stored_of(data)
    with pytest.raises(DataError, match="names row .* the data has 2,000 rows"):
        neighbours_from_file(data.base[:2000], data.queries, stored, K, data.space, "truth.ivecs")
    with pytest.raises(DataError, match="neighbours of 100 queries, there are 50"):
        neighbours_from_file(data.base, data.queries[:50], stored, K, data.space, "truth.ivecs")


def test_cache_returns_what_was_stored_and_survives_damage(searched, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    data, key = searched("duplicated"), content_key("a", 1)
    assert load_truth(key) is None
    store_truth(key, data.truth)
    kept = load_truth(key)
    np.testing.assert_array_equal(kept.ids, data.truth.ids)
    assert kept.cached
    assert truth_text(kept) == "exact search of all rows, kept from an earlier run"
    file = next(tmp_path.rglob("*.npz"))
    file.write_bytes(file.read_bytes()[:100])
    assert load_truth(key) is None
