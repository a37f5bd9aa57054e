"""Which nlists are tried, and what an index takes in memory."""

import faiss
import numpy as np
import pytest

from kmbench.errors import TuneError
from kmbench.tuning.index.kinds import build_ivf, flat_quantizer, parse_kinds
from kmbench.tuning.problem.nlist import default_nlists, read_nlists
from kmbench.tuning.problem.space import Space


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (1_000_000, [512, 1024, 2048, 4096, 8192]),
        (200_000, [256, 512, 1024, 2048, 4096]),
        (10_000, [64, 128, 256]),
        (100, [2]),
        (5, [1]),
    ],
)
def test_default_nlists_surround_the_root_and_have_rows_enough(n, expected):
    assert default_nlists(n) == expected


def test_given_nlists_are_sorted_and_bounded():
    assert read_nlists("1_024,16,16", 2000) == [16, 1024]
    with pytest.raises(TuneError, match="--nlist 4096: more lists than the 2,000 rows; use at most 2,000"):
        read_nlists("16,4096", 2000)


@pytest.mark.parametrize("index", ["flat", "fp16", "sq8", "sq4", "pq4", "pq4+refine"])
@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_memory_is_what_the_file_holds(index, metric, tmp_path):
    n, d, nlist = 4000, 16, 16
    space = Space(metric=metric)
    x = np.random.default_rng(0).normal(size=(n, d)).astype(np.float32)
    kind = parse_kinds(index, d, n)[0]
    quantizer = flat_quantizer(x[:nlist], space)
    ivf = build_ivf(kind, quantizer, x, quantizer.search(x, 1)[1][:, 0].astype(np.int32), space)
    whole = faiss.IndexRefineFlat(ivf, faiss.swig_ptr(x)) if kind.refine else ivf
    faiss.write_index(whole, str(tmp_path / "index"))
    told = kind.memory_bytes(n, d, nlist, space) - kind.table_bytes(nlist, space)
    assert told == pytest.approx((tmp_path / "index").stat().st_size, rel=0.02)
    if index == "pq4":
        table = 4 * ivf.precomputed_table.size()
        assert kind.table_bytes(nlist, space) == table


def test_kinds_are_read_with_their_sub_vectors():
    names = [kind.name for kind in parse_kinds("flat,PQ,pq8+refine,flat", 96, 1000)]
    assert names == ["flat", "pq24", "pq8+refine"]
    assert parse_kinds("pq8+refine", 96, 1000)[0].factory(64, 4) == "IVF64,PQ8,Refine(Flat) k_factor=4"
    with pytest.raises(TuneError, match="a codebook of 256 takes 256 rows, there are 100"):
        parse_kinds("pq8", 96, 100)
