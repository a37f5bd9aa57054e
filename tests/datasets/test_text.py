"""The text data: real texts, and vectors in which texts on one subject lie together."""

import numpy as np
import pytest

from kmbench.datasets import read_spec
from kmbench.datasets.text import docstrings
from kmbench.errors import SpecError


@pytest.fixture(scope="module")
def vectors():
    return np.concatenate(list(read_spec("docstrings:d=32").blocks(1000)))


def test_texts_are_many_and_different():
    texts = docstrings()
    assert len(texts) > 3000
    assert len({text for _, text in texts}) == len(texts)
    assert any(module.startswith("sklearn.cluster") for module, _ in texts)
    assert any(module.startswith("scipy.optimize") for module, _ in texts)


def test_vectors_have_norm_one_and_the_columns_asked_for(vectors):
    assert vectors.shape == (len(docstrings()), 32)
    norms = np.linalg.norm(vectors, axis=1)
    assert norms[norms > 0] == pytest.approx(1, abs=1e-5)


def test_neighbours_are_of_one_subject(vectors):
    subjects = np.array([".".join(module.split(".")[:2]) for module, _ in docstrings()])
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -2)
    same = (subjects[likeness.argmax(axis=1)] == subjects).mean()
    shares = np.unique(subjects, return_counts=True)[1] / len(subjects)
    assert same > 4 * (shares**2).sum()


def test_columns_are_bounded():
    with pytest.raises(SpecError, match="d=1"):
        read_spec("docstrings:d=1")
