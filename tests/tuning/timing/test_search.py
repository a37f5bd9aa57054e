"""A search of an index file in a process of its own finds what the promised curve says it finds."""

import faiss
import numpy as np
import pytest

from kmbench.runner.process import WorkerFailure
from kmbench.tuning.index.kinds import build_ivf, parse_kinds
from kmbench.tuning.problem.recall import per_query_recall
from kmbench.tuning.recall.curve import one_pass
from kmbench.tuning.timing.search import SearchSetup

K = 10


@pytest.fixture
def saved(searched, tmp_path):
    """An IVF-Flat index on disk with its queries, and the way to search it."""
    one = searched("clustered")
    kind = parse_kinds("flat", one.base.shape[1], len(one.base))[0]
    index = build_ivf(kind, one.quantizer, one.base, one.list_of_row, one.space)
    faiss.write_index(index, str(tmp_path / "index.faiss"))
    np.save(tmp_path / "queries.npy", one.queries)
    setup = SearchSetup(
        queries=tmp_path / "queries.npy",
        queries_count=len(one.queries),
        k=K,
        threads=1,
        device="cpu",
        seed=0,
        scratch=tmp_path,
    )
    return one, setup, tmp_path / "index.faiss"


def test_the_search_finds_the_recall_of_the_curve(saved):
    one, setup, file = saved
    curve = one_pass(one.quantizer, one.queries, one.truth.ids, one.list_of_row, K)
    for nprobe in (1, 3, 9):
        found = setup.search(file, nprobe, 1)
        recall = per_query_recall(found.ids, one.truth.ids, K)
        assert recall.mean() == pytest.approx(curve.recall[nprobe - 1], abs=1e-9)
        assert recall.mean() == pytest.approx(one.recall_by_distance(found.ids), abs=1e-9)


def test_it_tells_the_vectors_and_the_imbalance_of_the_index(saved):
    one, setup, file = saved
    found = setup.search(file, 1, 1)
    share = one.sizes / one.sizes.sum()
    assert found.vectors == len(one.base)
    assert found.imbalance == pytest.approx(len(share) * np.square(share).sum())


def test_a_file_that_is_no_index_fails_in_its_own_process(saved):
    _, setup, file = saved
    file.write_bytes(b"torn")
    with pytest.raises(WorkerFailure):
        setup.search(file, 1, 1)
