"""Leaderboard and trainers: pages of real runs, and sentences that say no more than the records."""

import sys
from pathlib import Path

import pandas as pd
import pytest

TOOLS = Path(__file__).parents[2] / "benchmarks" / "tools"
sys.path.insert(0, str(TOOLS))

import leaderboard  # noqa: E402
import trainers  # noqa: E402
from leaderboard import Win, wins_of, write_leaderboard  # noqa: E402
from long_study import slice_command  # noqa: E402
from trainers import front_of, write_trainers  # noqa: E402

from kmbench.api import measure  # noqa: E402
from kmbench.runner.run import plan  # noqa: E402
from kmbench.study import Study  # noqa: E402

BENCHMARKS = TOOLS.parent


def quiet(event):
    return None


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    blocks = [
        {"protocol": "matched", "k": [4, 5]},
        {"protocol": "native"},
        {"protocol": "target", "iterations": 2, "seeds": 1},
    ]
    values = {
        "data": ["blobs:n=900,d=4,centers=5,seed=0"],
        "k": [4],
        "threads": [1],
        "repeats": 2,
        "cases": blocks,
    }
    study = Study.build(values | {"backends": "numpy-lloyd,sklearn-lloyd,sklearn-minibatch"}, "a test")
    return measure(study, tmp_path_factory.mktemp("runs") / "small", False, quiet)


def test_a_win_is_of_the_fastest_answer_that_is_good_enough(small_run):
    wins = wins_of(small_run)
    assert [win.protocol for win in wins] == ["matched", "matched", "native"]
    rows = small_run.cases[0].sound
    assert wins[0].winner == min(rows, key=lambda row: row.fit_predict_seconds).label


def test_the_page_has_wins_races_memory_and_failures(small_run, tmp_path):
    page = write_leaderboard(small_run, tmp_path).read_text()
    for text in (
        "Time to quality",
        "Wins, matched",
        "Performance profile",
        "peak memory",
        "sklearn-minibatch",
        "skipped",
    ):
        assert text in page


def test_what_is_not_sure_is_not_claimed():
    wins = [
        Win(case="a", protocol="matched", winner="x", second="y", lead=1.5, low=1.2, high=1.9),
        Win(case="b", protocol="matched", winner="y", second="x", lead=1.1, low=0.9, high=1.3),
        Win(case="c", protocol="matched", winner="y", second="x", lead=1.1),
    ]
    sentences = leaderboard.advice(wins, [])
    assert sentences[0].endswith("x is the fastest in 1 case: a.")
    assert "b (y or x); c (y or x)" in sentences[1]


def test_no_engine_on_the_front_is_beaten_in_both():
    frame = pd.DataFrame({"label": list("abcd"), "seconds": [1.0, 2.0, 3.0, 0.5], "scanned": [0.3, 0.2, 0.25, 0.9]})
    assert front_of(frame) == ["d", "a", "b"]


def test_trainers_are_judged_by_the_search(tmp_path):
    values = {
        "data": ["embeddings:n=3000,d=16,rank=4,centers=20,seed=0"],
        "k": [16],
        "threads": [1],
        "repeats": 1,
        "protocol": "native",
        "workload": "ivf[queries=50]",
        "backends": "faiss-cpu[niter=2,5],faiss-two-level,faiss-balanced[alpha=0.01]",
        "cases": [{"seed": 0}, {"seed": 1}],
    }
    run = measure(Study.build(values, "a test"), tmp_path / "run", False, quiet)
    (cases,) = trainers.by_data(run)
    frame = trainers.trainers_frame(cases)
    assert list(frame["seeds"]) == [2] * 4
    told = [case.sound[0].task["scanned_for_target"] for case in cases]
    first = frame.set_index("label").loc[cases[0].sound[0].label]
    assert first["scanned"] == pytest.approx(sum(told) / 2)
    assert [first["least"], first["most"]] == sorted(told)
    assert set(frame["backend"]) == {"faiss-cpu", "faiss-two-level", "faiss-balanced"}
    assert (frame["scanned_p99"] >= frame["scanned"]).all()
    page = write_trainers(run, tmp_path / "page").read_text()
    assert "faiss-two-level" in page
    assert "Ringed" in page
    assert "means over 2 seeds" in page


@pytest.mark.parametrize(
    ("most", "cheap"),
    [
        pytest.param(0.101, "slow", id="seeds differ by 1 %: 4 % more is worse"),
        pytest.param(0.105, "quick", id="seeds differ by 5 %: 4 % more may be chance"),
    ],
)
def test_a_trainer_is_no_worse_than_the_best_within_what_seeds_differ_by(most, cheap):
    rows = [("slow", 2.0, 0.100), ("quick", 1.0, 0.104)]
    frame = pd.DataFrame(rows, columns=["label", "seconds", "scanned"])
    frame = frame.assign(scanned_p99=frame["scanned"], least=frame["scanned"], seeds=3)
    frame["most"] = frame["scanned"] * most / 0.1
    assert trainers.advice(frame)[0].startswith(f"{cheap} trains")


@pytest.mark.parametrize("name", ["leaderboard", "trainers"])
def test_the_studies_can_be_planned_and_each_case_can_run_somewhere(name):
    for case in plan(Study.from_file(BENCHMARKS / f"{name}.toml")):
        assert any(cell.status is None for cell in case.cells)


def test_a_slice_resumes_what_there_is(tmp_path):
    assert "--resume" not in slice_command("study.toml", tmp_path, 10)
    (tmp_path / "records.jsonl").touch()
    command = slice_command("study.toml", tmp_path, 10)
    assert "--resume" in command
    assert command[command.index("--stop-after") + 1] == "240"
