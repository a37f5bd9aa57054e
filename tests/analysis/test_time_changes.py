"""Changes of time: lines that step together are one change, and the ratio is judged where there is one."""

import math

import numpy as np
import pandas as pd
import pytest
from test_history import history, row

from kmbench.analysis.time_changes import RATIO, SECONDS, candidates, lines_of
from kmbench.report.history import history_as_object, render_history

STEP = 12


def times(backend, k=16, *, factor=1.0, seed=0, metric=RATIO, commits=24, drift=0.0):
    rng = np.random.default_rng(seed)
    logs = rng.normal(0, 0.02, commits) + drift * np.arange(commits)
    logs[STEP:] += math.log(factor)
    return [row(at, metric, float(np.exp(log)), backend=backend, k=k) for at, log in enumerate(logs)]


def test_two_cells_that_step_at_one_commit_are_one_change():
    rows = (
        times("numpy-lloyd", factor=1.3) + times("numpy-lloyd", 64, factor=1.25, seed=1) + times("faiss-cpu", seed=2)
    )
    (found,) = candidates(history(*rows))
    assert found.slower
    assert (found.before, found.after) == (f"{STEP - 1:040x}", f"{STEP:040x}")
    assert [step.line.cell for step in found.steps] == ["numpy-lloyd, digits, k=16", "numpy-lloyd, digits, k=64"]
    first = found.steps[0]
    assert first.ratio == pytest.approx(1.3, rel=0.03)
    assert first.low < 1.3 < first.high
    assert len(first.votes) >= 2


def test_a_gain_and_a_loss_at_one_commit_are_two_changes():
    rows = times("numpy-lloyd", factor=1.3) + times("faiss-cpu", factor=0.7, seed=1)
    assert sorted(one.slower for one in candidates(history(*rows))) == [False, True]


def test_the_ratio_is_judged_and_seconds_only_without_one():
    rows = times("numpy-lloyd") + times("numpy-lloyd", metric=SECONDS, factor=1.5, seed=1)
    rows += times("sklearn-lloyd", metric=SECONDS, factor=1.5, seed=2)
    rows += [row(at, RATIO, 1.0, backend="sklearn-lloyd") for at in range(24)]
    lines = {line.backend: line for line in lines_of(history(*rows))}
    assert (lines["numpy-lloyd"].metric, lines["numpy-lloyd"].drift_excluded) == (RATIO, True)
    assert (lines["sklearn-lloyd"].metric, lines["sklearn-lloyd"].drift_excluded) == (SECONDS, False)
    (found,) = candidates(history(*rows))
    assert found.steps[0].line.backend == "sklearn-lloyd"


def test_a_short_line_says_that_it_is_too_short():
    rows = times("numpy-lloyd", commits=STEP + 1)[:4]
    (line,) = lines_of(history(*rows))
    assert (line.noise, line.smallest_step, line.shows_after) == (None, None, None)
    assert candidates(history(*rows)) == []


def test_page_and_json_tell_the_change_and_what_could_show():
    frame = pd.DataFrame(times("numpy-lloyd", factor=1.3) + times("faiss-cpu", seed=2))
    page = " ".join(render_history(frame).split())
    assert "changed at 1 commit" in page
    assert "▲ slower" in page
    assert f"{STEP - 1:040x}"[:8] in page
    told = history_as_object(frame)
    (change,) = told["time_changes"]
    assert change["cells"][0]["cell"] == "numpy-lloyd, digits, k=16"
    assert {line["cell"] for line in told["lines"]} == {"numpy-lloyd, digits, k=16", "faiss-cpu, digits, k=16"}
    assert all(0 < line["smallest_step"] < 0.2 for line in told["lines"])
