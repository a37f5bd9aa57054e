"""Vectors that are written as text, alone and in the columns of a table."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import numpy as np
import pytest
from dataset_files import rows_of
from embedding_files import X, codes, message

from kmbench.datasets.embeddings.text_vectors import looks_like_vector, vector_column
from kmbench.errors import DataError

NUMPY_2 = "[np.float32(0.5), np.float32(-1.25e-05)]"


@pytest.mark.parametrize(
    "text",
    ["[0.5, -1.25e-05]", "[0.5,-1.25e-05]", "[ 5.00e-01 -1.25e-05]", "[[0.5\n  -1.25e-05]]", "{0.5,-1.25e-05}",
     "array([0.5, -1.25e-05], dtype=float32)", "np.array([0.5, -1.25e-05])", NUMPY_2,
     "tensor([0.5, -1.25e-05], device='cuda:0', grad_fn=<SumBackward1>)", " [.5 ,\t-.0000125] "],
)  # fmt: skip
def test_vectors_as_python_numpy_torch_and_databases_write_them(text: str) -> None:
    assert looks_like_vector(text)
    np.testing.assert_array_equal(vector_column([text, text], "x"), [[0.5, -1.25e-05]] * 2)


@pytest.mark.parametrize("text", ["", "[]", "[a, b]", "(1,234)", "(5)", "[1, 5)", "(1, 5]", "text [1, 2]",
                                  "['1', '2']", '{"a": 1}', "[2024-01-02]", None, 1.5])  # fmt: skip
def test_texts_that_are_no_vectors(text: object) -> None:
    assert not looks_like_vector(text)


def test_every_double_comes_back_exactly() -> None:
    random = np.random.default_rng(1)
    values = random.integers(0, 2**64, 6000, dtype=np.uint64).view(np.float64)
    values = values[np.isfinite(values)][:5000].reshape(-1, 10)
    np.testing.assert_array_equal(vector_column([json.dumps(row) for row in values.tolist()], "x"), values)


def test_shortened_and_ragged_texts_are_refused_by_row() -> None:
    wide = np.arange(1200.0)
    for text in (np.array2string(wide), "[0.1, 0.2, …, 0.3]"):
        assert looks_like_vector(text)
        with pytest.raises(DataError, match="at row 8 that was shortened with"):
            vector_column(["[0.1 0.2]", text], "x", first_row=7)
    with pytest.raises(DataError, match="x has 1 values at row 1, but 3 at row 0"):
        vector_column(["[1, 2, 3]", "[1]", "[1, 2, 3, 4, 5]"], "x")
    with pytest.raises(DataError, match="no value at row 1"):
        vector_column(["[1, 2]", None], "x")
    with pytest.raises(DataError, match="holds 'null' at row 1, value 0"):
        vector_column(["[1, 2]", "[null, 2]"], "x")


def csv_text(texts: list[str], delimiter: str = ",") -> str:
    with io.StringIO() as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["title", "n_tokens", "embedding"])
        writer.writerows([f"document {i}, part 2", 5 + i % 9, text] for i, text in enumerate(texts))
        return file.getvalue()


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.csv.gz", "x.txt"])
def test_a_column_of_vectors_in_a_table_is_what_is_clustered(tmp_path: Path, name: str) -> None:
    rows = [[float(str(v)) for v in row] for row in X]
    for texts in (list(map(json.dumps, rows)), [np.array2string(np.array(row), precision=17) for row in rows]):
        text = csv_text(texts, "\t" if name == "x.tsv" else ",").encode()
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        np.testing.assert_array_equal(rows_of(tmp_path / name), X)
        assert codes(tmp_path / name) == ["KM151"]
        np.testing.assert_array_equal(rows_of(f"{tmp_path / name}:columns=n_tokens")[:, 0], 5 + np.arange(29) % 9)


def test_shortened_vectors_in_a_table_are_refused_and_several_columns_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(csv_text([np.array2string(np.arange(1200.0))] * 3))
    assert "embedding holds a vector at row 0 that was shortened with '...'" in message(tmp_path / "x.csv")
    (tmp_path / "x.csv").write_text("a,b\n" + '"[1, 2]","[3, 4]"\n' * 4)
    assert "several columns of vectors: a, b; choose one with :columns=NAME" in message(tmp_path / "x.csv")
    np.testing.assert_array_equal(rows_of(f"{tmp_path}/x.csv:columns=b"), [[3, 4]] * 4)
    lines = ['"[1, 2]",x'] * 9000
    lines[8999] = '"[1, oops]",x'
    (tmp_path / "x.csv").write_text("a,b\n" + "\n".join(lines))
    assert "holds 'oops' at row 8999, value 1 of its vector" in message(tmp_path / "x.csv")
