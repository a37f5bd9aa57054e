"""The measured process: holds the input, runs one backend on one case, and reads the clock."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from kmbench.backends.base import Backend, FitResult, FloatMatrix, Job, Labels, Params
from kmbench.backends.cluster import parse_cluster
from kmbench.backends.registry import get_backend
from kmbench.instruments import (
    DeviceMeter,
    Timing,
    count_busy,
    cpu_seconds_of,
    descendants,
    loops_for,
    measure_peak,
    peak_since,
    peaks_since,
    pools,
    read_usage,
    reset_peak,
    reset_peaks,
    seconds_waited,
    snapshot_tasks,
    timed,
    warm_for_input,
)
from kmbench.runner.channel import serve
from kmbench.shards import Shards

if TYPE_CHECKING:
    from kmbench.instruments import TaskTime
    from kmbench.runner.fits import FitsBackend

__all__ = ["Worker"]

CLIENT = "client"
"""What a record calls the worker's own process where the engine runs in others; a scheduler is part of it."""

WARM_ROWS = 4096
"""Rows of the small fit that loads libraries, starts thread pools and allocates BLAS buffers."""

FULL_WARM_UP_SECONDS = 1.0
"""A shorter fit is also run once in full before the first that counts; longer ones warm themselves.
On a GPU each is: kernels are compiled or chosen for the number of rows, and a first fit tells nothing of the next."""


class Worker:
    """Handlers for the commands of `kmbench.runner.case`."""

    def open(
        self,
        backend: str,
        parameters: dict[str, Any],
        data: str,
        init: str | None,
        mapped: bool,
        job: dict[str, Any],
        workload: str | None = None,
        pages: str = "cold",
        memory_limit: int | None = None,
        warm_bytes: int = 0,
        takes: str = "array",
        cluster: str | None = None,
    ) -> dict[str, Any]:
        """Load the input, build the backend and warm it up on a few rows.

        With `pages` ``warm`` the memory that a fit will ask for is touched before each clock: `warm_bytes`, which is
        what fits of this cell took before, or what `warm_for_input` expects if that is more.

        With `takes` ``shards`` the rows stay in their file. `cluster` is where a distributed backend runs.

        A `workload` that fits several times is given the backend, and stands in its place.
        """
        cls = get_backend(backend)
        params = cls.Params.model_validate(parameters)
        self._make: Callable[[], Backend | FitsBackend] = partial(cls, params)
        if workload is not None:
            self._make, init = partial(_several_fits, workload, cls, params, init), None
        self._backend = self._make()
        self._shards = Shards.of(data)
        self._X: Any = self._shards
        if takes == "array":
            # An input of its own, in anonymous memory, is what a user has; mapped pages are shared where memory is
            # short.
            self._X = np.load(data, mmap_mode="r" if mapped else None, allow_pickle=False)
            self._X.flags.writeable = False
        start = None if init is None else np.load(init, allow_pickle=False)
        self._job = Job(init=start, cluster=None if cluster is None else parse_cluster(cluster), **job)
        self._warms, self._memory_limit, self._warm_bytes = pages == "warm", memory_limit, warm_bytes
        self._ran_in_full = False
        return {"first_call_seconds": self._warm_up()}

    def _warm_up(self) -> float:
        """Return the time of the first calls in this process, which load libraries and compile kernels."""
        rows = min(len(self._X), max(WARM_ROWS, 4 * self._job.k))
        iterations = self._job.iterations
        small = dataclasses.replace(self._job, iterations=None if iterations is None else min(2, iterations))
        # Spread over the input: its first rows may be all alike, such as the sky of a photo.
        places = np.arange(0, len(self._X), len(self._X) // rows)[:rows]
        some = self._shards.take(places)
        some.flags.writeable = False
        timing = None

        def first() -> None:
            nonlocal timing
            self._backend.prepare(some, small)
            timing = timed(self._backend.fit, self._backend.synchronize, 1)
            self._backend.assign(some)
            self._backend.synchronize()

        # Nothing is on a device yet that could be waited for.
        whole = timed(first, lambda: None, 1)
        assert timing is not None
        work = (len(self._X) / rows) * ((iterations or 1) / (small.iterations or 1))
        self._expected_seconds = timing.wall_seconds * work
        return whole.wall_seconds

    def calibrate(self, loops: list[int] | None, iterations: int | None = None) -> dict[str, Any]:
        """Prepare the whole input, run a short fit once in full, and find how often to loop it, if not yet known.

        `iterations` replaces those of the job: one rung of a ladder after another.
        """
        backend = self._backend
        if iterations is not None:
            self._expected_seconds *= iterations / (self._job.iterations or 1)
            self._job = dataclasses.replace(self._job, iterations=iterations)
        self._warm_pages()
        prepared = timed(lambda: backend.prepare(self._X, self._job), backend.synchronize, 1)
        self._loops, self._assign_loops = loops or (1, 1)
        delay_share = None
        on_device = backend.device_memory() is not None
        if on_device:
            backend.fit()
            backend.assign(self._X)
            self._ran_in_full = True
        if self._expected_seconds < FULL_WARM_UP_SECONDS or (on_device and loops is None):
            before, resident = self._snapshot(), reset_peak()
            fit = self._timed(backend.fit, 1)
            self._ran_in_full = True
            waited = seconds_waited(before, self._snapshot())
            self._warm_bytes = max(self._warm_bytes, peak_since(resident) or 0)
            delay_share = None if waited is None else waited / (fit.wall_seconds * self._job.threads)
            assign = timed(lambda: backend.assign(self._X), backend.synchronize, 1)
            if loops is None:
                self._loops, self._assign_loops = loops_for(fit.wall_seconds), loops_for(assign.wall_seconds)
        return {
            "prepare_seconds": prepared.wall_seconds,
            "loops": [self._loops, self._assign_loops],
            "delay_share": delay_share,
        }

    def fit(self) -> dict[str, Any]:
        """Measure one sample, with the time that its threads waited for a core and spent in the kernel.

        A first fit that was expected to take longer than `FULL_WARM_UP_SECONDS`, and did not, is the warm-up that it
        should have had, and is measured again.
        """
        sample = self._sample()
        if not self._ran_in_full and sample["fit_seconds"] < FULL_WARM_UP_SECONDS:
            sample = self._sample()
        self._ran_in_full = True
        return sample

    def _sample(self) -> dict[str, Any]:
        backend = self._backend
        warmed = self._warm_pages()
        resident = reset_peak()
        before, used = self._snapshot(), read_usage()
        fit = self._timed(backend.fit, self._loops)
        used, between = read_usage().since(used), self._snapshot()
        peak = peak_since(resident)
        self._warm_bytes = max(self._warm_bytes, peak or 0)
        disturbance = backend.disturbance() if isinstance(backend, Backend) else None
        assign = self._timed(lambda: backend.assign(self._X), self._assign_loops)
        fit_waited, assign_waited = seconds_waited(before, between), seconds_waited(between, self._snapshot())
        labels = backend.traits.labels_in_fit
        delay = None
        if fit_waited is not None and assign_waited is not None:
            delay = fit_waited / self._loops + assign_waited / self._assign_loops
        return {
            "fit_seconds": fit.wall_seconds,
            "fit_cpu_seconds": fit.cpu_seconds,
            "assign_seconds": assign.wall_seconds,
            "fit_predict_seconds": fit.wall_seconds + (0.0 if labels else assign.wall_seconds),
            "fit_predict_cpu_seconds": fit.cpu_seconds + (0.0 if labels else assign.cpu_seconds),
            "run_delay_seconds": delay,
            "threads_seen": count_busy(before, between),
            "loops": self._loops,
            "fit_system_seconds": used.system_seconds / self._loops,
            "page_faults": used.page_faults // self._loops,
            "warmed_bytes": warmed,
            "fit_peak_bytes": peak,
            "disturbance": disturbance,
        }

    def _others(self) -> list[int]:
        """Return the processes of the backend's cluster that this one has started."""
        return [] if self._backend.traits.cluster is None else descendants(os.getpid())

    def _snapshot(self) -> dict[int, TaskTime] | None:
        return snapshot_tasks(others=self._others())

    def _timed(self, call: Callable[[], object], loops: int) -> Timing:
        """Time a call, with the CPU time of the processes that the backend has started."""
        if self._backend.traits.cluster is None:
            return timed(call, self._backend.synchronize, loops)
        before = cpu_seconds_of(self._others())
        found = timed(call, self._backend.synchronize, loops)
        spent = sum(total - before.get(pid, 0.0) for pid, total in cpu_seconds_of(self._others()).items())
        return dataclasses.replace(found, cpu_seconds=found.cpu_seconds + max(0.0, spent) / loops)

    def _warm_pages(self) -> int:
        """Touch the memory that the next call will ask for, and return how much."""
        if not self._warms:
            return 0
        # Of X in a file nothing is held but buffers, and processes of a cluster allocate for themselves.
        input_bytes = self._X.nbytes if isinstance(self._X, np.ndarray) else 0
        return warm_for_input(input_bytes, self._memory_limit, least_bytes=self._warm_bytes)

    def export(self, centroids: str, labels: str) -> dict[str, Any]:
        """Write the answer of the last fit to two ``.npy`` files and tell the rest.

        The arrays of several fits are written to the first file alone, as ``.npz``.
        """
        rest = {"settings": _plain(self._backend.settings()), "pools": pools()}
        if not isinstance(self._backend, Backend):
            self._backend.save_answer(centroids)
            return self._backend.told() | rest
        result = self._backend.result()
        np.save(centroids, self._checked_centroids(result))
        np.save(labels, self._checked_labels(result))
        return {
            "cluster_seconds": self._backend.cluster_seconds(),
            "n_iter": None if result.n_iter is None else int(result.n_iter),
            "reported_inertia": _finite(result.reported_inertia),
            "empty_events": result.empty_events,
            "fallback": result.fallback,
            **rest,
        }

    def _checked_centroids(self, result: FitResult) -> FloatMatrix:
        expected = (self._job.k, self._X.shape[1])
        centroids = np.asarray(result.centroids, dtype=np.float32)
        if centroids.shape != expected:
            raise ValueError(f"the backend returned centroids of shape {centroids.shape}, not {expected}")
        return centroids

    def _checked_labels(self, result: FitResult) -> Labels:
        labels = np.asarray(result.labels if result.labels is not None else self._backend.assign(self._X))
        if labels.shape != (len(self._X),) or labels.dtype.kind not in "iu":
            raise ValueError(f"the backend returned labels of shape {labels.shape} and type {labels.dtype}")
        if labels.min() < 0 or labels.max() >= self._job.k:
            raise ValueError(f"the backend returned labels from {labels.min()} to {labels.max()} for k={self._job.k}")
        return labels.astype(np.int32, copy=False)

    def memory(self) -> dict[str, Any]:
        """Measure the peak of prepare, fit and labels beyond the resident input; in a process that did no more."""
        if self._backend.device_memory() is None and self._backend.traits.cluster is None:
            self._backend = self._make()  # the other holds the rows of the warm-up, which would count as held before
        backend = self._backend
        if isinstance(self._X, np.ndarray):
            self._X.sum()  # mapped pages count as resident only once they were touched

        def whole() -> None:
            backend.prepare(self._X, self._job)
            backend.fit()
            if not backend.traits.labels_in_fit:
                backend.assign(self._X)
            backend.synchronize()

        if backend.traits.cluster is not None:
            return self._memory_of_tree(whole)
        method = backend.device_memory()
        device: dict[str, Any] = {}
        if method is None:
            reading = measure_peak(whole)
        else:
            backend.release()  # what the warm-up left there would count as held before
            with DeviceMeter(method) as meter:
                reading = measure_peak(whole)
            device = {"device_peak_bytes": meter.peak_bytes, "device_memory_method": meter.method}
        return device | {
            "peak_extra_bytes": reading.peak_extra_bytes,
            "retained_bytes": reading.retained_bytes,
            "memory_method": reading.method,
            "input_bytes": int(self._X.nbytes),
        }

    def _memory_of_tree(self, whole: Callable[[], None]) -> dict[str, Any]:
        """Measure the peaks of this process and of all that it has started.

        They need not come at the same time, so their sum is an upper bound.
        """
        own = os.getpid()
        before = reset_peaks([own, *self._others()])
        whole()
        peaks = peaks_since(before, [own, *self._others()])
        assert isinstance(self._backend, Backend)
        roles = self._backend.processes() | {own: CLIENT}
        parts: dict[str, int] = {}
        for pid, peak in peaks.items():
            role = roles.get(pid, "others")
            parts[role] = parts.get(role, 0) + peak
        return {
            "peak_extra_bytes": sum(peaks.values()),
            "memory_parts": parts,
            "memory_method": f"vmhwm of {len(peaks)} processes, the sum of their peaks: an upper bound",
            "input_bytes": int(self._X.nbytes),
        }


def _several_fits(workload: str, cls: type[Backend], params: Params, starts: str | None) -> FitsBackend:
    # Imported here: other workers need neither workloads nor data sources.
    from kmbench.runner.fits import FitsBackend, load_starts
    from kmbench.workloads import SeveralFits, workload_from

    found = workload_from(workload)
    assert isinstance(found, SeveralFits)
    return FitsBackend(found, cls, params, None if starts is None else load_starts(starts))


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None


def _plain(value: Any) -> Any:
    """Return settings as JSON can hold them."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value if isinstance(value, bool | int | float | str | None) else repr(value)


def main() -> None:
    """Serve one cell."""
    worker = Worker()
    names = ("open", "calibrate", "fit", "export", "memory")
    serve({name: getattr(worker, name) for name in names})


if __name__ == "__main__":
    main()
