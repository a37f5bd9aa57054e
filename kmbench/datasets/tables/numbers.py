"""Numbers as people write them: signs, currencies, per cent, thousands of five styles, decimal points and commas.

No library reads these: of those measured one loses every sign, one reads ``1.234,50`` as 1.2345, one needs the
locale beforehand. So each text is held against two grammars, one with a decimal point and one with a decimal comma.
A column is read by the one that its own values prove, else by what the rest of the file proves, else not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Decimal", "Evidence", "Numbers", "choose_decimal", "plain_numbers", "read_numbers"]

Decimal = Literal["point", "comma"]

_BLANKS = " \u00a0\u2007\u2009\u202f"
_SIGN = "[+\\-\u2212\u2013]"
_CURRENCY = (
    "US\\$|A\\$|C\\$|NZ\\$|R\\$|[$€£¥₹₽₩₺₫₪฿]|EUR|USD|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|RUB|BRL|AUD|CAD|"
    "NZD|MXN|ZAR|TRY|KRW|Kč|zł|kr\\.?|Fr\\.?|Rs\\.?"
)
_MEASURE = "%|‰|kg|mg|g|km|cm|mm|ml|kWh|°C|°F|°"
_BODY = f"[0-9.,'’{_BLANKS}]*[0-9][.,]?"
_PATTERN = (
    f"^(?P<open>\\()?(?P<sign1>{_SIGN})?[{_BLANKS}]*(?P<unit1>{_CURRENCY})?[{_BLANKS}]*(?P<sign2>{_SIGN})?"
    f"[{_BLANKS}]*(?P<body>{_BODY})(?P<exponent>[eE][+-]?[0-9]+)?"
    f"(?:[{_BLANKS}]*(?P<unit2>{_CURRENCY}|{_MEASURE})|[{_BLANKS}](?P<unit3>[\\pLµ°²³/]{{1,12}}))?[{_BLANKS}]*"
    f"(?P<sign3>{_SIGN})?(?P<close>\\))?$"
)


def _grammar(point: str, group: str) -> str:
    """Return the pattern of numbers whose decimal mark is `point` and whose groups may be parted by `group`.

    Groups have three digits, or in the Indian way two and last three. A group never begins with 0: ``0.125`` and
    ``0,125`` are decimals in every country.
    """
    marks = [group, "'", "’", f"[{_BLANKS}]"]
    grouped = "|".join(f"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+" for mark in marks)
    lakh = f"[1-9][0-9]?(?:{group}[0-9]{{2}})+{group}[0-9]{{3}}"
    return f"^(?:(?:[0-9]+|{grouped}|{lakh})(?:{point}[0-9]*)?|{point}[0-9]+)$"


_GRAMMARS: dict[Decimal, str] = {"point": _grammar("\\.", ","), "comma": _grammar(",", "\\.")}
_PLAIN = "^[0-9]+$"
_LARGE = "^[0-9]{4,}$"
_CODE = "^0[0-9]+$"
_DIGITS = "^[0-9]+$"
MOST_MARKED = 45
"""Different values with a mark from which on they are many: see `choose_decimal`."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Texts as numbers, in both readings.

    Attributes
    ----------
    point, comma : ndarray of float64, shape (n,)
        With a decimal point and with a decimal comma; NaN where a text is missing or no number in that reading.
    """

    point: NDArray[np.float64]
    comma: NDArray[np.float64]


@dataclass(slots=True)
class Evidence:
    """What the texts of a column say about how its numbers are written; gathered block by block.

    Attributes
    ----------
    known, numbers : int
        Texts that are not missing, and those of them that are numbers in one reading or the other.
    only : dict
        Texts that are numbers with a decimal point, or comma, and in no other way.
    open : dict
        Texts that are numbers in both ways and not the same ones, by the mark in them: ``.`` and ``,``.
    examples : dict
        The first text of each of these kinds, by the name of the kind.
    marked : set of str
        Different texts among the open ones, up to `MOST_MARKED`.
    large : int
        Whole numbers of 1000 and more without any mark.
    leading_zeros : int
        Texts of digits that begin with a 0, such as ``01067``.
    plain : int
        Texts of digits alone.
    lengths : set of int
        How long they are, up to five different lengths.
    units : dict
        Currencies and units by how often they occur; the empty text stands for none.
    first_misfit : tuple of (int, str) or None
        Row and text of the first that is no number.
    """

    known: int = 0
    numbers: int = 0
    only: dict[Decimal, int] = field(default_factory=lambda: {"point": 0, "comma": 0})
    open: dict[str, int] = field(default_factory=lambda: {".": 0, ",": 0})
    examples: dict[str, str] = field(default_factory=dict)
    marked: set[str] = field(default_factory=set)
    large: int = 0
    leading_zeros: int = 0
    plain: int = 0
    lengths: set[int] = field(default_factory=set)
    units: dict[str, int] = field(default_factory=dict)
    first_misfit: tuple[int, str] | None = None

    @property
    def misfits(self) -> int:
        """Texts that are no numbers."""
        return self.known - self.numbers

    def proven(self) -> set[Decimal]:
        """Return the readings that some value proves by itself."""
        return {decimal for decimal, count in self.only.items() if count}

    def unit(self) -> str | None:
        """Return the one unit of all values, the empty text for none, or None where they have several.

        A currency may be left out at some values, as price lists do; a per cent sign may not: 5 % is not 5.
        """
        units = {unit for unit in self.units if unit}
        if len(units) > 1 or (units and "" in self.units and not _is_currency(next(iter(units)))):
            return None
        return next(iter(units), "")


def _is_currency(unit: str) -> bool:
    import re

    return re.fullmatch(_CURRENCY, unit) is not None


def plain_numbers(texts: Any, mark: str) -> bool:
    """Tell whether texts are numbers as programs write them, with this decimal mark and no other sign."""
    import pyarrow.compute as pc

    point = "\\." if mark == "." else ","
    pattern = f"^[+-]?(?:[0-9]+{point}?[0-9]*|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?$|^[+-]?inf(?:inity)?$"
    return bool(pc.all(pc.match_substring_regex(texts, pattern, ignore_case=True), min_count=0).as_py())


def read_numbers(texts: Any, evidence: Evidence, first_row: int = 0) -> Numbers:
    """Read texts as numbers in both ways, and add to the evidence.

    Parameters
    ----------
    texts : pyarrow.Array of string
        From `kmbench.datasets.tables.missing.known_texts`: null where missing.
    evidence : Evidence
        Of the column so far; it is changed.
    first_row : int
        Number of the first text, for the first misfit.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = pc.extract_regex(texts, _PATTERN)

    def get(name: str) -> Any:
        return pc.struct_field(parts, name)

    trimmed = pc.utf8_trim(get("body"), _BLANKS)
    exponent = get("exponent")
    has_exponent = _true(pc.greater(pc.utf8_length(exponent), 0))
    fits = {}
    for decimal, pattern in _GRAMMARS.items():
        fit = _true(pc.match_substring_regex(trimmed, pattern))
        ungrouped = f"^[0-9]*{'[.]' if decimal == 'point' else ','}?[0-9]*$"
        fits[decimal] = fit & (~has_exponent | _true(pc.match_substring_regex(trimmed, ungrouped)))
    negative, consistent = _signs(parts)
    point, comma = fits["point"] & consistent, fits["comma"] & consistent
    known = np.asarray(pc.is_valid(texts))
    either = point | comma
    has_point, has_comma = (_true(pc.match_substring(trimmed, mark)) for mark in ".,")
    marked = has_point | has_comma

    def tell(kind: str, which: NDArray[np.bool_]) -> int:
        count = int(which.sum())
        if count and kind not in evidence.examples:
            evidence.examples[kind] = texts[int(which.argmax())].as_py()
        return count

    evidence.known += int(known.sum())
    evidence.numbers += int(either.sum())
    evidence.only["point"] += tell("point", point & ~comma)
    evidence.only["comma"] += tell("comma", comma & ~point)
    both = point & comma & marked
    for mark, has in ((".", has_point), (",", has_comma)):
        evidence.open[mark] += tell(mark, both & has)
    if both.any() and len(evidence.marked) < MOST_MARKED:
        evidence.marked.update(pc.unique(trimmed.filter(pa.array(both))).to_pylist()[:MOST_MARKED])
    evidence.large += int((_true(pc.match_substring_regex(trimmed, _LARGE)) & either).sum())
    digits = _true(pc.match_substring_regex(texts, _DIGITS))
    evidence.plain += int(digits.sum())
    evidence.leading_zeros += tell("zeros", _true(pc.match_substring_regex(texts, _CODE)))
    if len(evidence.lengths) < 5 and digits.any():
        evidence.lengths.update(pc.unique(pc.utf8_length(texts.filter(pa.array(digits)))).to_pylist())
    unit = pc.binary_join_element_wise(get("unit1"), get("unit2"), get("unit3"), "")
    for entry in pc.value_counts(unit.filter(pa.array(either))).to_pylist():
        evidence.units[entry["values"] or ""] = evidence.units.get(entry["values"] or "", 0) + entry["counts"]
    wrong = known & ~either
    if evidence.first_misfit is None and wrong.any():
        row = int(wrong.argmax())
        evidence.first_misfit = first_row + row, texts[row].as_py()

    def values(decimal: Decimal, which: NDArray[np.bool_]) -> NDArray[np.float64]:
        group = "," if decimal == "point" else "\\."
        bare = pc.replace_substring_regex(trimmed, f"[{group}'’{_BLANKS}]", "")
        if decimal == "comma":
            bare = pc.replace_substring(bare, ",", ".")
        bare = pc.binary_join_element_wise(bare, exponent, "")
        bare = pc.if_else(pa.array(which), bare, pa.scalar(None, bare.type))
        numbers: NDArray[np.float64] = pc.cast(bare, pa.float64()).to_numpy(zero_copy_only=False)
        return np.where(negative, -numbers, numbers)

    as_point = values("point", point)
    return Numbers(as_point, as_point if not (evidence.only["comma"] or both.any()) else values("comma", comma))


def _true(mask: Any) -> NDArray[np.bool_]:
    """Return a mask as an array, False where it is null."""
    import pyarrow.compute as pc

    return np.asarray(pc.fill_null(mask, False))


def _signs(parts: Any) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which numbers are negative, and which have no more than one sign and brackets that match."""
    import pyarrow.compute as pc

    signs = [pc.fill_null(pc.struct_field(parts, name), "") for name in ("sign1", "sign2", "sign3")]
    shown = [np.asarray(pc.not_equal(sign, "")) for sign in signs]
    minus = np.zeros(len(parts), dtype=np.bool_)
    for sign, has in zip(signs, shown, strict=True):
        minus |= has & ~np.asarray(pc.equal(sign, "+"))
    opened, closed = (
        np.asarray(pc.not_equal(pc.fill_null(pc.struct_field(parts, name), ""), "")) for name in ("open", "close")
    )
    count = sum(has.astype(np.int8) for has in shown) + opened
    return minus | opened, (opened == closed) & (count <= 1)


def choose_decimal(
    evidence: Evidence, *, delimiter: str | None, others: Decimal | None, asked: Decimal | None
) -> Decimal | None:
    """Return how the numbers of a column are to be read, or None where nothing decides.

    In this order: what the user asked for; what a value proves by itself (two kinds of marks, a mark twice, not
    three digits behind it, more than three before it, a leading 0); a comma between the fields of the file, for
    then nobody writes decimals with it; the mark that other columns of the file prove; whole numbers of 1000 and
    more without a mark beside, for then the mark is no thousands separator; whole numbers that are all below 1000
    beside `MOST_MARKED` or more different ones with a mark, for then it is one.

    Simulated on ten kinds of columns in three dialects and two sizes, 100 tables each, these rules read none wrong
    and ask only where a file with semicolons has no other proof. The order matters: with the last two before the
    comma rule, one column of 6,127 real ones was read wrong.
    """
    if asked is not None:
        return asked
    proven = evidence.proven()
    if len(proven) == 1:
        return next(iter(proven))
    if proven:
        return None
    if not any(evidence.open.values()):
        return "point"
    if all(evidence.open.values()):
        return None
    if delimiter == ",":
        return "point"
    if others is not None:
        return others
    as_decimal: Decimal = "point" if evidence.open["."] else "comma"
    if evidence.large:
        return as_decimal
    unmarked = evidence.numbers - sum(evidence.open.values())
    if unmarked and len(evidence.marked) >= MOST_MARKED:
        return "comma" if as_decimal == "point" else "point"
    return None
