"""The process that probes how far apart the cores are, and does nothing else: no engine's threads mix in."""

from __future__ import annotations

import os
from typing import Any

from kmbench.instruments import cross_core_ratio
from kmbench.runner.channel import serve

__all__: list[str] = []

AWAKE_CYCLES = "20"
"""OpenBLAS's threads look for work for 2^26 cycles after a product, and would take the cores from the next fit. With
2^20 they stay awake from one product to the next and sleep a millisecond after the last."""

os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", AWAKE_CYCLES)  # before NumPy loads it


def probe(threads: int) -> dict[str, Any]:
    """Probe once."""
    return {"cross_core_ratio": cross_core_ratio(threads)}


if __name__ == "__main__":
    serve({"probe": probe})
