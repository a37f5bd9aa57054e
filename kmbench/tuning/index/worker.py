"""The process that trains centroids: an engine that crashes takes nothing else with it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from kmbench.instruments import warm_for_input
from kmbench.runner.channel import Handler, serve

__all__ = ["handlers", "train"]


def train(
    backend: str, parameters: dict[str, Any], data: str, init: str | None, job: dict[str, Any], output: str
) -> dict[str, Any]:
    """Fit a backend through the contract and write its centroids; return what it took."""
    from kmbench.backends.base import Job
    from kmbench.backends.registry import get_backend

    cls = get_backend(backend)
    engine = cls(cls.Params.model_validate(parameters))
    X = np.load(data, allow_pickle=False)
    start = None if init is None else np.load(init, allow_pickle=False)
    warm_for_input(X.nbytes)
    began = time.perf_counter()
    engine.prepare(X, Job(init=start, **job))
    engine.fit()
    engine.synchronize()
    seconds = time.perf_counter() - began
    np.save(output, engine.result().centroids)
    return {"seconds": seconds}


def handlers() -> dict[str, Handler]:
    """Return the commands that the process answers."""
    return {"train": train}


if __name__ == "__main__":
    serve(handlers())
