"""The data behind a figure comes out of the page as it went in."""

import io
from urllib.parse import unquote

import pandas as pd

from kmbench.figures.drawn import csv_href


def test_the_csv_holds_the_frame():
    frame = pd.DataFrame({"label": ['a,"b"', "100%&#<", "k-平均"], "seconds": [0.1, 1e-9, 123456.789]})
    kind, _, text = csv_href(frame).partition(",")
    assert kind == "data:text/csv;charset=utf-8"
    assert not set(text) & set('"<>& ')
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(unquote(text))), frame)


def test_a_lone_surrogate_is_no_obstacle():
    assert unquote(csv_href(pd.DataFrame({"label": ["a\ud800"]}, dtype=object)).partition(",")[2]) == "label\na?\n"
