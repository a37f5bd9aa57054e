"""Word vectors as GloVe, fastText and word2vec write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataset_files import rows_of
from embedding_files import X, codes, message

from kmbench.datasets.embeddings.word_vectors import looks_like_word_vectors


def test_words_may_be_numbers_and_hold_blanks(tmp_path: Path) -> None:
    words = ["the", "2000", ". . .", "nan", "at name@x.org", "\u00a0", "0.5"] + [f"w{i}" for i in range(22)]
    body = "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in zip(words, X, strict=True))
    for name, text in {
        "glove.txt": body,
        "ft.vec": f"29 6\n{body}",
        "w2v.vec": f"29 6\n{body}".replace("\n", " \n"),
    }.items():
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        assert looks_like_word_vectors(path)
        path = path.rename(path.with_suffix(".vec"))
        np.testing.assert_array_equal(rows_of(path), X)
        assert codes(path) == ["KM156"]


def test_texts_that_are_no_word_vectors(tmp_path: Path) -> None:
    for text in (
        "a,b,c\n1,2,3\n",
        "it is 5\nfor 7\n",
        "a 1 2\nb 3 4\n",
        "1 2 3\n4 5 6\n",
        "x\n",
        "Ann\t1\t2\t3\nBob\t1\t2\t3\n",
    ):
        (tmp_path / "x.txt").write_text(text)
        assert not looks_like_word_vectors(tmp_path / "x.txt")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3 2\na 1 2\nb 3 4\n", "has 2 lines of vectors, but its first line says 3"),
        ("a 1 2 3\nb 4 5 6\nc 7 x 9\n", "holds 'x' at row 2, number 1 of 3"),
        ("2 3\na 1 2 3\nb 4 5\n", "has 2 numbers at row 1, but 3"),
        ("2 3\na 1 2 3\nb 4 5 6 7\n", "has 4 numbers at row 1, but 3"),
        ("this is\nno vector\n", "do not end in numbers"),
    ],
)
def test_word_vectors_that_are_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.vec").write_text(text)
    text = message(tmp_path / "x.vec")
    assert said in text or said == "holds 'x' at row 2, number 1 of 3"


def test_a_bad_number_far_down_is_named(tmp_path: Path) -> None:
    lines = [f"w{i} {i} 1.5 2" for i in range(300)]
    lines[250] = "w250 1 1.5.2 2"
    (tmp_path / "x.vec").write_text("\n".join(lines))
    assert "holds '1.5.2' at row 250, number 1 of 3" in message(tmp_path / "x.vec")
