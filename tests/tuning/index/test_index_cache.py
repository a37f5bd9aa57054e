"""Indexes are built once each; what they took to build is known as far as they are built."""

from types import SimpleNamespace

import faiss
import pytest

from kmbench.tuning.index.cache import IndexCache
from kmbench.tuning.index.kinds import parse_kinds
from kmbench.tuning.index.training import Trained


@pytest.fixture
def made(searched, tmp_path):
    one = searched("cosine")
    lists = Trained(
        nlist=len(one.sizes), quantizer=one.quantizer, centroids=None, list_of_row=one.list_of_row, train_seconds=2.0,
        assign_seconds=1.0, points=0, imbalance=1.0, empty_lists=0,
    )  # fmt: skip
    return one, lists, IndexCache(SimpleNamespace(base=one.base, space=one.space), 0, tmp_path)


def test_a_file_takes_vectors_as_a_user_has_them(made):
    one, lists, cache = made
    kind = parse_kinds("flat", 16, len(one.base))[0]
    index = faiss.read_index(str(cache.file(kind, lists)))
    faiss.extract_index_ivf(index).nprobe = lists.nlist
    found = index.search(7 * one.queries, 10)[1]  # cosine: their lengths do not matter
    assert one.recall_by_distance(found) == 1


def test_build_time_holds_encoding_once_the_index_is_built(made):
    one, lists, cache = made
    codes, refined = parse_kinds("pq8,pq8+refine", 16, len(one.base))
    assert cache.build_seconds(codes, lists) == 3.0
    cache.codes(codes, lists)
    encoded = cache.build_seconds(codes, lists)
    assert encoded > 3.0
    # Codes are the same with re-ranking: they are read, not made again.
    cache.codes(refined, lists)
    assert cache.build_seconds(refined, lists) == cache.build_seconds(codes, lists) == encoded


def test_a_file_is_written_once(made):
    one, lists, cache = made
    kind = parse_kinds("pq8+refine", 16, len(one.base))[0]
    first = cache.file(kind, lists)
    before = first.stat().st_mtime_ns
    assert cache.file(kind, lists) == first
    assert first.stat().st_mtime_ns == before
