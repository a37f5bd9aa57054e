"""Dates as people write them: ISO, ``31.12.2024``, ``12/31/2024``, ``20241231``, with a time or without."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["DateEvidence", "Dates", "Order", "choose_order", "read_dates"]

Order = Literal["day first", "month first"]

_TIME = "(?:[T ]+(?P<H>[0-9]{1,2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2}(?:[.,][0-9]+)?))?\\s*(?P<ap>[AaPp][Mm])?"
_TIME += "\\s*(?:Z|UTC|(?P<zs>[+-])(?P<zh>[0-9]{2}):?(?P<zm>[0-9]{2}))?)?"
_ISO = f"^(?P<y>[12][0-9]{{3}})[-/.](?P<a>[0-9]{{1,2}})[-/.](?P<b>[0-9]{{1,2}}){_TIME}$"
_COMPACT = "^(?P<y>(?:19|20)[0-9]{2})(?P<a>0[1-9]|1[0-2])(?P<b>0[1-9]|[12][0-9]|3[01])$"
_OTHER = f"^(?P<a>[0-9]{{1,2}})(?P<mark>[./-])(?P<b>[0-9]{{1,2}})[./-](?P<y>[12][0-9]{{3}}|[0-9]{{2}}){_TIME}$"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = f"^(?P<b>[0-9]{{1,2}})[-. /]+(?P<a>[A-Za-z]{{3}})[a-z]*[-., /]+(?P<y>[12][0-9]{{3}}|[0-9]{{2}}){_TIME}$"
_NAMED_FIRST = f"^(?P<a>[A-Za-z]{{3}})[a-z]*[. ]+(?P<b>[0-9]{{1,2}}),?[ ]+(?P<y>[12][0-9]{{3}}){_TIME}$"


@dataclass(frozen=True, slots=True)
class Dates:
    """Texts as days since 1970-01-01, in both orders of day and month; NaN where they are no dates in that order."""

    day_first: NDArray[np.float64]
    month_first: NDArray[np.float64]


@dataclass(slots=True)
class DateEvidence:
    """What the texts of a column say about the order of day and month.

    Attributes
    ----------
    known, dates : int
        Texts that are not missing, and those of them that are dates in one order or the other.
    only : dict
        Texts that are dates in one order alone, such as ``31/12/2024``.
    open : int
        Texts that are two different dates.
    examples : dict
        The first text of each of these kinds.
    """

    known: int = 0
    dates: int = 0
    only: dict[Order, int] = field(default_factory=lambda: {"day first": 0, "month first": 0})
    open: int = 0
    examples: dict[str, str] = field(default_factory=dict)

    def proven(self) -> set[Order]:
        """Return the orders that some value proves by itself."""
        return {order for order, count in self.only.items() if count}


def read_dates(texts: Any, evidence: DateEvidence, *, compact: bool = False) -> Dates:
    """Read texts as dates in both orders, and add to the evidence.

    A year, a month and a day in this order are ISO; points between the parts mean that the day is first. Two digits
    of a year up to 68 are of this century, as POSIX has it.

    Parameters
    ----------
    texts : pyarrow.Array of string
        Null where missing.
    evidence : DateEvidence
        Of the column so far; it is changed.
    compact : bool
        Whether eight digits are a date: only the whole column can tell.
    """
    import pyarrow.compute as pc

    n = len(texts)
    both = {"day first": np.full(n, np.nan), "month first": np.full(n, np.nan)}
    patterns = [_ISO, _OTHER, _NAMED, _NAMED_FIRST, *([_COMPACT] if compact else [])]
    for pattern in patterns:
        parts = pc.extract_regex(texts, pattern)
        found = np.asarray(pc.is_valid(parts)) & np.asarray(pc.is_valid(texts))
        if not found.any():
            continue
        names = [name.name for name in parts.type]
        get = {name: pc.fill_null(pc.struct_field(parts, name), "") for name in names}
        year, a, b = _integers(get["y"]), _months(get["a"]), _integers(get["b"])
        year = np.where(year < 69, year + 2000, np.where(year < 100, year + 1900, year))
        time = _times(get) if "H" in get else np.zeros(n)
        month_first = _days(year, a, b) + time
        day_first = month_first
        if pattern is _OTHER:
            day_first = _days(year, b, a) + time
            month_first = np.where(np.asarray(pc.equal(get["mark"], ".")), np.nan, month_first)
        both["day first"] = np.where(found, day_first, both["day first"])
        both["month first"] = np.where(found, month_first, both["month first"])
    day, month = both["day first"], both["month first"]
    known = np.asarray(pc.is_valid(texts))
    has_day, has_month = ~np.isnan(day), ~np.isnan(month)
    evidence.known += int(known.sum())
    evidence.dates += int((has_day | has_month).sum())
    kinds = {"day first": has_day & ~has_month, "month first": has_month & ~has_day,
             "open": has_day & has_month & (day != month)}  # fmt: skip
    for kind, which in kinds.items():
        count = int(which.sum())
        if count and kind not in evidence.examples:
            evidence.examples[kind] = texts[int(which.argmax())].as_py()
        if kind == "open":
            evidence.open += count
        else:
            evidence.only[kind] += count  # type: ignore[index]
    return Dates(day, month)


def choose_order(evidence: DateEvidence, others: Order | None) -> Order | None:
    """Return the order of day and month: what a value proves, else other columns of the file; None if nothing does.

    A day above 12 proves its place.
    """
    proven = evidence.proven()
    if len(proven) > 1:
        return None
    if proven:
        return next(iter(proven))
    return "day first" if not evidence.open else others


def _integers(texts: Any) -> NDArray[np.float64]:
    import pyarrow as pa
    import pyarrow.compute as pc

    bare = pc.if_else(pc.match_substring_regex(texts, "^[0-9]+$"), texts, pa.scalar(None, texts.type))
    values: NDArray[np.float64] = pc.cast(bare, pa.float64()).to_numpy(zero_copy_only=False)
    return values


def _months(texts: Any) -> NDArray[np.float64]:
    """Return months by number or by their English name."""
    import pyarrow as pa
    import pyarrow.compute as pc

    place = pc.index_in(pc.utf8_lower(texts), value_set=pa.array(_MONTHS, texts.type))
    named: NDArray[np.float64] = pc.cast(place, pa.float64()).to_numpy(zero_copy_only=False) + 1
    numbers = _integers(texts)
    return np.where(np.isnan(numbers), named, numbers)


def _days(year: NDArray[np.float64], month: NDArray[np.float64], day: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return days since 1970-01-01, NaN where there is no such day."""
    sound = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & ~np.isnan(year)
    y, m, d = (np.where(sound, part, 1).astype(np.int64) for part in (year, month, day))
    months = (y - 1970) * 12 + m - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]")
    length = ((months + 1).astype("datetime64[M]").astype("datetime64[D]") - first).astype(np.int64)
    days = first.astype(np.int64) + d - 1
    return np.where(sound & (d <= length), days.astype(np.float64), np.nan)


def _times(get: dict[str, Any]) -> NDArray[np.float64]:
    """Return the time as a part of a day, in UTC where a zone is given."""
    import pyarrow.compute as pc

    zero = _or_zero
    hour, minute = zero(_integers(get["H"])), zero(_integers(get["M"]))
    seconds = zero(_floats(pc.replace_substring(get["S"], ",", ".")))
    half = pc.utf8_lower(get["ap"])
    pm, am = np.asarray(pc.equal(half, "pm")), np.asarray(pc.equal(half, "am"))
    hour = np.where(pm & (hour < 12), hour + 12, np.where(am & (hour == 12), 0, hour))
    offset = 60 * zero(_integers(get["zh"])) + zero(_integers(get["zm"]))
    offset = np.where(np.asarray(pc.equal(get["zs"], "-")), -offset, offset)
    wrong = (hour > 23) | (minute > 59) | (seconds >= 61)
    return np.where(wrong, np.nan, (hour * 3600 + (minute - offset) * 60 + seconds) / 86400)


def _floats(texts: Any) -> NDArray[np.float64]:
    import pyarrow as pa
    import pyarrow.compute as pc

    bare = pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
    values: NDArray[np.float64] = pc.cast(bare, pa.float64()).to_numpy(zero_copy_only=False)
    return values


def _or_zero(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isnan(values), 0.0, values)
