"""Lists are trained by a backend of kmbench, and every row lies in the list of its nearest centroid."""

import numpy as np
import pytest
from in_process import InProcess

from kmbench.backends.training import one_backend
from kmbench.errors import BackendError
from kmbench.runner.process import WorkerFailure
from kmbench.tuning.index.training import Training, train_lists
from kmbench.tuning.problem.space import Space


def training(tmp_path, spawn=InProcess, **changes):
    given = {"backend": one_backend("numpy-lloyd"), "iterations": 4, "points_per_list": 50, "seed": 0, "threads": 1}
    return Training(**(given | changes), scratch=tmp_path, spawn=spawn)


@pytest.mark.parametrize("kind", ["clustered", "cosine"])
def test_rows_lie_in_the_list_of_the_nearest_centroid(searched, tmp_path, kind):
    one = searched(kind)
    found = train_lists(one.base, 8, one.space, training(tmp_path))
    base, centroids = one.base.astype(np.float64), found.centroids.astype(np.float64)
    if kind == "cosine":
        np.testing.assert_allclose(np.linalg.norm(centroids, axis=1), 1, atol=1e-6)
        nearest = (base @ centroids.T).argmax(axis=1)
    else:
        nearest = np.array([np.square(centroids - row).sum(axis=1).argmin() for row in base])
    assert (found.list_of_row == nearest).mean() > 0.999  # float32 may turn a tie
    assert found.points == 8 * 50
    share = np.bincount(found.list_of_row, minlength=8) / len(base)
    assert found.sizes.sum() == len(base)
    assert found.imbalance == pytest.approx(8 * np.square(share).sum())


def test_lloyd_leaves_centroids_at_the_means_of_their_rows(tmp_path):
    x = np.repeat(np.array([[0, 0], [10, 0], [0, 10]], dtype=np.float32), 30, axis=0)
    x += np.random.default_rng(0).normal(0, 0.1, x.shape).astype(np.float32)
    found = train_lists(x, 3, Space(metric="l2"), training(tmp_path, iterations=20))
    for number, centroid in enumerate(found.centroids):
        np.testing.assert_allclose(centroid, x[found.list_of_row == number].mean(axis=0), atol=1e-5)


class Crashing(InProcess):
    def request(self, command, **given):
        raise WorkerFailure("crashed", "killed by signal 11")


class NotFinite(InProcess):
    def request(self, command, **given):
        told = super().request(command, **given)
        np.save(given["output"], np.full((8, 16), np.nan, dtype=np.float32))
        return told


@pytest.mark.parametrize(
    ("spawn", "words"),
    [
        (Crashing, "numpy-lloyd could not train 8 centroids: killed by signal 11; use another --backend"),
        (NotFinite, "numpy-lloyd did not return 8 finite centroids"),
    ],
)
def test_a_backend_that_fails_is_named(searched, tmp_path, spawn, words):
    one = searched("clustered")
    with pytest.raises(BackendError) as raised:
        train_lists(one.base, 8, one.space, training(tmp_path, spawn))
    assert words in str(raised.value)
