"""The referee's judge: what every backend is given, and what becomes of the figures that the referee found."""

from types import SimpleNamespace

import pytest
from conftest import KEY

from kmbench.records import DatasetInfo, Status
from kmbench.runner.judge import FLOAT64_REFERENCE, Judge, Submission

DATA = DatasetInfo(
    spec="x", n=100, d=4, source_dtype="float32", fingerprint="0", path="x.npy", mean_square=2.0, spread=1.0
)


class Referee:
    """Answers with given figures: one evaluation for each submission, by the name of its file."""

    def __init__(self, evaluations=(), stable_at=None, inertias=(50.0, 30.0, 20.0)):
        self.evaluations, self.stable_at, self.inertias = dict(evaluations), stable_at, list(inertias)
        self.asked = []

    def request(self, op, **given):
        self.asked.append(op)
        if op == "reference":
            emptied = [0] * len(self.inertias)
            return {"stable_at": self.stable_at, "inertias": self.inertias, "empty_events": emptied}
        if op == "evaluate":
            inertia = self.evaluations[given["centroids"]]
            if inertia is None:
                return {"finite": False}
            return {"finite": True, "inertia": inertia, "labels_inertia": inertia, "empty_clusters": 0}
        if op == "agree":
            return {"ari": 1.0}
        return {"pair": {"ari": 0.25}, "sensitivity": {"spread": 0.0}}.get(op, {})


def judge_of(referee, tmp_path, protocol="matched", iterations=3):
    import dataclasses

    key = dataclasses.replace(KEY, protocol=protocol, iterations=iterations)
    judge = Judge(referee, SimpleNamespace(key=key, dataset=DATA, several_fits=False))
    judge.open(tmp_path, 1)
    return judge


def submission(name, backend="sklearn-lloyd", n_iter=3):
    import dataclasses

    told = {"n_iter": n_iter, "empty_events": 0, "reported_inertia": None}
    return Submission(dataclasses.replace(KEY, backend=backend), "float32", name, f"{name}-labels", told)


def test_where_labels_stand_still_all_are_given_one_iteration_less(tmp_path):
    assert judge_of(Referee(), tmp_path).iterations == 3
    assert judge_of(Referee(stable_at=3), tmp_path).iterations == 2
    assert judge_of(Referee(stable_at=1), tmp_path).iterations == 1


def test_a_native_run_has_no_start_and_no_reference(tmp_path):
    referee = Referee({"good": 20.0, "better": 10.0})
    judge = judge_of(referee, tmp_path, "native", None)
    assert judge.init is None
    assert referee.asked == ["open"]
    good, better = judge.judge([submission("good"), submission("better", "faiss-cpu")])
    assert good.figures["reference"] == better.figures["reference"] == "faiss-cpu"
    assert good.figures["inertia_ratio"] == pytest.approx(2.0)


def test_answers_are_held_to_the_reference_after_the_same_iterations(tmp_path):
    judge = judge_of(Referee({"right": 20.0, "wrong": 21.0}), tmp_path)
    right, wrong = judge.judge([submission("right"), submission("wrong", "faiss-cpu")])
    assert (right.verdict.status, wrong.verdict.status) == (Status.OK, Status.INVALID)
    assert right.figures["reference"] == FLOAT64_REFERENCE
    assert wrong.figures["inertia_ratio"] == pytest.approx(1.05)
    (rung,) = judge.judge_rung([submission("right", n_iter=2)], 2)
    assert rung.verdict.status is Status.INVALID, "after two iterations the reference stands at 30"
    (again,) = judge.judge([submission("right")])
    assert again.verdict.status is Status.OK, "judging a rung leaves the reference as it was"


def test_an_answer_that_is_not_finite_is_invalid_and_has_no_inertia(tmp_path):
    (found,) = judge_of(Referee({"nan": None}), tmp_path).judge([submission("nan")])
    assert found.verdict.status is Status.INVALID
    assert "inertia" not in found.figures


def test_sound_answers_are_compared_with_each_other_and_wrong_ones_are_not(tmp_path):
    referee = Referee({"a": 20.0, "b": 20.0, "c": 99.0})
    names = [submission("a"), submission("b", "faiss-cpu"), submission("c", "numpy-lloyd")]
    a, b, c = judge_of(referee, tmp_path).judge(names)
    assert a.figures["pairwise_ari"] == {"faiss-cpu": 0.25}
    assert b.figures["pairwise_ari"] == {"sklearn-lloyd": 0.25}
    assert "pairwise_ari" not in c.figures
    assert referee.asked.count("pair") == 1
