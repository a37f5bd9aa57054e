"""The elbow of an inertia curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["ELBOW_METHOD", "elbow"]

ELBOW_METHOD = "farthest below the line between the ends of the inertia curve"


def elbow(ks: Sequence[int], inertias: Sequence[float]) -> int | None:
    """Return the k at which the inertia lies farthest below the straight line between the ends of its curve.

    Both axes are scaled to 0..1 first: Satopää et al., "Finding a 'kneedle' in a haystack", ICDCS workshops 2011,
    without the smoothing. It depends on the ends: another range of k has another elbow.

    Parameters
    ----------
    ks : sequence of int
        In rising order.
    inertias : sequence of float

    Returns
    -------
    int or None
        None for fewer than three values, or a curve that does not bend below the line.
    """
    if len(ks) < 3:
        return None
    x, y = np.asarray(ks, dtype=float), np.asarray(inertias, dtype=float)
    drop = y[0] - y[-1]
    if not drop > 0:
        return None
    below = (1 - (x - x[0]) / (x[-1] - x[0])) - (y - y[-1]) / drop
    place = int(below.argmax())
    return ks[place] if below[place] > 0 else None
