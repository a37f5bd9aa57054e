"""What is tuned for: queries, neighbours and metric, given or found in the file."""

import h5py
import numpy as np
import pytest

from kmbench.errors import TuneError
from kmbench.tuning.problem.data import Sources, read_problem

N, D = 1200, 8


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(N, D)).astype(np.float32)


def read(path, folder, queries=None, truth=None, metric=None, k=10):
    sources = Sources(data=str(path), queries=queries, truth=truth, metric=metric)
    return read_problem(sources, k, 0, folder / "scratch")


def test_drawn_queries_are_left_out_of_the_base(x, tmp_path):
    np.save(tmp_path / "x.npy", x)
    problem = read(tmp_path / "x.npy", tmp_path)
    assert (len(problem.base), len(problem.queries)) == (1080, 120)
    np.testing.assert_array_equal(problem.queries, x[problem.held_out])
    np.testing.assert_array_equal(problem.base, np.delete(x, problem.held_out, axis=0))
    assert problem.queries_text == "120 rows drawn from the data and left out of it"


@pytest.mark.parametrize(
    ("distance", "metric", "chosen", "used"),
    [
        ("angular", None, "cosine", True),
        ("euclidean", None, "l2", True),
        ("angular", "l2", "l2", False),
        (None, None, "l2", True),
    ],
)
def test_ann_benchmarks_file_brings_queries_neighbours_and_metric(x, tmp_path, distance, metric, chosen, used):
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        file["train"], file["test"] = x[:1000], x[1000:]
        file["neighbors"] = np.zeros((200, 20), dtype="i4")
        if distance is not None:
            file.attrs["distance"] = distance
    problem = read(tmp_path / "x.hdf5", tmp_path, metric=metric)
    assert problem.space.metric == chosen
    assert (len(problem.base), len(problem.queries)) == (1000, 200)
    assert (problem.stored is not None) == used
    assert any(note.code == "KM309" for note in problem.notes) != used
    limited = read(f"{tmp_path / 'x.hdf5'}:limit=500", tmp_path)
    assert limited.stored is None
    assert limited.held_out is not None


def test_neighbours_of_ivecs_keep_all_their_digits(x, tmp_path):
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "q.npy", x[:3] + 0.1)
    ids = np.full((3, 12), 2**24 + 1, dtype="<i4")
    np.hstack([np.full((3, 1), 12, "<i4"), ids]).tofile(tmp_path / "truth.ivecs")
    problem = read(tmp_path / "x.npy", tmp_path, str(tmp_path / "q.npy"), str(tmp_path / "truth.ivecs"))
    assert problem.stored.tolist() == ids.tolist()
    assert problem.stored_where == "truth.ivecs"
    few = read(tmp_path / "x.npy", tmp_path, str(tmp_path / "q.npy"), str(tmp_path / "truth.ivecs"), k=12)
    assert few.stored is None
    assert "an exact search is used instead" in few.notes[0].text


def test_data_far_from_the_origin_is_centred(x, tmp_path):
    np.save(tmp_path / "x.npy", x + 100)
    problem = read(tmp_path / "x.npy", tmp_path)
    assert problem.space.transform_name == "centering"
    assert np.abs(problem.base.mean(axis=0)).max() < 1e-3
    assert read(tmp_path / "x.npy", tmp_path, metric="ip").space.transform_name is None


def test_neighbours_need_their_queries(x, tmp_path):
    np.save(tmp_path / "x.npy", x)
    with pytest.raises(TuneError, match="give them with --queries"):
        read(tmp_path / "x.npy", tmp_path, truth=str(tmp_path / "truth.ivecs"))
