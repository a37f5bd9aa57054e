"""How figures are written for people, the same in the terminal and on the page."""

from __future__ import annotations

__all__ = ["bytes_text", "interval_text", "ratio_text", "seconds_text", "times_text"]


def seconds_text(seconds: float | None) -> str:
    """Write a time with three digits: ``1.23 ms``."""
    if seconds is None:
        return ""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{_digits(seconds / size)} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def bytes_text(size: int | None) -> str:
    """Write a size in powers of 1024 with three digits: ``4.21 MiB``."""
    if size is None:
        return ""
    for unit, power in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if abs(size) >= 2**power:
            return f"{_digits(size / 2**power)} {unit}"
    return f"{size} B"


def ratio_text(ratio: float | None) -> str:
    """Write a ratio of inertias as its distance from 1: ``+0.013%``, or ``same`` within 1e-6."""
    if ratio is None:
        return ""
    if abs(ratio - 1) < 1e-6:
        return "same"
    percent = 100 * (ratio - 1)
    return f"{percent:+.1f}%" if abs(percent) >= 1 else f"{percent:+.2g}%"


def interval_text(ratio: float, low: float, high: float) -> str:
    """Write a ratio with its interval: ``1.32x (1.28-1.36)``."""
    return f"{times_text(ratio)} ({_digits(low)}-{_digits(high)})"


def times_text(ratio: float) -> str:
    """Write how many times as fast, with three digits: ``1.32x``."""
    return f"{_digits(ratio)}x"


def _digits(value: float) -> str:
    """Write three significant digits without an exponent."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"
