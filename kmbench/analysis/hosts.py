"""Whether two runs are of one host and one set of versions, and what differs where they are not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["differing_fields"]

CHANGING = ("at", "fingerprint", "git", "load_average", "passive_wait", "sessions")
"""What differs between runs of one host."""


def differing_fields(before: dict[str, Any], after: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the fields in which two host descriptions differ, with both values."""
    for name in sorted(before.keys() | after.keys()):
        if not prefix and name in CHANGING:
            continue
        one, other = before.get(name), after.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from differing_fields(one, other, f"{prefix}{name}.")
        elif one != other:
            yield f"{prefix}{name} ({one} and {other})"
