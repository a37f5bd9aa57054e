"""The Python function, with real engines."""

import numpy as np
import pytest

import kmbench
from kmbench.errors import BackendError, OutputError


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def vectors(n=3000, d=12):
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(30, d))
    return (centres[rng.integers(30, size=n)] + 0.4 * rng.normal(size=(n, d))).astype(np.float32)


def test_arrays_far_from_the_origin_trained_by_another_backend(tmp_path):
    import faiss

    x = vectors() + 50
    base, queries = x[:2800], x[2800:]
    result = kmbench.tune(
        base,
        queries,
        recall=0.9,
        nlist="16",
        backend="sklearn-minibatch",
        threads=1,
        epochs=1,
        save=tmp_path / "saved",
    )
    assert result.target_met
    assert result.verified_recall == pytest.approx(result.choice.option.recall, abs=1e-9)
    index = faiss.read_index(str(tmp_path / "saved" / "index.faiss"))
    found = index.search(queries, 10)[1]
    exact = np.array([np.argsort(np.square(base.astype(float) - q).sum(axis=1))[:10] for q in queries])
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found.tolist(), exact.tolist(), strict=True)])
    assert recall == pytest.approx(result.choice.option.recall, abs=2e-3)
    assert index.search(queries, 1)[0] == pytest.approx(
        np.square(base[exact[:, :1]].astype(float) - queries[:, None]).sum(axis=2), rel=1e-3
    )


def test_a_backend_that_fails_or_is_missing_is_named():
    with pytest.raises(BackendError, match="2 backends"):
        kmbench.tune(vectors(), backend="faiss-cpu,numpy-lloyd")


def test_nothing_is_left_where_saving_fails(tmp_path):
    saved = tmp_path / "saved"

    def another_writes_there(what, share):
        if what == "saving":
            saved.mkdir()
            (saved / "theirs").touch()

    with pytest.raises(OutputError, match="cannot be written: .*not empty"):
        kmbench.tune(
            vectors(1500), recall=0.8, nlist="8", threads=1, epochs=1, save=saved, progress=another_writes_there
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "saved"]
    assert [path.name for path in saved.iterdir()] == ["theirs"]
