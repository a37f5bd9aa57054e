"""How figures are written for people, the same in the terminal and on the page."""

from __future__ import annotations

from pathlib import PurePath

__all__ = [
    "agreement_text",
    "bytes_text",
    "count_text",
    "dataset_name",
    "interval_text",
    "percent_text",
    "printable",
    "range_text",
    "ratio_text",
    "seconds_text",
    "shortened",
    "spread_text",
    "threads_text",
    "tick_text",
    "times_text",
]


def count_text(count: int, noun: str) -> str:
    """Write a number of things: ``1 case``, ``1,234 cases``; for nouns whose plural ends in an s."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def threads_text(threads: int) -> str:
    """Write a number of threads: ``1 thread``, ``2 threads``."""
    return count_text(threads, "thread")


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


def interval_text(ratio: float, low: float | None, high: float | None, dash: str = "-") -> str:
    """Write a ratio with its interval: ``1.32x (1.28-1.36)``, or ``1.32x`` where it has none."""
    interval = "" if low is None or high is None else f" ({range_text(low, high, dash)})"
    return f"{times_text(ratio)}{interval}"


def range_text(low: float, high: float, dash: str = "-") -> str:
    """Write the ends of an interval with three digits each: ``1.28-1.36``; pages take an en dash."""
    return f"{_digits(low)}{dash}{_digits(high)}"


def times_text(ratio: float) -> str:
    """Write how many times as fast, with three digits: ``1.32x``."""
    return f"{_digits(ratio)}x"


def spread_text(low: float, middle: float, high: float) -> str:
    """Write half a range relative to its middle, which is above 0: ``4%``."""
    return f"{100 * (high - low) / (2 * middle):.0f}%"


def percent_text(share: float) -> str:
    """Write a share without needless digits: ``0.1%``."""
    return f"{100 * share:g}%"


def agreement_text(share: float | None) -> str:
    """Write a share so that only a whole agreement reads as 100 %: ``99.99%`` is the most of all others."""
    if share is None:
        return ""
    return "100%" if share == 1 else f"{min(share, 0.9999):.2%}"


def tick_text(seconds: float) -> str:
    """Write a time below an axis, without needless digits: ``2.5 ms``."""
    if seconds <= 0:
        return "0"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size * 0.9999:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def dataset_name(spec: str) -> str:
    """Return a data SPEC fit to be published: of a file's path only the name is kept."""
    path, colon, options = spec.partition(":")
    return f"{PurePath(path).name}{colon}{options}"


def printable(label: str) -> str:
    """Replace control characters and lone surrogates, which neither XML nor a data frame can hold."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in label)


def shortened(label: str, most: int) -> str:
    """Return a label with its middle left out, where it is longer than `most` characters."""
    if len(label) <= most:
        return label
    return f"{label[: most // 2]}\N{HORIZONTAL ELLIPSIS}{label[-(most // 2 - 1) :]}"


def _digits(value: float) -> str:
    """Write three significant digits without an exponent."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"
