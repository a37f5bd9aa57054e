"""Semantic IDs: each digit is the nearest code of what is left, for a row alone as among many."""

import json

import numpy as np
import pytest
from sklearn.cluster import KMeans

from kmbench import semantic_ids
from kmbench.backends.training import Trained
from kmbench.errors import CaseError, DataError
from kmbench.semantic import Codebooks, encode, train_codebooks
from kmbench.semantic.scores import collisions, perplexity, with_last_digit

N, D, K = 3000, 12, 16


def items(n=N, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(25, D))
    return (centres[rng.integers(25, size=n)] + 0.4 * rng.normal(size=(n, D))).astype(np.float32)


def unit(X):
    X = X.astype(np.float64)
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def by_brute_force(X, centroids):
    """IDs and mean squared errors in float64."""
    residual, ids, errors = X.astype(np.float64), [], []
    for level in centroids.astype(np.float64):
        squares = ((residual[:, None, :] - level[None]) ** 2).sum(axis=2)
        ids.append(squares.argmin(axis=1))
        residual = residual - level[ids[-1]]
        errors.append((residual**2).sum(axis=1).mean())
    return np.stack(ids, axis=1), np.array(errors)


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_ids_and_errors_are_those_of_brute_force(metric):
    X = items()
    result = semantic_ids(X, codebook=K, metric=metric, threads=2)
    seen = unit(X) if metric == "cosine" else X
    ids, errors = by_brute_force(seen, result.codebooks.centroids)
    assert (result.ids != ids).any(axis=1).mean() < 1e-3  # residuals in float32
    assert [level.error for level in result.levels] == pytest.approx(errors, rel=1e-4)
    variance = ((seen - seen.mean(axis=0)) ** 2).sum(axis=1).mean()
    assert result.levels[-1].relative_error == pytest.approx(errors[-1] / variance, rel=1e-4)


def test_every_level_is_a_k_means_of_what_is_left():
    X = items()
    books = semantic_ids(X, codebook=K, metric="l2").codebooks
    residual = X.astype(np.float64)
    for level in books.centroids:
        best = min(KMeans(K, n_init=1, random_state=seed, init="random").fit(residual).inertia_ for seed in range(5))
        labels = ((residual[:, None] - level[None]) ** 2).sum(axis=2)
        assert labels.min(axis=1).sum() < 1.1 * best
        residual = residual - level[labels.argmin(axis=1)]


def test_the_input_is_never_changed():
    X = items()
    before = X.copy()
    X.flags.writeable = False
    semantic_ids(X, codebook=K, metric="cosine")
    assert np.array_equal(X, before)


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_an_id_does_not_depend_on_the_rows_beside_it(metric):
    X = np.repeat(items(700), 3, axis=0)
    books = semantic_ids(X, codebook=64, metric=metric).codebooks
    whole = encode(X, books, threads=2).ids
    for rows in (slice(0, 1), slice(5, 12), slice(100, 1999)):
        assert np.array_equal(encode(np.ascontiguousarray(X[rows]), books).ids, whole[rows])


def test_codebooks_from_a_file_give_the_same_ids(tmp_path):
    X = items()
    trained = semantic_ids(X, codebook=K)
    trained.codebooks.save(tmp_path / "books.npz")
    again = semantic_ids(X, codebooks=tmp_path / "books.npz")
    assert np.array_equal(again.ids, trained.ids)
    assert again.levels == trained.levels
    assert (again.trained, again.codebooks.metric) == (False, "cosine")


def test_any_function_trains():
    calls = []

    def kmeans(X, k, *, seed, init):
        calls.append((X.shape, k, init.shape))
        return Trained(centroids=init, n_iter=0)

    books = train_codebooks(items(), levels=2, codes=K, kmeans=kmeans, points_per_code=50)
    assert calls == [((50 * K, D), K, (K, D))] * 2
    assert books.centroids.shape == (2, K, D)


@pytest.mark.parametrize("backend", ["sklearn-lloyd", "sklearn-minibatch", "faiss-cpu"])
def test_any_backend_trains(backend):
    X = items()
    own, other = (semantic_ids(X, codebook=K, backend=name).levels[-1].error for name in ("numpy-lloyd", backend))
    assert other == pytest.approx(own, rel=0.15 if backend == "sklearn-minibatch" else 0.05)


def test_scores_by_hand():
    ids = np.array([[0, 1], [0, 1], [2, 1], [0, 1], [2, 0]])
    found = collisions(ids)
    assert (found.distinct, found.largest, found.rate) == (3, 3, pytest.approx(0.4))
    assert with_last_digit(ids).tolist() == [[0, 1, 0], [0, 1, 1], [2, 1, 0], [0, 1, 2], [2, 0, 0]]
    assert perplexity(np.array([0, 1, 2, 3]), 8) == pytest.approx(4)
    assert perplexity(np.array([5, 5]), 8) == 1


def test_unique_ids_are_unique():
    result = semantic_ids(items(), levels=1, codebook=8, unique=True)
    assert result.ids.shape == (N, 2)
    assert len(np.unique(result.ids, axis=0)) == N
    assert result.collisions.distinct == 8


def test_many_levels_do_not_overflow():
    ids = np.random.default_rng(0).integers(0, 256, size=(500, 12))
    ids[1] = ids[0]
    assert collisions(ids).distinct == 499


def zero_row():
    X = items(100)
    X[41] = 0
    return X


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: semantic_ids(zero_row(), codebook=8), DataError, "item 41 is all zeros"),
        (lambda: semantic_ids(items(100), codebook=101), CaseError, "100 items are too few for 101 codes"),
        (lambda: semantic_ids(items(100), levels=0), CaseError, "levels=0 is too small"),
        (lambda: semantic_ids(items(100), metric="ip"), CaseError, "unknown metric"),
        (lambda: semantic_ids(items(100)[0]), DataError, "shape"),
        (lambda: semantic_ids(np.full((9, 2), np.nan)), DataError, "NaN"),
        (
            lambda: semantic_ids(items(9), codebooks=Codebooks(centroids=np.ones((1, 2, 5), "f4"), metric="l2")),
            DataError,
            "5 columns, the items have 12",
        ),
    ],
)
def test_bad_input_says_what_to_do(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_zero_rows_are_fine_without_directions():
    assert semantic_ids(zero_row(), codebook=8, metric="l2").n == 100


def test_a_zero_row_is_named_in_any_block():
    X = items(6000)
    X[5000] = 0
    books = Codebooks(centroids=np.ones((1, 2, D), "f4"), metric="cosine")
    with pytest.raises(DataError, match="item 5000 is"):
        encode(X, books)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04torn", b"\x93NUMPY"])
def test_files_that_are_no_codebooks(tmp_path, content):
    (tmp_path / "books.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"books\.npz"):
        Codebooks.load(tmp_path / "books.npz")
    np.savez(tmp_path / "books.npz", other=np.ones(3))
    with pytest.raises(DataError, match="holds no codebooks"):
        Codebooks.load(tmp_path / "books.npz")


def test_the_command_writes_and_applies(kmbench, tmp_path):
    X = items(2000)
    np.save(tmp_path / "items.npy", X)
    np.save(tmp_path / "new.npy", X[500:600])
    shown = kmbench("semantic-ids", "items.npy", "--codebook", K, "--output", "ids.npy", "--save", "books.npz")
    assert shown.returncode == 0, shown.stderr
    assert max(map(len, shown.stdout.splitlines())) <= 80
    told = kmbench("semantic-ids", "new.npy", "--codebooks", "books.npz", "--output", "new.csv", "--json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["trained"] is False
    ids = np.load(tmp_path / "ids.npy")
    assert np.array_equal(np.loadtxt(tmp_path / "new.csv", delimiter=",", dtype=int), ids[500:600])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("digits", "--codebooks", "missing.npz"), "does not exist"),
        (("digits", "--codebooks", "x.npz", "--levels", "2"), "cannot be combined with --codebooks"),
        (("digits", "--save", "books.npy"), "ends in .npz"),
        (("digits", "--codebook", "4000"), "use a smaller --codebook"),
        (("digits", "--output", "/dev/null/ids.npy"), "cannot be written"),
    ],
)
def test_bad_options_are_one_line(kmbench, arguments, words):
    done = kmbench("semantic-ids", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_six_items_by_hand():
    X = np.array([[0, 0], [0.1, 0.1], [0.2, 0.2], [4.9, 4.9], [5, 5], [5.1, 5.1]], dtype=np.float32)
    result = semantic_ids(X, levels=1, codebook=2, metric="l2", threads=1)
    centroids = result.codebooks.centroids[0]
    low = int(centroids[:, 0].argmin())
    assert centroids[low] == pytest.approx([0.1, 0.1])
    assert centroids[1 - low] == pytest.approx([5, 5])
    assert result.ids[:, 0].tolist() == [low] * 3 + [1 - low] * 3
    assert result.levels[0].error == pytest.approx(4 * 2 * 0.1**2 / 6, rel=1e-4)
    assert result.levels[0].perplexity == pytest.approx(2)
