"""The float64 reference is computed once for all cases of a run that have the same work."""

import numpy as np
import pytest

from kmbench.api import measure
from kmbench.runner.referee import Referee
from kmbench.study import Study


@pytest.fixture
def files(tmp_path):
    X = np.random.default_rng(3).normal(size=(900, 5)).astype(np.float32)
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "labels.npy", np.arange(900, dtype=np.int32) % 4)
    np.save(tmp_path / "centroids.npy", X[:4])
    return tmp_path


def referee(folder, threads):
    found = Referee()
    found.open(str(folder / "x.npy"), threads)
    found.draw(4, 0, str(folder / "start.npy"))
    return found


@pytest.mark.parametrize("iterations", [2, 200])  # on the way, and where the labels stand still
def test_a_kept_reference_says_what_a_computed_one_does(files, monkeypatch, iterations):
    kept, answer = str(files / "reference.npz"), [str(files / "centroids.npy"), str(files / "labels.npy")]
    first = referee(files, 1)
    told = first.reference(iterations, kept)
    monkeypatch.setattr("kmbench.runner.referee.reference_lloyd", None)
    second = referee(files, 2)
    assert second.reference(iterations, kept) == told
    assert (told["stable_at"] is not None) == (iterations == 200)
    assert second.agree(answer, None) == first.agree(answer, None)


def test_cases_that_differ_in_threads_share_it_and_other_work_does_not(tmp_path, monkeypatch):
    written = []
    study = {"name": "s", "data": ["digits"], "k": [4, 5], "backends": "numpy-lloyd", "iterations": 3, "repeats": 1}

    def listen(event):
        written.append({file.name for file in tmp_path.glob("kmbench-*/reference-*.npz")})

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    run = measure(Study.build(study | {"threads": [1, 2]}, "a test"), tmp_path / "run", False, listen)
    assert len({cell.case_id for cell in run.cells}) == 4
    assert {cell.inertia_ratio for cell in run.cells if cell.k == 4} == {run.cells[0].inertia_ratio}
    assert len(set().union(*written)) == 2
