"""Find the commit at which a figure changed, past commits that cannot be measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["bisect"]


def bisect(commits: Sequence[str], is_new: Callable[[str], bool | None]) -> tuple[str, str]:
    """Return the last commit of the old level and the first of the new one.

    Parameters
    ----------
    commits : sequence of str
        The first has the old level, the last the new one.
    is_new : callable
        Whether a commit has the new level; None where it cannot be measured.

    Returns
    -------
    tuple of str
        Neighbours, unless the commits between them cannot be measured.
    """
    low, high = 0, len(commits) - 1
    unknown: set[int] = set()
    while True:
        left = [place for place in range(low + 1, high) if place not in unknown]
        if not left:
            return commits[low], commits[high]
        middle = min(left, key=lambda place: abs(2 * place - low - high))
        answer = is_new(commits[middle])
        if answer is None:
            unknown.add(middle)
        elif answer:
            high = middle
        else:
            low = middle
