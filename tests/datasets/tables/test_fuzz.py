"""Any frame in any dialect and locale comes back, or is refused: never with another value."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kmbench.datasets.tables.reader import read_table
from kmbench.errors import DataError

GROUPS = {"point": ["", ",", "'", "\u2019", "\u00a0"], "comma": ["", ".", "'", "\u202f", " "]}
WORDS = ["north", "south", "east", "west", "Zoë", "a b", "it's"]


def written(value: float, digits: int, decimal: str, group: str) -> str:
    """Return a number as people of some country write it."""
    whole, _, rest = f"{abs(value):.{digits}f}".partition(".")
    parts = []
    while len(whole) > 3:
        parts.insert(0, whole[-3:])
        whole = whole[:-3]
    text = group.join([whole, *parts])
    mark = "." if decimal == "point" else ","
    return ("-" if value < 0 else "") + text + (mark + rest if rest else "")


@st.composite
def tables(draw):
    """Draw a table of numbers and texts, and a way to write it."""
    rows = draw(st.integers(3, 30))
    decimal = draw(st.sampled_from(["point", "comma"]))
    group = draw(st.sampled_from(GROUPS[decimal]))
    delimiter = draw(st.sampled_from([";", "\t", "|"] if decimal == "comma" else [",", ";", "\t", "|"]))
    columns = {}
    for place in range(draw(st.integers(1, 5))):
        if draw(st.integers(0, 4)) == 0:
            columns[f"text {place}"] = draw(st.lists(st.sampled_from(WORDS), min_size=rows, max_size=rows))
            continue
        digits = draw(st.integers(0, 4))
        size = draw(st.sampled_from([9, 999, 9_999, 5_000_000]))
        whole = draw(st.lists(st.integers(-size, size), min_size=rows, max_size=rows))
        columns[f"number {place}"] = [value / 10**digits if digits else float(value) for value in whole], digits
    return columns, rows, decimal, group, delimiter


@given(drawn=tables(), data=st.data())
@settings(
    derandomize=True,
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_a_frame_comes_back_or_is_refused(drawn, data) -> None:
    columns, rows, decimal, group, delimiter = drawn

    def field(text: str) -> str:
        return f'"{text}"' if delimiter in text else text

    texts = {
        name: given if isinstance(given, list) else [written(value, given[1], decimal, group) for value in given[0]]
        for name, given in columns.items()
    }
    lines = [delimiter.join(columns)]
    lines += [delimiter.join(field(texts[name][row]) for name in columns) for row in range(rows)]
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    content = (end.join(lines) + end).encode(data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        path.write_bytes(content)
        try:
            table = read_table(path)
        except DataError:
            return
        assert [column.name for column in table.columns] == list(columns)
        for column in table.columns:
            given_values = columns[column.name]
            assert table.n == rows, [str(one) for one in table.notes]
            if isinstance(given_values, list) or column.kind in ("date", "code", "text"):  # not taken for an amount
                continue
            values, digits = given_values
            expected = [float(f"{value:.{digits}f}") for value in values]
            np.testing.assert_array_equal(column.numbers, expected)
