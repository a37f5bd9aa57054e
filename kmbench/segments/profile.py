"""Who the segments are: sizes, means in the table's own units, and the most frequent categories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmbench.segments.features import Features

__all__ = ["Profile", "by_size", "profile_rows", "profiles"]


@dataclass(frozen=True, slots=True)
class Profile:
    """One segment.

    Attributes
    ----------
    number : int
        From 1, the largest first; 0 for all rows together.
    size : int
        Rows.
    means : dict of str to float
        Of the numeric columns, in their own units.
    spreads : dict of str to float
        Standard deviations of the same.
    modes : dict of str to tuple of (str, float)
        Most frequent value of each column of text, and its share.
    """

    number: int
    size: int
    share: float
    means: dict[str, float]
    spreads: dict[str, float]
    modes: dict[str, tuple[str, float]]


def by_size(labels: NDArray[np.int32], k: int) -> NDArray[np.int32]:
    """Return labels renumbered so that 0 is the largest segment; empty ones come last."""
    order = np.argsort(-np.bincount(labels, minlength=k), kind="stable")
    place = np.empty(k, dtype=np.int32)
    place[order] = np.arange(k, dtype=np.int32)
    return place[labels]


def profiles(features: Features, labels: NDArray[np.int32], k: int) -> list[Profile]:
    """Return a profile of all rows and then of each segment; labels count from 0."""
    n = len(labels)
    whole = _profile(features, np.ones(n, dtype=np.bool_), 0)
    return [whole, *(_profile(features, labels == number, number + 1) for number in range(k))]


def _profile(features: Features, chosen: NDArray[np.bool_], number: int) -> Profile:
    size = int(chosen.sum())
    means = {name: float(values[chosen].mean()) if size else 0.0 for name, values in features.numbers.items()}
    spreads = {name: float(values[chosen].std()) if size else 0.0 for name, values in features.numbers.items()}
    modes = {}
    for name, category in features.categories.items():
        counts = np.bincount(category.codes[chosen], minlength=len(category.levels))
        if size:
            text, count = min(
                zip(category.levels, counts.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0])
            )
            modes[name] = (text, count / size)
    return Profile(number, size, size / len(chosen), means, spreads, modes)


def profile_rows(found: list[Profile]) -> tuple[list[str], list[list[str | float]]]:
    """Return headings and rows of a table of profiles, all rows together last."""
    whole = found[0]
    columns = ["segment", "size", "share", *whole.means, *whole.modes]
    rows = []
    for profile in [*found[1:], whole]:
        row: list[str | float] = ["all" if profile.number == 0 else str(profile.number), profile.size]
        row += [f"{100 * profile.share:.1f}%", *profile.means.values()]
        row += [
            "" if name not in profile.modes else f"{profile.modes[name][0]} {100 * profile.modes[name][1]:.0f}%"
            for name in whole.modes
        ]
        rows.append(row)
    return columns, rows
