"""Sentences of the answer that stand by themselves."""

from types import SimpleNamespace

import numpy as np
import pytest
from known_settings import all_settings

from kmbench.tuning.choice.choose import choose
from kmbench.tuning.problem.constraints import Constraints
from kmbench.tuning.problem.truth import Truth
from kmbench.tuning.report.words import interval_sentence, loosen_sentences, next_sentence, setting_text, truth_text


def result_for(recall, **limits):
    settings, asked = all_settings(), Constraints(recall=recall, at=10, **limits)
    choice = choose(settings, asked)
    return SimpleNamespace(
        settings=settings, asked=asked, choice=choice, device="cpu", queries=1000, queries_text="q.npy",
        verified_recall=choice.option.recall, measured=SimpleNamespace(p95=2e-4),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "exact search of all rows"),
        ({"cached": True}, "exact search of all rows, kept from an earlier run"),
        ({"file": "truth.ivecs", "checked": 50}, "truth.ivecs, checked on 50 queries"),
    ],
)
def test_where_true_neighbours_come_from(given, words):
    assert truth_text(Truth(k=1, ids=np.zeros((1, 1), dtype=np.int64), tied=0, cut=0, **given)) == words


def test_what_the_interval_rests_on():
    assert interval_sentence(result_for(0.9)) == (
        "Recall is from q.npy. The interval applies to similar queries; 4,000 queries would halve its width."
    )


def test_the_limit_that_stands_in_the_way_is_named_with_what_would_do():
    assert loosen_sentences(result_for(0.95)) == []
    build = loosen_sentences(result_for(0.99, max_build_seconds=5))
    # 100 lists are built in time but are not sure of 0.99: 1,000 take 10 seconds.
    assert build[0] == "To keep recall 0.99, loosen --max-build-seconds 10."
    assert build[1] == (
        "Within the other limits the best is recall 0.990 ± 0.005 with nlist=100, nprobe=4: --recall 0.985."
    )


def test_the_next_recall_and_its_price():
    settings = all_settings()
    here, there = (settings.mean[settings.find(("flat", 1000, nprobe, 1))] for nprobe in (7, 8))
    setting, times = "nlist=1000, nprobe=8", f"{there / here:.2g}x the time"
    assert next_sentence(result_for(0.95)) == f"Recall 0.97 would take {setting}: {times}, by the cost model."
    assert setting_text(settings.option(settings.find(("pq8", 1000, 2, 1)))) == "pq8, nlist=1000, nprobe=2"
