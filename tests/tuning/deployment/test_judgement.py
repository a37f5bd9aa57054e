"""Whether a saved index still does what it was chosen for, and what is to be known beside it."""

import dataclasses

import numpy as np
import pytest
from known_check import RECIPE, today
from known_settings import measured
from scipy.stats import binomtest

from kmbench.tuning.deployment.judgement import judge_check

FEW_FOUND = np.repeat([1.0, 0.0], [80, 20])


def test_recall_is_the_mean_over_the_queries_with_its_interval():
    found = judge_check(RECIPE, today())
    assert found.recall == pytest.approx(0.96)
    # Each query finds all or nothing: Wilson's interval of 96 of about 100.
    wilson = binomtest(96, 100).proportion_ci(method="wilson")
    assert (found.recall_low, found.recall_high) == pytest.approx((wilson.low, wilson.high), abs=1e-3)
    assert found.target_met


@pytest.mark.parametrize(
    ("changes", "recall_met", "latency_met"),
    [
        ({"recalls": FEW_FOUND}, False, True),
        ({"measured": measured(0.3e-3, p95=1.1e-3)}, True, False),
        ({"measured": measured(0.3e-3, p95=1.0e-3)}, True, True),
    ],
)
def test_either_promise_can_be_broken(changes, recall_met, latency_met):
    found = judge_check(RECIPE, today(**changes))
    assert (found.recall_met, found.latency_met) == (recall_met, latency_met)
    assert found.target_met == (recall_met and latency_met)


def test_without_a_limit_any_latency_will_do():
    slow = today(measured=measured(10.0))
    assert judge_check(RECIPE.model_copy(update={"max_latency_ms": None}), slow).target_met


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({}, None, ""),
        ({"device": "cuda", "gpu": "NVIDIA H100"}, "KM311", "compare the recall, not the times"),
        ({"recalls": np.repeat([1.0, 0.0], [92, 8])}, "KM312", "400 queries would halve its width"),
        ({"rows_changed": 0.25}, "KM313", "25% of the sampled rows have changed since they were indexed"),
        ({"rows": 3500}, "KM314", "2,500 rows of the data are not in the index"),
        ({"measured": dataclasses.replace(measured(0.3e-3), disturbed=1)}, "KM307", "other work ran on this host"),
        ({"own_rows": 0.5}, "KM302", "50% of the queries are rows of the data"),
    ],
)
def test_what_is_to_be_known_is_a_note(changes, code, words):
    notes = judge_check(RECIPE, today(**changes)).notes
    assert [note.code for note in notes] == ([] if code is None else [code])
    assert words in " ".join(map(str, notes))


def test_json_holds_the_notes_as_objects():
    told = judge_check(RECIPE, today(rows=1001)).to_json()
    assert [note["code"] for note in told["note_details"]] == ["KM314"]
    assert (told["recall_then"], told["target_met"], told["latency_ms"]["p95"]) == (0.95, True, pytest.approx(0.5))
