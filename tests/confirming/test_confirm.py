"""Changes of a history, measured again by a measurer whose truth is known: which commit made them, which are none."""

import json
import math
import os
import runpy
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from kmbench.analysis.confirmations import CONFIRMATIONS_FILE, Finding, read_confirmations
from kmbench.analysis.history import history_frame
from kmbench.confirming import confirm_history, keys_of, suspects_of
from kmbench.confirming.bisect import bisect
from kmbench.confirming.cells import matching_key
from kmbench.confirming.decide import decide
from kmbench.confirming.sides import BudgetSpentError
from kmbench.confirming.suspects import SuspectCell
from kmbench.errors import GateError, OutputError
from kmbench.report.history import history_as_object, render_history
from kmbench.study import Study

RATIO, INERTIA = "track_fit_predict_ratio", "track_inertia"
STUDY = Study.build(
    {"data": ["digits"], "k": [16], "backends": "numpy-lloyd,faiss-cpu", "threads": [1], "pages": "cold"}, "a test"
)


class Repository(NamedTuple):
    path: Path
    commits: list[str]


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Twenty empty commits."""
    folder = tmp_path_factory.mktemp("repository")
    identity = {f"GIT_{who}_{what}": "test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def git(*arguments):
        done = subprocess.run(
            ["git", "-C", folder, *arguments], env=os.environ | identity, check=True, capture_output=True, text=True
        )
        return done.stdout

    git("init", "--quiet")
    for number in range(20):
        git("commit", "--quiet", "--allow-empty", "--message", str(number))
    return Repository(folder, git("rev-list", "--reverse", "HEAD").split())


def frame_of(commits, values, metric=RATIO, backend="numpy-lloyd"):
    rows = [
        {
            "machine": "host",
            "cpu": "a CPU",
            "commit": commit,
            "commit_date": pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=at),
            "environment": "pinned",
            "python": "3.11",
            "version_numpy": "2.4.6",
            "benchmark": f"fit.Fit.{metric}",
            "metric": metric,
            "unit": "1",
            "param_backend": backend,
            "param_dataset": "digits",
            "param_k": 16.0,
            "status": "ok",
            "value": value,
            "measured_at": pd.Timestamp("2026-02-01", tz="UTC"),
            "stale": False,
        }
        for at, (commit, value) in enumerate(zip(commits, values, strict=True))
    ]
    return pd.DataFrame(rows)


def times(*, factor, at, seed=0):
    logs = np.random.default_rng(seed).normal(0, 0.02, 20)
    logs[at:] += math.log(factor)
    return np.exp(logs)


class KnownSides:
    """Gives the times and figures of a known truth, and counts what it is asked for."""

    def __init__(self, repository, true, *, noise=0.04, broken=(), runs=1000):
        self.repository, self.runs = repository.path, runs
        self._true = dict(zip(repository.commits, true, strict=True))
        self._noise, self._broken = noise, {repository.commits[at] for at in broken}
        self._rng = np.random.default_rng(7)
        self.epochs = []

    @property
    def is_spent(self):
        return self.runs <= 0

    def why_not(self, commit):
        return "its build fails" if commit in self._broken else None

    def run(self, keys, commits, epochs):
        if self.is_spent:
            raise BudgetSpentError
        self.runs -= 1
        if self._broken & {*commits}:
            raise GateError("its build fails")
        self.epochs.append(epochs)
        return {commit: np.log(self._true[commit]) + self._rng.normal(0, self._noise, epochs) for commit in commits}

    def logs(self, run, key, old, new):
        return list(run[new] - run[old])

    def value(self, run, key, commit, metric):
        return self._true[commit]


def confirmed(frame, folder, sides):
    told = []
    confirm_history(frame, folder, sides, keys_of(STUDY), lambda suspect, found: told.append(found))
    return told


def test_a_step_is_confirmed_at_its_commit_though_the_vote_is_one_off(repository, tmp_path):
    true = [1.0] * 11 + [1.25] * 9
    frame = frame_of(repository.commits, times(factor=1.25, at=12))
    (found,) = confirmed(frame, tmp_path, KnownSides(repository, true))
    assert found.found is Finding.CONFIRMED
    assert (found.before, found.at) == tuple(repository.commits[10:12])
    assert found.ratio == pytest.approx(1.25, rel=0.06)
    assert found.low < 1.25 < found.high
    assert found.text.startswith(f"confirmed at {repository.commits[11][:8]}: 1.2")


def test_commits_without_results_are_searched_too(repository, tmp_path):
    true = [1.0] * 9 + [1.3] * 11
    every_second = repository.commits[::2] + repository.commits[-1:]
    logs = np.random.default_rng(1).normal(0, 0.01, len(every_second))
    logs[5:] += math.log(1.3)
    frame = frame_of(every_second, np.exp(logs))
    (found,) = confirmed(frame, tmp_path, KnownSides(repository, true))
    assert (found.before, found.at) == tuple(repository.commits[8:10])


def test_a_step_of_chance_is_refuted_and_stays_so(repository, tmp_path):
    frame = frame_of(repository.commits, times(factor=1.25, at=12))
    sides = KnownSides(repository, [1.0] * 20)
    (found,) = confirmed(frame, tmp_path, sides)
    assert (found.found, found.at) == (Finding.REFUTED, None)
    (again,) = confirmed(frame, tmp_path, KnownSides(repository, [1.0] * 20, runs=0))
    assert again == found
    (change,) = history_as_object(frame, read_confirmations(tmp_path))["time_changes"]
    assert change["cells"][0]["confirmation"]["found"] == "refuted"
    assert "refuted: " in render_history(frame, read_confirmations(tmp_path))


def test_a_small_step_in_noise_takes_more_pairs(repository, tmp_path):
    frame = frame_of(repository.commits, times(factor=1.10, at=12))
    sides = KnownSides(repository, [1.0] * 12 + [1.10] * 8, noise=0.12)
    (found,) = confirmed(frame, tmp_path, sides)
    assert found.found is Finding.CONFIRMED
    assert found.pairs in (16, 32)
    assert sides.epochs[:2] == [8, 8]


def test_a_gain_is_confirmed_in_its_own_direction(repository, tmp_path):
    frame = frame_of(repository.commits, times(factor=0.8, at=12))
    (gain,) = confirmed(frame, tmp_path, KnownSides(repository, [1.0] * 12 + [0.8] * 8))
    assert (gain.found, gain.up) == (Finding.CONFIRMED, False)
    other = tmp_path / "other"
    other.mkdir()
    (loss,) = confirmed(frame, other, KnownSides(repository, [1.0] * 12 + [1.25] * 8))
    assert loss.found is Finding.REFUTED


def test_an_inertia_is_measured_once_and_found_past_commits_that_cannot_be_built(repository, tmp_path):
    measured = [repository.commits[at] for at in (0, 5, 13, 19)]
    frame = frame_of(measured, [100.0, 100.0, 101.0, 101.0], INERTIA)
    sides = KnownSides(repository, [100.0] * 11 + [101.0] * 9, broken=(9, 8))
    (found,) = confirmed(frame, tmp_path, sides)
    assert (found.before, found.at) == tuple(repository.commits[10:12])
    assert set(found.skipped.values()) <= {"its build fails"}
    assert {*sides.epochs} == {1}
    hidden = KnownSides(repository, [100.0] * 9 + [101.0] * 11, broken=(9, 8))
    (tmp_path / CONFIRMATIONS_FILE).unlink()
    (found,) = confirmed(frame, tmp_path, hidden)
    assert (found.before, found.at) == (repository.commits[7], repository.commits[10]), "it lies among the broken"
    assert "2 commits could not be measured" in found.text


def test_a_change_that_cannot_be_measured_says_why(repository, tmp_path):
    frame = frame_of(repository.commits, times(factor=1.25, at=12))
    (found,) = confirmed(frame, tmp_path, KnownSides(repository, [1.0] * 20, broken=range(12)))
    assert (found.found, found.reason) == (Finding.NOT_MEASURED, "its build fails")
    other = frame_of(repository.commits, times(factor=1.25, at=12), backend="sklearn-elkan")
    (found,) = confirmed(other, tmp_path, KnownSides(repository, [1.0] * 20))
    assert found.reason == "the study has no cell sklearn-elkan, digits, k=16"


def test_what_the_budget_leaves_open_is_taken_up_again(repository, tmp_path):
    frame = frame_of(repository.commits, times(factor=1.06, at=12))
    true = [1.0] * 12 + [1.06] * 8
    (found,) = confirmed(frame, tmp_path, KnownSides(repository, true, noise=0.2, runs=1))
    assert (found.found, found.reason) == (Finding.UNDECIDED, "the budget was spent")
    (found,) = confirmed(frame, tmp_path, KnownSides(repository, true, noise=0.02))
    assert found.found is Finding.CONFIRMED
    assert len(read_confirmations(tmp_path)) == 2


def test_a_line_that_is_no_confirmation_is_named(tmp_path):
    (tmp_path / CONFIRMATIONS_FILE).write_text(json.dumps({"found": "perhaps"}) + "\n")
    with pytest.raises(OutputError, match="line 1 is not a confirmation"):
        read_confirmations(tmp_path)


def test_bisection_needs_few_measurements():
    for at in range(1, 64):
        asked = []

        def is_new(commit, at=at, asked=asked):
            asked.append(commit)
            return commit >= at

        assert bisect(range(64), is_new) == (at - 1, at)
        assert len(asked) <= 6


def test_no_step_is_rarely_confirmed_and_a_true_one_rarely_refuted():
    rng = np.random.default_rng(3)
    none = [decide(logs, math.log(1.1), 1) for logs in rng.normal(0, 0.06, (2000, 16)).tolist()]
    true = [decide(logs, math.log(1.1), 1) for logs in rng.normal(math.log(1.1), 0.06, (2000, 16)).tolist()]
    assert none.count(Finding.CONFIRMED) <= 12
    assert true.count(Finding.REFUTED) <= 12
    assert true.count(Finding.CONFIRMED) > 1900


def test_the_same_change_in_two_environments_is_one_suspect(repository):
    frame = frame_of(repository.commits, times(factor=1.25, at=12))
    other = frame_of(repository.commits, times(factor=1.28, at=12, seed=4)).assign(environment="other", python="3.12")
    both = pd.concat([frame, other], ignore_index=True)
    (suspect,) = suspects_of(history_frame(both))
    assert suspect.commits == tuple(repository.commits[10:14]), "both sides are moved apart by a commit"
    assert suspect.names == ("numpy-lloyd, digits, k=16",)


def test_two_changes_that_the_history_shows_as_one_are_measured_apart(repository):
    first = frame_of(repository.commits, times(factor=1.25, at=10))
    second = frame_of(repository.commits, times(factor=1.2, at=12, seed=4), backend="faiss-cpu")
    both = pd.concat([first, second], ignore_index=True)
    assert len(history_as_object(both)["time_changes"]) == 1
    earlier, later = suspects_of(history_frame(both))
    assert (earlier.names, earlier.after) == (("numpy-lloyd, digits, k=16",), repository.commits[10])
    assert (later.names, later.after) == (("faiss-cpu, digits, k=16",), repository.commits[12])
    assert earlier.commits == tuple(repository.commits[8:12]), "up to the other change, not across it"


def test_the_study_of_the_history_holds_every_cell_that_asv_measures(monkeypatch):
    home = Path(__file__).parents[2]
    cases = runpy.run_path(str(home / "benchmarks" / "cases.py"))
    keys = keys_of(Study.from_file(home / "benchmarks" / "history.toml"))
    exact = [
        SuspectCell(name="", backend=backend, parameters={"backend": backend, "dataset": data, "k": k}, log_step=0.1)
        for backend in cases["BACKENDS"]
        for data in cases["DATASETS"]
        for k in cases["CLUSTERS"]
    ]
    inverted = [
        SuspectCell(name="", backend="faiss-ivf", parameters={"nlist": lists, "nprobe": probes}, log_step=0.1)
        for lists in cases["IVF_LISTS"]
        for probes in cases["IVF_PROBES"]
    ]
    found = [matching_key(cell, keys) for cell in [*exact, *inverted]]
    assert None not in found
    assert len({key.cell_id for key in found}) == len(found)
    of_data = {(key.dataset, key.k) for key in found}
    assert of_data >= {(cases["DATASETS"][cases["IVF_DATASET"]], cases["IVF_CLUSTERS"])}
    assert {(key.iterations, key.threads, key.seed) for key in found} == {
        (cases["ITERATIONS"], cases["THREADS"], cases["SEED"])
    }
