"""The contract, for every backend of the house that can run here, over the whole range of inputs."""

import dataclasses

import numpy as np
import pytest
from sklearn.cluster import KMeans

from kmbench.backends.base import Job
from kmbench.backends.registry import backend_names, get_backend
from kmbench.errors import BackendError

HOUSE = [name for name in backend_names() if get_backend(name).__module__.startswith("kmbench.")]
MATCHED = [
    name for name in HOUSE if get_backend(name).traits.fixed_iterations and get_backend(name).traits.accepts_init
]


def make(name, **params):
    backend = get_backend(name)
    reason = backend.unavailable()
    if reason is not None:
        pytest.skip(reason)
    return backend(backend.Params(**params))


def job(X, k, iterations=5, protocol="matched", seed=0):
    init = None
    if protocol == "matched":
        rows = np.random.default_rng(seed).permutation(len(X))[:k]
        init = np.ascontiguousarray(X[np.sort(rows)] + np.float32(1e-3))
    return Job(k=k, protocol=protocol, iterations=iterations, seed=seed, threads=1, init=init)


def make_for(name, X, k, protocol, **params):
    """Make a backend for a case, unless it says before anything runs why it cannot do it."""
    backend = make(name, **params)
    reason = type(backend).unsupported_reason(k, *X.shape, protocol, backend.params)
    if reason is not None:
        pytest.skip(reason)
    return backend


def fit(backend, X, work):
    X.flags.writeable = False
    backend.prepare(X, work)
    backend.fit()
    return backend.result()


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(3)
    centres = rng.normal(scale=2.0, size=(12, 8))
    return np.ascontiguousarray(centres[rng.integers(0, 12, 3000)] + rng.normal(size=(3000, 8)), dtype=np.float32)


@pytest.mark.parametrize("name", MATCHED)
def test_a_matched_fit_is_scikit_learns(name, blobs):
    backend, work = make(name, **({"nlist": 4, "nprobe": 4} if name == "faiss-ivf" else {})), job(blobs, 12)
    result = fit(backend, blobs, work)
    expected = KMeans(12, init=work.init, n_init=1, max_iter=5, tol=0).fit(blobs.astype(np.float64))
    coarse = backend.arithmetic(backend.params) in ("tf32", "float16")  # some rows between clusters change sides
    allowed = 2e-2 if coarse else 1e-4
    np.testing.assert_allclose(result.centroids, expected.cluster_centers_, rtol=allowed, atol=allowed)
    assert result.n_iter in (5, None)
    assert result.centroids.dtype == np.float32
    labels = backend.assign(blobs)
    assert (labels.dtype, labels.shape) == (np.int32, (3000,))
    assert (labels == expected.labels_).mean() > (0.99 if coarse else 0.999)
    if backend.traits.labels_in_fit:
        np.testing.assert_array_equal(result.labels, labels)
    else:
        assert result.labels is None


@pytest.mark.parametrize("name", HOUSE)
def test_a_second_fit_starts_afresh(name, blobs):
    protocol = "matched" if name in MATCHED else "native"
    backend = make_for(name, blobs, 5, protocol)
    iterations = None if name == "faiss-balanced" else 5
    first = fit(backend, blobs, job(blobs, 5, iterations, protocol))
    backend.fit()
    if backend.traits.device == "gpu":  # atomic additions come in another order each time, and ties fall otherwise
        coarse = backend.arithmetic(backend.params) in ("tf32", "float16")
        allowed = 2e-2 if coarse else 1e-4
        np.testing.assert_allclose(backend.result().centroids, first.centroids, rtol=allowed, atol=allowed)
    else:
        np.testing.assert_array_equal(backend.result().centroids, first.centroids)


@pytest.mark.parametrize("name", HOUSE)
@pytest.mark.parametrize(
    ("n", "d", "k"), [(1, 1, 1), (40, 3, 1), (40, 3, 40), (500, 1, 7), (300, 70, 299)], ids=lambda value: str(value)
)
@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
@pytest.mark.filterwarnings("ignore:algorithm='elkan' doesn't make sense")
def test_the_ends_of_the_range_work(name, n, d, k):
    X = np.random.default_rng(1).normal(size=(n, d)).astype(np.float32)
    protocol = "matched" if name in MATCHED else "native"
    backend = make_for(name, X, k, protocol)
    result = fit(backend, X, job(X, k, protocol=protocol))
    assert result.centroids.shape == (k, d)
    assert np.isfinite(result.centroids).all()
    labels = backend.assign(X)
    assert labels.min() >= 0
    assert labels.max() < k


@pytest.mark.parametrize("name", MATCHED)
@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_equal_rows_and_constant_columns_work(name):
    constant = np.full((200, 3), 2.5, np.float32)
    constant[:100, 0] = np.arange(100) % 4
    result = fit(make(name), constant, job(constant, 6))
    assert np.isfinite(result.centroids).all()
    same = np.full((200, 3), 2.5, np.float32)
    backend = make(name)
    result = fit(backend, same, job(same, 2))
    if name == "mlpack":  # where no cluster has any variance, it puts an empty one at the origin
        assert np.abs(result.centroids - 2.5).max(axis=1).min() == 0
    else:
        filled = result.centroids.any(axis=1) if backend.traits.empty_clusters == "zero" else slice(None)
        np.testing.assert_allclose(result.centroids[filled], 2.5, atol=0.01)


@pytest.mark.parametrize("name", [name for name in HOUSE if name != "faiss-ivf"])
def test_a_native_fit_keeps_the_librarys_own_settings(name, blobs):
    backend = make_for(name, blobs, 6, "native")
    result = fit(backend, blobs, job(blobs, 6, iterations=None, protocol="native"))
    assert result.n_iter is None or result.n_iter >= 1
    settings = backend.settings()
    if name.startswith("sklearn-"):
        assert settings["init"] == "k-means++"
    if name in ("faiss-cpu", "faiss-gpu"):
        assert (settings["niter"], settings["max_points_per_centroid"]) == (25, 256)


def test_faiss_is_matched_with_its_traps_off(blobs):
    backend = make("faiss-cpu")
    fit(backend, blobs, job(blobs, 4, iterations=3))
    settings = backend.settings()
    assert settings["max_points_per_centroid"] * 4 >= len(blobs)
    assert settings["early_stop_threshold"] == -1.0
    assert settings["min_points_per_centroid"] == 1
    assert (settings["niter"], settings["nredo"]) == (3, 1)


def test_ivf_falls_back_where_every_probed_list_is_empty(blobs):
    backend = make("faiss-ivf", nlist=32, nprobe=1)
    work = job(blobs, 40)
    twins = dataclasses.replace(work, init=np.repeat(work.init[:1], 40, axis=0))
    result = fit(backend, blobs, twins)
    assert np.isfinite(result.centroids).all()
    assert backend.assign(blobs).min() >= 0


def test_more_probes_find_a_better_answer(blobs):
    def inertia(nprobe):
        centroids = fit(make("faiss-ivf", nlist=16, nprobe=nprobe), blobs, job(blobs, 64, iterations=8)).centroids
        return ((blobs[:, None, :] - centroids[None]) ** 2).sum(axis=2).min(axis=1).sum()

    assert inertia(16) < inertia(1)


@pytest.mark.parametrize(
    ("name", "params"), [("sklearn-lloyd", {"n_init": 3}), ("faiss-cpu", {"nredo": 2}), ("sklearn-minibatch", {})]
)
def test_what_would_not_be_the_same_work_is_refused_when_matched(name, params):
    backend = get_backend(name)
    assert "native" in backend.unsupported_reason(3, 100, 4, "matched", backend.Params(**params))
    assert backend.unsupported_reason(3, 100, 4, "native", backend.Params(**params)) is None


def test_the_gpu_backend_says_why_it_cannot_run_or_runs(blobs):
    backend = get_backend("faiss-gpu")
    reason = backend.unavailable()
    if reason is None:
        pytest.skip("there is a GPU here: the contract above runs on it")
    with pytest.raises(RuntimeError):
        backend(backend.Params()).prepare(blobs, job(blobs, 3))


class TestFaissBuild:
    """The two wheels share a folder: what a user is told depends on what is installed."""

    @pytest.fixture
    def installed(self, monkeypatch):
        from kmbench.backends import faiss_build

        def pretend(*names, origin="faiss/__init__.py"):
            class Spec:
                pass

            spec = Spec()
            spec.origin = origin
            monkeypatch.setattr(faiss_build, "installed_builds", lambda: list(names))
            monkeypatch.setattr(
                faiss_build.importlib.util, "find_spec", lambda name: spec if names or origin is None else None
            )
            return faiss_build.why_no_faiss()

        return pretend

    def test_none_names_both_extras(self, installed):
        reason = installed()
        assert "kmbench[cpu]" in reason
        assert "kmbench[gpu]" in reason

    def test_both_says_how_to_get_out(self, installed):
        reason = installed("faiss-cpu", "faiss-gpu")
        assert "pip uninstall -y faiss-cpu faiss-gpu" in reason
        assert "delete" in reason

    def test_an_empty_folder_is_no_package(self, installed):
        assert "left over" in installed("faiss-cpu", origin=None)

    def test_one_is_fine(self, installed):
        assert installed("faiss-cpu") is None


def test_an_unknown_backend_names_the_nearest():
    with pytest.raises(BackendError, match="did you mean sklearn-elkan"):
        get_backend("sklearn-elken")
