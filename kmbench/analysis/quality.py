"""When an answer counts as the reference's."""

from __future__ import annotations

__all__ = ["SAME_INERTIA", "same_inertia"]

SAME_INERTIA = 1e-3
"""Relative excess of inertia over the reference's up to which an answer counts as the same."""


def same_inertia(ratio: float | None) -> bool:
    """Return whether an inertia, as a ratio to the reference's, reaches it; what is not known does not."""
    return ratio is not None and ratio <= 1 + SAME_INERTIA
