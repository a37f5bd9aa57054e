from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dataset_files import rows_of

from kmbench.errors import DataError


def read(folder: Path, text: str) -> list[list[float]]:
    path = folder / "x.csv"
    path.write_bytes(text.encode())
    read_rows: list[list[float]] = rows_of(path, 2).tolist()
    return read_rows


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,4\n5,6\n",
        "1,2\n3,4\n5,6",
        "1,2\r\n3,4\r\n5,6\r\n",
        "a,b\n1,2\n3,4\n5,6\n",
        "\ufeffa,b\n1,2\n3,4\n5,6\n",
        'a,"b\nb"\n1,2\n3,4\n5,6\n',
        "\n1,2\n\n3,4\n5,6\n\n",
        "1,cat,2\n3,dog,4\n5,,6\n",
        'name,1,x\n"a, b",1,2\n"c ""d""",3,4\ne,5,6\n',
        '1,"a\nb",2\n3,c,4\n5,"d\n",6\n',
        ",0,1\n0,1,2\n1,3,4\n2,5,6\n",
        ",a,b\n0,1,2\n1,3,4\n2,5,6\n",
        " 1, 2\n3 ,4\n5,6.0e0\n",
        '"1","2"\n"3","4"\n"5","6"\n',
    ],
)
def test_columns_of_numbers_with_and_without_header(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == [[1, 2], [3, 4], [5, 6]]


def test_tables_that_pandas_wrote_come_back(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(50, 4))
    for index in (True, False):
        pd.DataFrame(X).to_csv(tmp_path / "x.csv", index=index)
        np.testing.assert_array_equal(rows_of(tmp_path / "x.csv"), X.astype(np.float32))


def test_text_in_another_encoding_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes("café,1\nthé,2\n".encode("latin-1"))
    assert rows_of(tmp_path / "x.csv").tolist() == [[1], [2]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\nx,y\n", "no column of numbers"),
        ("a,b\n", "holds no rows"),
        ("\n\n", "holds no rows"),
        ("t,1,2\nt,3,\n", "lacks a value in line 2, column 'column 3'"),
        ("a,b\n1,\n3,4\n", "lacks a value in line 2, column 'b'"),
        ("1,2\nNA,4\n", "lacks a value in line 2, column 'column 1'"),
        ("1,2\n3,4,5\n", "3 fields in line 2"),
        ("1,2\n3\n", "lacks a value in line 2, column 'column 2'"),
        ("1,2\nnan,4\n", "lacks a value in line 2, column 'column 1'"),
        ("a,b\n1,2\n3,inf\n", r"holds infinity at row 1, column 1 \('b'\)"),
    ],
)
def test_bad_tables_are_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read(tmp_path, text)
    assert "x.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_late_text_in_a_column_of_numbers_is_not_dropped_unseen(tmp_path: Path) -> None:
    text = "".join(f"{row % 97},2\n" for row in range(5000)) + "oops,2\n"
    with pytest.raises(DataError, match="holds 'oops' in line 5001, column 'column 1'"):
        read(tmp_path, text)
