"""Kinds of index: how they are named, and what an index takes in memory."""

import faiss
import numpy as np
import pytest

from kmbench.errors import TuneError
from kmbench.tuning.index.kinds import build_ivf, flat_quantizer, parse_kinds
from kmbench.tuning.problem.space import Space


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
    with pytest.raises(TuneError, match="a codebook of 256 codes needs 256 rows, there are 100"):
        parse_kinds("pq8", 96, 100)
