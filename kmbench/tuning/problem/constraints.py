"""What is asked, held to its bounds before anything is read."""

from __future__ import annotations

from dataclasses import dataclass

from kmbench.errors import TuneError
from kmbench.study.model import parse_bytes

__all__ = ["Constraints", "read_constraints"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """What is asked of a setting.

    Attributes
    ----------
    recall : float
        Reached by the whole interval.
    at : int
        Neighbours per query.
    max_latency_seconds : float or None
        For the 95th percentile of one query at a time.
    max_memory_bytes, max_build_seconds : float or None
        Of the index in memory; of training, assignment and encoding on this host.
    """

    recall: float
    at: int
    max_latency_seconds: float | None = None
    max_memory_bytes: int | None = None
    max_build_seconds: float | None = None


def read_constraints(
    recall: float, at: int, latency_ms: float | None, memory: int | str | None, build: float | None
) -> Constraints:
    """Return the constraints of a tuning.

    Raises
    ------
    TuneError
        If a target or a limit cannot be met by any index.
    """
    if not 0 < recall < 1:
        hint = "ask for less, such as 0.999, or search a flat index, which needs no tuning"
        raise TuneError(f"--recall {recall:g} is not between 0 and 1 (both excluded)", hint)
    if at < 1:
        raise TuneError(f"--at {at}: a query needs at least one neighbour", "use --at 1 or more")
    for name, value in (("--max-latency-ms", latency_ms), ("--max-build-seconds", build)):
        if value is not None and not value > 0:
            raise TuneError(f"{name} {value:g} is not above 0", "give a larger limit or leave it out")
    try:
        size = parse_bytes(memory)
    except ValueError as error:
        raise TuneError(f"--max-memory {memory}: not a size", str(error)) from None
    if size is not None and size < 1:
        raise TuneError(f"--max-memory {memory} is not above 0", "give a larger limit or leave it out")
    return Constraints(
        recall=recall,
        at=at,
        max_latency_seconds=None if latency_ms is None else latency_ms / 1e3,
        max_memory_bytes=size,
        max_build_seconds=build,
    )
