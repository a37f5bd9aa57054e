"""What a user must know of a tuning is a note, and nothing is said where all is well."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from known_settings import all_settings, measured

from kmbench.tuning.problem.truth import Truth
from kmbench.tuning.report.notes import result_notes, truth_notes

OPTION = all_settings().option(2)


def told(queries=500, points=3900, nlist=100, figures=None, verified=OPTION.recall, device="cpu"):
    problem = SimpleNamespace(queries=np.zeros((queries, 2)))
    lists = [SimpleNamespace(nlist=nlist, points=points)]
    return result_notes(problem, lists, figures or measured(1e-3), verified, OPTION, device)


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"points": 3899}, ["KM304"]),
        ({"nlist": 4096, "points": 10**6, "device": "cuda"}, ["KM305"]),
        ({"nlist": 4096, "points": 10**6}, []),
        ({"queries": 199}, ["KM306"]),
        ({"figures": dataclasses.replace(measured(1e-3), disturbed=2)}, ["KM307"]),
        ({"verified": OPTION.recall - 0.01}, ["KM308"]),
    ],
)
def test_notes_of_a_result(changes, codes):
    assert [note.code for note in told(**changes)] == codes


def truth_of(**changes):
    given = {"k": 2, "ids": np.array([[0, 1]] * 100), "tied": 0, "cut": 0}
    return Truth(**(given | changes))


def test_notes_of_the_true_neighbours():
    base = np.arange(20, dtype=np.float32).reshape(10, 2)
    queries = np.tile(base[5] + 0.5, (100, 1))
    given = SimpleNamespace(base=base, queries=queries, held_out=None)
    assert truth_notes(given, truth_of()) == []
    assert [n.code for n in truth_notes(given, truth_of(tied=1, cut=1))] == ["KM301", "KM303"]
    own = SimpleNamespace(base=base, queries=np.concatenate([queries[:90], np.tile(base[0], (10, 1))]), held_out=None)
    assert str(truth_notes(own, truth_of())[0]).startswith("10% of the queries are rows of the data")
    # Rows that are drawn as queries are left out of the base: equal rows are duplicates then, as users may have them.
    assert truth_notes(SimpleNamespace(**(vars(own) | {"held_out": np.arange(3)})), truth_of()) == []
