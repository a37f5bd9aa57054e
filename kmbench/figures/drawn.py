"""A figure with what stands around it on a page, and the data behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Drawn", "csv_href"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A figure as the macro ``drawn`` of ``templates/figure.html`` shows it.

    Attributes
    ----------
    anchor : str
        Unique on the page, and the name of its files.
    title : str
        What is drawn.
    finding : str
        What it shows, in a sentence: also the text alternative.
    svg : Markup or None
        Safe as it stands; None where `table` says it.
    caption : str
        How to read it.
    csv : str
        ``data:`` address of what is drawn.
    table : list of list of str
        The head and the rows, where a table says it better.
    """

    anchor: str
    title: str
    finding: str
    svg: Any
    caption: str
    csv: str
    table: Sequence[Sequence[Any]] = ()


def csv_href(frame: pd.DataFrame) -> str:
    """Return a data frame as the address of a CSV file that lies in the page itself."""
    text = frame.to_csv(index=False, float_format="%.9g", lineterminator="\n")
    return "data:text/csv;charset=utf-8," + quote(text.encode("utf-8", "replace"), safe=",:;[]()=.-_@/")
