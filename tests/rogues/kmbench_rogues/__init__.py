"""A third party's backends: a sound one in plain float64 NumPy, and its children that each go wrong in one way."""

import ctypes
import os
import signal
import time

import numpy as np

from kmbench import Backend, FitResult, Traits


class Sound(Backend):
    """Lloyd in float64, slow and right; prints where it should not, which must not harm anybody."""

    name = "sound"
    summary = "plain float64 Lloyd"
    traits = Traits(exact=True, empty_clusters="keep")

    @classmethod
    def version(cls):
        return "1.0"

    def prepare(self, X, job):
        self._X, self._job = X.astype(np.float64), job

    def fit(self):
        os.write(1, b"{'not': 'json'}\n")
        os.write(2, b"a warning from C\n")
        self._centroids = self._start()
        for _ in range(self._iterations()):
            labels = self._nearest(self._X)
            for j in range(self._job.k):
                if (labels == j).any():
                    self._centroids[j] = self._X[labels == j].mean(axis=0)

    def _start(self):
        if self._job.init is not None:
            return self._job.init.astype(np.float64)
        return self._X[np.random.default_rng(self._job.seed).choice(len(self._X), self._job.k, replace=False)]

    def _iterations(self):
        return 10 if self._job.iterations is None else self._job.iterations

    def _nearest(self, X):
        return ((X[:, None, :] - self._centroids[None]) ** 2).sum(axis=2).argmin(axis=1)

    def result(self):
        return FitResult(centroids=self._centroids.astype(np.float32), n_iter=self._iterations())

    def assign(self, X):
        return self._nearest(X.astype(np.float64)).astype(np.int32)


class OwnOpenMP(Sound):
    """An engine that comes with an OpenMP runtime of its own, which no library for thread pools knows of."""

    name = "own-openmp"
    traits = Traits(exact=True, empty_clusters="keep")

    def fit(self):
        library = ctypes.CDLL(os.environ["ROGUE_SPINNER"])
        library.spin.restype = ctypes.c_double
        library.spin(ctypes.c_long(100_000_000))
        super().fit()


class Raises(Sound):
    name = "raises"

    def fit(self):
        raise ValueError("this engine\ncannot")


class Segfaults(Sound):
    name = "segfaults"

    def fit(self):
        os.kill(os.getpid(), signal.SIGSEGV)


class Exits(Sound):
    name = "exits"

    def fit(self):
        os._exit(3)


class Sleeps(Sound):
    name = "sleeps"

    def fit(self):
        time.sleep(3600)


class Hoards(Sound):
    name = "hoards"

    def fit(self):
        self._hoard = []
        while True:
            self._hoard.append(np.ones(2**22))


class WrongCentroids(Sound):
    name = "wrong-centroids"

    def fit(self):
        super().fit()
        self._centroids[0] += 10 * self._X.std()


class WrongLabels(Sound):
    name = "wrong-labels"

    def assign(self, X):
        return np.roll(super().assign(X), 1)


class StopsEarly(Sound):
    name = "stops-early"

    def _iterations(self):
        return 1


class Overflows(Sound):
    name = "overflows"

    def fit(self):
        super().fit()
        self._centroids[0] = np.nan


class Shapeless(Sound):
    name = "shapeless"

    def result(self):
        return FitResult(centroids=np.zeros((1, 1), np.float32), n_iter=1)
