"""The witness compares the same work, stops by the width of its intervals, and keeps its turns."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

TOOLS = Path(__file__).parents[2] / "benchmarks" / "tools"
sys.path.insert(0, str(TOOLS))

from witness import ENGINES, LEAST_TURNS, comparable, paired_ratio, until_narrow  # noqa: E402

SMALL = ["--data=blobs:n=3000,d=8,centers=16,seed=0", "--k=8", "--threads=1", "--iterations=3", "--turns=1"]


def test_the_interval_is_students_on_the_logarithms():
    pairs = [(2.0, 2.1), (2.2, 2.1), (1.9, 2.0), (2.4, 2.6)]
    logs = np.log([second / first for first, second in pairs])
    expected = stats.ttest_1samp(logs, 0.0).confidence_interval(0.95)
    found = paired_ratio(pairs)
    assert found.value == pytest.approx(stats.gmean(np.exp(logs)))
    assert (found.low, found.high) == pytest.approx((np.exp(expected.low), np.exp(expected.high)))


def test_one_turn_tells_no_interval():
    found = paired_ratio([(2.0, 3.0)])
    assert (found.value, found.low, found.high) == (pytest.approx(1.5), None, None)


def test_turns_end_when_every_interval_is_narrow():
    asked = []

    def measure(number):
        asked.append(number)
        wide = 3.0 if number == 0 else 1.0  # far from 1 and narrow counts, wide does not
        return {"a": [1.0, 2.0 + number / 1000], "b": [1.0, wide]}

    assert len(until_narrow(measure, [], 9)) == 9
    asked.clear()
    calm = {"a": [1.0, 2.0], "b": [1.0, 0.9]}
    assert until_narrow(measure, [calm] * LEAST_TURNS, 20) == [calm] * LEAST_TURNS
    assert asked == []
    assert len(until_narrow(lambda number: calm, [calm], 20)) == LEAST_TURNS


def test_a_turn_counts_where_the_cores_were_in_one_state_throughout():
    near, distant = 0.6, 1.3
    same = [[1.0, 1.0, state, state + 0.01, state, state - 0.01] for state in [near] * 6 + [distant] * 6]
    moved = [[1.0, 1.7, near, near, distant, distant], [1.0, 1.2, near, near, near, distant]]
    turns = [{"a": entry} for entry in same + moved]
    assert comparable(turns, "a") == [[1.0, 1.0]] * 12
    calm = [{"a": [1.0, 2.0, near, near + at / 1000, near, near]} for at in range(9)]
    assert comparable(calm, "a") == [[1.0, 2.0]] * 9, "one state: all count"
    assert comparable([{"a": [1.0, 2.0]}], "a") == [[1.0, 2.0]], "one thread: nothing is probed"


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_alone_runs_lloyd_from_the_start_that_it_is_given(engine, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 5)).astype(np.float32)
    centroids = X[:6].astype(np.float64)
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "start.npy", X[:6])
    for _ in range(4):
        labels = ((X[:, None, :] - centroids) ** 2).sum(axis=2).argmin(axis=1)
        centroids = np.array([X[labels == cluster].mean(axis=0, dtype=np.float64) for cluster in range(6)])
    expected = ((X[:, None, :] - centroids) ** 2).sum(axis=2).min(axis=1).sum()
    command = [sys.executable, "-P", TOOLS / "engine_alone.py", engine, tmp_path / "X.npy", tmp_path / "start.npy"]
    done = subprocess.run([*command, "--iterations=4"], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["inertia"] == pytest.approx(expected, rel=1e-5)
    assert found["seconds"] > 0


def test_a_turn_is_printed_kept_and_not_measured_twice(tmp_path):
    records = tmp_path / "turns.jsonl"
    command = [sys.executable, TOOLS / "witness.py", *SMALL, "--engines=faiss-cpu", f"--records={records}"]
    first = subprocess.run(command, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    assert "| 8 | 1 | warm | faiss-cpu |" in first.stdout.splitlines()[-1]
    kept = records.read_text()
    assert list(json.loads(kept)["turn"]) == ["faiss-cpu"]
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.stdout == first.stdout
    assert records.read_text() == kept


@pytest.mark.parametrize("given", [["--k=8"], ["--threads=none"], ["--engines=faiss"], ["--turns=0"]])
def test_options_that_mean_nothing_are_refused_in_a_line(given):
    done = subprocess.run([sys.executable, TOOLS / "witness.py", *given], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert given[0].partition("=")[0] in done.stderr.splitlines()[-1]
