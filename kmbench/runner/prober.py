"""The process that probes how far apart the cores are, and does nothing else: no engine's threads mix in."""

from __future__ import annotations

from typing import Any

from kmbench.instruments import cross_core_ratio
from kmbench.runner.channel import serve

__all__: list[str] = []


def probe(threads: int) -> dict[str, Any]:
    """Probe once."""
    return {"cross_core_ratio": cross_core_ratio(threads)}


if __name__ == "__main__":
    serve({"probe": probe})
