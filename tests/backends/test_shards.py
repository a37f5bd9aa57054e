"""Rows that stay in their file, and numpy-lloyd on them: the same bits, without the memory."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import MiniBatchKMeans

from kmbench.backends.base import Job
from kmbench.backends.numpy_lloyd import NumpyLloyd
from kmbench.backends.numpy_lloyd.sums import BlockSums, total_of
from kmbench.backends.sklearn_minibatch import SklearnMiniBatch
from kmbench.datasets import initial_centroids
from kmbench.errors import CaseError, DataError
from kmbench.shards import Shards


@pytest.fixture
def stored(tmp_path):
    def store(n, d, seed=0):
        rng = np.random.default_rng(seed)
        X = (rng.normal(size=(n, d)) * rng.uniform(1e-2, 50, d) + 20).astype(np.float32)
        np.save(tmp_path / "x.npy", X)
        return X, Shards.of(tmp_path / "x.npy")

    return store


def test_blocks_are_the_rows_in_order(stored):
    X, shards = stored(1003, 7)
    assert (shards.shape, len(shards), shards.nbytes) == ((1003, 7), 1003, X.nbytes)
    for rows in (1, 64, 1003, 5000):
        read = [(start, block.copy()) for start, block in shards.blocks(rows)]
        assert [start for start, _ in read] == list(range(0, 1003, rows))
        np.testing.assert_array_equal(np.concatenate([block for _, block in read]), X)


def test_rows_are_taken_by_their_numbers(stored, monkeypatch):
    monkeypatch.setattr("kmbench.shards.GATHER_BYTES", 1000)
    X, shards = stored(1003, 7)
    for indices in ([0, 1002], [5], [], list(range(1003))):
        chosen = np.array(indices, dtype=np.int64)
        np.testing.assert_array_equal(shards.take(chosen), X[chosen])


def test_slices_end_on_multiples_and_lose_no_row(stored):
    X, shards = stored(1003, 3)
    parts = shards.slices(4, 100)
    assert [len(part) % 100 for part in parts] == [0, 0, 0, 3]
    assert sum(map(len, parts)) == 1003
    np.testing.assert_array_equal(np.concatenate([next(part.blocks(2000))[1] for part in parts]), X)
    with pytest.raises(CaseError, match="1 to 11"):
        shards.slices(12, 100)


def test_a_file_that_was_cut_off_or_is_no_float32_is_named(stored, tmp_path):
    _, shards = stored(1000, 4)
    with Path(shards.path).open("r+b") as file:
        file.truncate(4000)
    with pytest.raises(DataError, match="ends before row"):
        list(shards.blocks(1000))
    np.save(tmp_path / "wrong.npy", np.zeros((3, 2)))
    with pytest.raises(DataError, match="float64"):
        Shards.of(tmp_path / "wrong.npy")
    (tmp_path / "none.npy").write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be read"):
        Shards.of(tmp_path / "none.npy")


def test_the_start_is_the_same_from_the_file_in_one_reading(stored, monkeypatch):
    X, shards = stored(100_000, 5)
    expected = initial_centroids(X, 40, seed=3)
    readings = []
    original = Shards._open
    monkeypatch.setattr(Shards, "_open", lambda self: readings.append(1) or original(self))
    np.testing.assert_array_equal(initial_centroids(shards, 40, seed=3), expected)
    assert len(readings) == 1


@settings(max_examples=50, deadline=None)
@given(blocks=st.integers(1, 90), cuts=st.lists(st.integers(1, 22), max_size=4), seed=st.integers(0, 1000))
def test_sums_do_not_depend_on_who_adds_them(blocks, cuts, seed):
    """Parts of very different size, so that another order of additions would show."""
    rng = np.random.default_rng(seed)
    parts = (rng.normal(size=(blocks, 3, 2)) * 10.0 ** rng.integers(-9, 9, (blocks, 3, 2))).astype(np.float32)

    def nodes(first, last):
        sums = BlockSums(first)
        for part in parts[4 * first : 4 * last]:
            sums.add(part)
        return sums.nodes()

    groups = -(-blocks // 4)
    ends = [0, *sorted({cut for cut in cuts if cut < groups}), groups]
    split = [node for first, last in pairwise(ends) for node in nodes(first, last)]
    whole = total_of(nodes(0, groups))
    np.testing.assert_array_equal(total_of(split), whole)
    np.testing.assert_allclose(whole, parts.astype(np.float64).sum(axis=0), rtol=1e-9, atol=1e-6)


def fitted(X, init, threads=1, protocol="matched", **params):
    backend = NumpyLloyd(NumpyLloyd.Params(**params))
    iterations = 5 if protocol == "matched" else None
    backend.prepare(X, Job(k=len(init), protocol=protocol, iterations=iterations, seed=0, threads=threads, init=init))
    backend.fit()
    return backend


@pytest.mark.parametrize("protocol", ["matched", "native"])
@pytest.mark.parametrize(("n", "d", "k", "threads"), [(300_001, 4, 20, 1), (120_001, 16, 60, 2), (500, 3, 7, 1)])
def test_numpy_lloyd_on_the_file_has_the_same_bits(stored, n, d, k, threads, protocol):
    X, shards = stored(n, d)
    init = X[:k] + np.float32(0.01)
    init[-1] = 1e6  # loses all rows at once, and is moved
    held, read = (fitted(rows, init, threads, protocol) for rows in (X, shards))
    np.testing.assert_array_equal(read.result().centroids, held.result().centroids)
    np.testing.assert_array_equal(read.result().labels, held.result().labels)
    np.testing.assert_array_equal(read.assign(shards), held.result().labels)
    assert read.result().empty_events == held.result().empty_events >= 1
    assert (held.settings()["read"], read.settings()["read"]) == ("memory", "pass")


def test_blocks_that_each_thread_reads_have_the_same_bits_wherever_a_piece_ends(stored, monkeypatch):
    monkeypatch.setattr("kmbench.backends.numpy_lloyd.rows.QUEUED_BLOCKS", 1)
    X, shards = stored(50_001, 24)
    init = X[:70].copy()
    held, read = (fitted(rows, init, 3, chunk_rows=512) for rows in (X, shards))
    assert held.settings()["block_rows"] * 3 < len(X) // 4  # several pieces, and the last of them is shorter
    np.testing.assert_array_equal(read.result().centroids, held.result().centroids)
    np.testing.assert_array_equal(read.result().labels, held.result().labels)


def test_a_file_that_ends_while_threads_read_it_is_named(stored):
    X, shards = stored(50_001, 24)
    init = X[:70].copy()
    with Path(shards.path).open("r+b") as file:
        file.truncate(shards.offset + shards.nbytes // 2)
    with pytest.raises(DataError, match="ends before row"):
        fitted(shards, init, 2)


def test_mini_batches_come_from_the_file_in_order(stored):
    X, shards = stored(5001, 6)
    params = SklearnMiniBatch.Params(read="pass", batch_size=700)
    backend = SklearnMiniBatch(params)
    backend.prepare(shards, Job(k=9, protocol="native", iterations=2, seed=4, threads=1, init=None))
    backend.fit()
    expected = MiniBatchKMeans(9, batch_size=700, random_state=4, max_iter=2)
    for start in [*range(0, 5001, 700)] * 2:
        expected.partial_fit(X[start : start + 700])
    np.testing.assert_array_equal(backend.result().centroids, expected.cluster_centers_)
    np.testing.assert_array_equal(backend.result().labels, expected.predict(X))
    assert SklearnMiniBatch.reads(1, 1, 1, params, None) == "shards"


UNDER_A_LIMIT = """
import resource, sys
import numpy as np
from kmbench.backends.base import Job
from kmbench.backends.numpy_lloyd import NumpyLloyd
from kmbench.shards import Shards

shards = Shards.of(sys.argv[1])
init = np.load(sys.argv[2])
backend = NumpyLloyd(NumpyLloyd.Params())
job = Job(k=len(init), protocol="matched", iterations=3, seed=0, threads=1, init=init)
backend.prepare(shards.take(np.arange(1000)), job)  # what libraries allocate once
backend.fit()
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
held = int(status["VmData"].split()[0]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (held + shards.nbytes // 4,) * 2)
X = shards if sys.argv[3] == "pass" else np.load(sys.argv[1])
backend.prepare(X, job)
backend.fit()
np.save(sys.argv[4], backend.result().labels)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's limit of private memory")
def test_a_quarter_of_x_is_memory_enough(stored, tmp_path):
    X, shards = stored(1_000_000, 64)
    init = X[:64] + np.float32(0.01)
    np.save(tmp_path / "init.npy", init)

    def run(read):
        command = [sys.executable, "-c", UNDER_A_LIMIT, shards.path, tmp_path / "init.npy", read, tmp_path / "l.npy"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert "MemoryError" in run("memory").stderr  # the limit is one
    done = run("pass")
    assert done.returncode == 0, done.stderr
    backend = NumpyLloyd(NumpyLloyd.Params())
    backend.prepare(X, Job(k=64, protocol="matched", iterations=3, seed=0, threads=1, init=init))
    backend.fit()
    np.testing.assert_array_equal(np.load(tmp_path / "l.npy"), backend.result().labels)
