"""What a user relies on in each engine of the extra ``engines``, and what is caught before anything runs."""

import logging

import numpy as np
import pytest

from kmbench.backends.base import Job
from kmbench.backends.grid import expand_backends
from kmbench.backends.registry import backend_names, get_backend

OWN_START = ("superkmeans", "faiss-superkmeans", "fastkmeans")


def make(name, **params):
    backend = get_backend(name)
    reason = backend.unavailable()
    if reason is not None:
        pytest.skip(reason)
    return backend(backend.Params(**params))


def job(k, protocol="native", iterations=None, init=None, seed=0):
    return Job(k=k, protocol=protocol, iterations=iterations, seed=seed, threads=1, init=init)


def fit(backend, X, work):
    X.flags.writeable = False
    backend.prepare(X, work)
    backend.fit()
    return backend.result()


def squares(X, centroids):
    return ((X[:, None, :].astype(np.float64) - centroids[None]) ** 2).sum(axis=2)


def lloyd(X, centroids, iterations):
    """Lloyd's algorithm in float64, written here."""
    centroids = centroids.astype(np.float64)
    for _ in range(iterations):
        labels = squares(X, centroids).argmin(axis=1)
        centroids = np.array([X[labels == j].mean(axis=0, dtype=np.float64) for j in range(len(centroids))])
    return centroids


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(3)
    centres = rng.normal(scale=3.0, size=(10, 40))
    return np.ascontiguousarray(centres[rng.integers(0, 10, 2000)] + rng.normal(size=(2000, 40)), dtype=np.float32)


@pytest.mark.parametrize("name", OWN_START)
def test_a_rung_of_target_is_that_many_iterations_over_all_rows(name, blobs):
    """One iteration further from where the engine stood is one iteration of Lloyd's algorithm."""
    one = fit(make(name), blobs, job(10, "matched", 1)).centroids
    three = fit(make(name), blobs, job(10, "matched", 3))
    assert three.n_iter == 3
    expected = lloyd(blobs, one, 2)
    inertia = squares(blobs, three.centroids).min(axis=1).sum()
    assert inertia == pytest.approx(squares(blobs, expected).min(axis=1).sum(), rel=1e-3)


@pytest.mark.parametrize("name", OWN_START)
def test_another_seed_is_another_start(name, blobs):
    starts = [fit(make(name), blobs, job(10, "matched", 1, seed=seed)).centroids for seed in (0, 1)]
    assert not np.allclose(*starts, atol=0.1)


@pytest.mark.parametrize("name", OWN_START)
def test_matched_is_refused_because_it_takes_no_start(name):
    backend = get_backend(name)
    assert "cannot start from given centroids" in backend.unsupported_reason(
        10, 2000, 40, "matched", backend.Params()
    )
    assert backend.unsupported_reason(10, 2000, 40, "target", backend.Params()) is None
    assert "native" in backend.unsupported_reason(10, 2000, 40, "target", backend.Params(niter=3))


@pytest.mark.parametrize("name", [*OWN_START, "faiss-two-level", "faiss-balanced"])
def test_values_whose_squares_overflow_are_refused_before_the_clock(name):
    X = np.random.default_rng(0).normal(size=(2000, 40)).astype(np.float32) * np.float32(1e30)
    with pytest.raises(ValueError, match="overflow float32"):
        make(name).prepare(X, job(8))


@pytest.mark.parametrize("name", [*OWN_START, "faiss-two-level", "faiss-balanced"])
def test_labels_are_those_of_the_nearest_centroids(name, blobs):
    backend = make(name)
    centroids = fit(backend, blobs, job(10)).centroids
    np.testing.assert_array_equal(backend.assign(blobs), squares(blobs, centroids).argmin(axis=1))


@pytest.mark.parametrize("name", ["superkmeans", "faiss-superkmeans", "fastkmeans", "faiss-cpu", "faiss-two-level"])
def test_iterations_of_the_study_and_a_parameter_that_says_otherwise_are_refused(name, blobs):
    with pytest.raises(ValueError, match="both given"):
        make(name, niter=3).prepare(blobs, job(10, iterations=5))


def test_superkmeans_says_when_its_sample_is_smaller_than_k():
    backend = get_backend("superkmeans")
    reason = backend.unsupported_reason(40, 100, 8, "native", backend.Params())
    assert "sampling_fraction=1" in reason
    assert backend.unsupported_reason(40, 100, 8, "native", backend.Params(sampling_fraction=1.0)) is None
    assert backend.unsupported_reason(40, 100, 8, "target", backend.Params()) is None


def test_superkmeans_tells_that_it_was_hierarchical_and_counts_no_iterations(blobs):
    backend = make("superkmeans", hierarchical=True)
    assert fit(backend, blobs, job(10)).n_iter is None
    assert backend.settings()["hierarchical"] is True


def test_faiss_superkmeans_needs_32_columns():
    backend = get_backend("faiss-superkmeans")
    assert "32 columns" in backend.unsupported_reason(8, 1000, 31, "native", backend.Params())
    assert backend.unsupported_reason(8, 1000, 32, "native", backend.Params()) is None


@pytest.mark.parametrize(("k", "why"), [(1, "no k=1"), (30, "fewer clusters than rows")])
@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_sklearnex_names_scikit_learn_where_that_did_the_work(k, why):
    X = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    backend = make("sklearnex")
    found = fit(backend, X, job(k, "matched", 3, X[:k] + np.float32(1e-3)))
    assert "scikit-learn did the work" in found.fallback
    assert why in found.fallback
    assert backend.settings()["ran_on"] == "scikit-learn"


def test_sklearnex_runs_on_onedal_otherwise_and_leaves_the_log_as_it_was(blobs):
    logger = logging.getLogger("sklearnex")
    backend = make("sklearnex")
    before = logger.level, list(logger.handlers)
    found = fit(backend, blobs, job(10, "matched", 3, blobs[:10]))
    assert found.fallback is None
    assert backend.settings()["ran_on"] == "oneDAL"
    assert (logger.level, logger.handlers) == before


def test_fastkmeans_leaves_the_global_generator_alone(blobs):
    backend = make("fastkmeans")
    backend.prepare(blobs, job(10))
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.random(3)  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    backend.fit()
    np.testing.assert_array_equal(np.random.random(3), expected)  # noqa: NPY002
    assert backend.settings()["device"] == "cpu"


@pytest.mark.parametrize("algorithm", ["naive", "elkan", "hamerly", "pelleg-moore", "dualtree", "dualtree-covertree"])
def test_every_algorithm_of_mlpack_is_lloyds(algorithm, blobs):
    start = blobs[:10] + np.float32(1e-3)
    found = fit(make("mlpack", algorithm=algorithm), blobs, job(10, "matched", 4, start))
    np.testing.assert_allclose(found.centroids, lloyd(blobs, start, 4), rtol=1e-5, atol=1e-5)


def test_mlpacks_trees_refuse_one_cluster_before_anything_runs():
    backend = get_backend("mlpack")
    assert "k=1" in backend.unsupported_reason(1, 100, 4, "matched", backend.Params(algorithm="dualtree"))
    assert backend.unsupported_reason(1, 100, 4, "matched", backend.Params()) is None


def test_mlpack_is_the_same_twice_though_its_own_seed_has_no_effect(blobs):
    found = [fit(make("mlpack"), blobs, job(10, iterations=2, seed=0)).centroids for _ in range(2)]
    np.testing.assert_array_equal(*found)


def test_two_level_trains_as_many_centroids_as_were_asked_for(blobs):
    backend = make("faiss-two-level", niter=5, max_points_per_centroid=50)
    assert fit(backend, blobs, job(33)).centroids.shape == (33, 40)
    settings = backend.settings()
    assert settings["rows_trained_on"] == 33 * 50
    assert settings["first_level"] == 5


def uneven():
    """Rows of which many lie near the middle and few far out, so that lists differ in size."""
    rng = np.random.default_rng(0)
    return (rng.normal(size=(4000, 8)) * np.exp(rng.normal(size=(4000, 1)))).astype(np.float32)


def sizes_of(backend, X, k):
    fit(backend, X, job(k, seed=1))
    return np.bincount(backend.assign(X), minlength=k)


def imbalance(backend, X, k):
    return k * np.square(sizes_of(backend, X, k) / len(X)).sum()


def test_balancing_evens_out_the_lists():
    X = uneven()
    assert imbalance(make("faiss-balanced", alpha=0.01), X, 40) < 0.6 * imbalance(make("faiss-cpu"), X, 40)


def test_balancing_does_not_depend_on_the_unit_of_the_data():
    X, k = uneven(), 40
    np.testing.assert_array_equal(
        sizes_of(make("faiss-balanced"), X, k), sizes_of(make("faiss-balanced"), X * np.float32(64), k)
    )


def test_all_is_every_listed_backend_with_its_defaults():
    choices = expand_backends("all")
    assert [choice.name for choice in choices] == backend_names()
    assert all(choice.given == {} for choice in choices)


def test_all_can_stand_beside_a_grid():
    labels = [(choice.name, choice.given) for choice in expand_backends("all,faiss-ivf[nlist=4]")]
    assert labels[-1] == ("faiss-ivf", {"nlist": 4})
    assert len(labels) == len(backend_names()) + 1
