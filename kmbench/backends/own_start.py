"""What engines have in common that choose their start themselves: how their iterations and starts are settled."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kmbench.backends.base import Job

__all__ = ["Niter", "iterations_of"]

Niter = Annotated[
    int | None,
    Field(ge=1, le=100_000, description="iterations, if --iterations is not given; native only"),
]
"""Type of the parameter ``niter``, an axis of a grid; None leaves it to the library."""


def iterations_of(job: Job, niter: int | None) -> int | None:
    """Return the iterations of a job: its own, or the parameter's; None leaves them to the library.

    Raises
    ------
    ValueError
        If both are given and differ.
    """
    if job.iterations is None or niter is None:
        return niter if job.iterations is None else job.iterations
    if niter != job.iterations:
        raise ValueError(f"niter={niter} and --iterations {job.iterations} are both given: leave one out")
    return niter
