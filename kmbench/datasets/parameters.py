"""Named values of a SPEC with their bounds: ``n=100k``, ``separation=2.5``, ``key=train``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from kmbench.errors import SpecError

__all__ = ["Parameter", "Value", "complete", "nearest", "parse_integer"]

Value = int | float | str | None

_INTEGER = re.compile(r"([+-]?\d+(?:_\d+)*(?:\.\d+)?(?:[eE]\+?\d{1,2})?)([kKMG]?)", re.ASCII)
_SCALE = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One named value that a source or an option takes.

    Attributes
    ----------
    name : str
        As written in the SPEC.
    kind : {"integer", "number", "text"}
        How its value is read.
    default : int, float, str or None
        Used where the SPEC does not name it.
    low, high : float or None
        Bounds, both included.
    at_most : str or None
        Another parameter whose value is a further upper bound; the default is lowered to it.
    choices : tuple of str
        The only values of a text; empty for any.
    """

    name: str
    kind: Literal["integer", "number", "text"]
    default: Value = None
    low: float | None = None
    high: float | None = None
    at_most: str | None = None
    choices: tuple[str, ...] = ()

    def read(self, text: str, where: str) -> Value:
        """Read a value from a SPEC and hold it to the bounds.

        Parameters
        ----------
        text : str
            What stands after the ``=``.
        where : str
            The source, for the message.

        Raises
        ------
        SpecError
            If the text is no such value or is out of bounds; names parameter, value and bound.
        """
        value: Value
        try:
            if self.kind == "integer":
                value = parse_integer(text)
            elif self.kind == "number":
                value = float(text)
            else:
                value = text.strip()
        except ValueError:
            kind = "a whole number such as 1000, 1e5, 100_000, 100k or 1M" if self.kind == "integer" else "a number"
            raise SpecError(f"{where}: {self.name}={text} is not {kind}") from None
        if isinstance(value, str):
            if value == "" or (self.choices and value not in self.choices):
                raise SpecError(f"{where}: {self.name}={text} is not possible", f"use {self._range()}")
        elif value is not None and not self._within(value):
            raise SpecError(f"{where}: {self.name}={text} is out of bounds", f"use {self._range()}")
        return value

    def _within(self, value: float) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def _range(self) -> str:
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.kind == "text":
            return "a name"
        if self.high is None:
            return f"{self.name} >= {self.low:g}"
        return f"{self.name} from {self.low:g} to {self.at_most or format(self.high, 'g')}"


def complete(parameters: Sequence[Parameter], given: Mapping[str, Value], where: str) -> dict[str, Value]:
    """Add the defaults to the given values, in the order of `parameters`, and check those bound by another.

    Raises
    ------
    SpecError
        If a value is above the parameter that bounds it.
    """
    values: dict[str, Value] = {}
    for parameter in parameters:
        name, bound = parameter.name, values.get(parameter.at_most or "")
        value = given.get(name, parameter.default)
        if isinstance(bound, int | float) and isinstance(value, int | float) and value > bound:
            if name in given:
                raise SpecError(
                    f"{where}: {name}={value} is more than {parameter.at_most}={bound}",
                    f"use {name} from {parameter.low:g} to {bound}",
                )
            value = bound
        values[name] = value
    return values


def parse_integer(text: str) -> int:
    """Read a whole number: ``1000``, ``1e5``, ``100_000``, ``100k``, ``1.5M``, ``1G``.

    Raises
    ------
    ValueError
        If the text is anything else, or the value is not whole.
    """
    match = _INTEGER.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a whole number: {text}")
    value = Decimal(match[1].replace("_", "")) * _SCALE[match[2]]
    if value != value.to_integral_value():
        raise ValueError(f"not a whole number: {text}")
    return int(value)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean ...?)"`` for the known word that is most like `word`, or nothing."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {matches[0]}?)" if matches else ""
