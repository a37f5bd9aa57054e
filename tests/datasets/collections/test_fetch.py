"""Public data sets by name, against a real server on loopback."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from loopback import serving

from kmbench.datasets import read_spec
from kmbench.datasets.collections.catalogue import PUBLIC_SETS, PublicFile, PublicSet, find_set
from kmbench.datasets.collections.fetch import bytes_to_fetch, fetch_set, set_folder
from kmbench.errors import DataError, KmbenchError, OutputError, SpecError
from kmbench.tuning.problem.data import Sources, read_problem

X = np.random.default_rng(0).normal(size=(20_000, 20)).astype("<f4")


def bigann(X: np.ndarray) -> bytes:
    return np.array(X.shape, "<u4").tobytes() + X.tobytes()


CONTENT = bigann(X)


@pytest.fixture
def server():
    with serving() as one:
        one.files["/x.fbin"] = CONTENT
        yield one


def public(server, path="/x.fbin", **more) -> PublicSet:
    base = PublicFile(name="x.fbin", url=server.url(path), **more)
    return PublicSet(name="x", base=base, n=20_000, d=20, metric="l2")


def fetched(wanted, folder, **more) -> bytes:
    waits: list[float] = []
    paths = fetch_set(wanted, folder, wait=waits.append, **more)
    return paths[-1].read_bytes()


def test_size_is_known_first_then_it_is_fetched_once_with_progress(server, tmp_path):
    wanted, told = public(server), []
    assert bytes_to_fetch(wanted, tmp_path) == len(CONTENT)
    assert [command for command, _, _ in server.asked] == ["HEAD"]
    assert fetched(wanted, tmp_path, progress=lambda *values: told.append(values)) == CONTENT
    assert told[0] == ("x.fbin", 0, len(CONTENT))
    assert told[-1] == ("x.fbin", len(CONTENT), len(CONTENT))
    asked = len(server.asked)
    assert bytes_to_fetch(wanted, tmp_path) == 0
    assert fetched(wanted, tmp_path) == CONTENT
    assert len(server.asked) == asked, "what is there is not fetched again"


def test_redirects_are_followed(server, tmp_path):
    server.redirects.update({"/old": "/older", "/older": "/x.fbin"})
    assert bytes_to_fetch(public(server, "/old"), tmp_path) == len(CONTENT)
    assert fetched(public(server, "/old"), tmp_path) == CONTENT


def test_redirects_without_end_are_one_line(server, tmp_path):
    server.redirects["/old"] = "/old"
    with pytest.raises(DataError, match="redirects without end"):
        bytes_to_fetch(public(server, "/old"), tmp_path)


def test_a_broken_transfer_goes_on_where_it_stopped(server, tmp_path):
    server.breaks["/x.fbin"] = [65536, 200_000, 1]
    server.tags["/x.fbin"] = '"one"'
    assert fetched(public(server), tmp_path) == CONTENT
    ranges = [wanted for command, _, wanted in server.asked if command == "GET"]
    assert ranges == ["", "bytes=65536-", "bytes=262144-", "bytes=262144-"]
    assert not list(tmp_path.glob("*.part*"))


def test_a_server_that_knows_no_ranges_begins_again(server, tmp_path):
    server.breaks["/x.fbin"], server.ranges = [1000], False
    assert fetched(public(server), tmp_path) == CONTENT


def test_a_file_that_changed_on_the_server_is_not_mended_from_two(server, tmp_path):
    server.tags["/x.fbin"] = '"two"'
    (tmp_path / "x.fbin.part").write_bytes(b"of another version" * 10)
    (tmp_path / "x.fbin.part.etag").write_text('"one"')
    assert fetched(public(server), tmp_path) == CONTENT


@pytest.mark.parametrize("too_many", [0, 7])
def test_what_was_left_whole_or_longer_is_finished(server, tmp_path, too_many):
    (tmp_path / "x.fbin.part").write_bytes(CONTENT + b"-" * too_many)
    assert fetched(public(server), tmp_path) == CONTENT


def test_a_transfer_that_breaks_again_and_again_keeps_what_is_there(server, tmp_path):
    server.breaks["/x.fbin"] = [70_000, *[0] * 20]
    with pytest.raises(DataError, match="65,536 bytes are kept: run the command again"):
        fetched(public(server), tmp_path)
    assert not (tmp_path / "x.fbin").exists()
    assert bytes_to_fetch(public(server), tmp_path) == len(CONTENT) - 65_536
    server.breaks.clear()
    assert fetched(public(server), tmp_path) == CONTENT


def test_a_busy_server_is_asked_again_and_one_without_the_file_is_not(server, tmp_path):
    server.errors = [503, 502]
    assert fetched(public(server), tmp_path) == CONTENT
    asked = len(server.asked)
    with pytest.raises(DataError, match="404 Not Found"):
        fetched(public(server, "/none"), tmp_path / "other")
    assert len(server.asked) == asked + 1
    with pytest.raises(DataError, match="404 Not Found"):
        bytes_to_fetch(public(server, "/none"), tmp_path / "other")


def test_a_wrong_hash_leaves_nothing_behind(server, tmp_path):
    right = hashlib.sha256(CONTENT).hexdigest()
    server.files["/x.fbin"] = CONTENT[:-1] + b"\0"
    with pytest.raises(DataError, match="its SHA-256 is not") as caught:
        fetched(public(server, sha256=right), tmp_path)
    assert "\n" not in str(caught.value)
    assert not [path for path in tmp_path.iterdir() if not path.name.startswith(".kmbench")]
    server.files["/x.fbin"] = CONTENT
    assert fetched(public(server, sha256=right), tmp_path) == CONTENT


def test_without_a_published_hash_the_first_fetch_is_held_against_later_ones(server, tmp_path):
    fetched(public(server), tmp_path)
    (tmp_path / "x.fbin").write_bytes(CONTENT[:-1] + b"\0")  # damaged here: fetched again
    assert fetched(public(server), tmp_path) == CONTENT
    (tmp_path / "x.fbin").unlink()
    server.files["/x.fbin"] = CONTENT[:-1] + b"\0"  # changed there: told
    with pytest.raises(DataError, match="has changed; delete .*kmbench-fetched.json"):
        fetched(public(server), tmp_path)


def test_a_file_of_another_shape_is_refused(server, tmp_path):
    server.files["/x.fbin"] = bigann(X[:, :10].copy())
    with pytest.raises(DataError, match="holds 20,000 x 10, but x has 20,000 x 20; delete it"):
        fetched(public(server), tmp_path)


def test_the_first_rows_of_a_large_file_are_a_file_of_their_own(server, tmp_path):
    base = PublicFile(name="x.fbin.crop_nb_30", url=server.url("/x.fbin"), first_bytes=8 + 30 * 20 * 4)
    wanted = PublicSet(name="x", base=base, n=30, d=20, metric="l2")
    server.breaks["/x.fbin"] = [100]
    assert bytes_to_fetch(wanted, tmp_path) == 8 + 30 * 20 * 4
    assert fetched(wanted, tmp_path) == bigann(X[:30])
    asked = len(server.asked)
    assert fetched(wanted, tmp_path) == bigann(X[:30])
    assert len(server.asked) == asked
    server.ranges = False
    assert fetched(wanted, tmp_path / "whole") == bigann(X[:30])


class Full(io.FileIO):
    """A file on a disk that has room for 3000 bytes more."""

    room = 3000

    def write(self, content):
        if len(content) > self.room:
            super().write(content[: self.room])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= len(content)
        return super().write(content)


def test_a_full_disk_is_one_line_and_the_next_try_goes_on(server, tmp_path):
    with pytest.raises(OutputError, match="is full: 3,000 bytes of x.fbin are there"):
        fetched(public(server), tmp_path, open_file=Full)
    assert fetched(public(server), tmp_path) == CONTENT
    assert server.asked[-1][2] == "bytes=3000-"


def test_too_little_room_is_told_before_anything_is_fetched(server, tmp_path):
    with pytest.raises(OutputError, match=r"GB free, x takes 1e\+09 GB more"):
        fetched(public(server), tmp_path, to_fetch=10**18)
    assert not server.asked


def test_a_folder_that_cannot_be_written_is_one_line(server, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        fetched(public(server), tmp_path / "file")


def test_no_network_is_one_line(server, tmp_path):
    wanted = public(server)
    server.server_close()
    server.socket.close()
    with pytest.raises(DataError, match="no connection: is there a network"):
        bytes_to_fetch(wanted, tmp_path)
    with pytest.raises(DataError, match="no connection: is there a network"):
        fetched(wanted, tmp_path)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "kmbench" / "datasets"


def test_a_name_reads_the_cache_with_its_queries_neighbours_and_metric(cache, tmp_path):
    folder = set_folder("glove-25-angular")
    assert folder == cache / "glove-25-angular"
    folder.mkdir(parents=True)
    near = np.argsort(-(X[:9] @ (X / np.linalg.norm(X, axis=1)[:, None]).T), axis=1)[:, :20]
    with h5py.File(folder / "glove-25-angular.hdf5", "w") as file:
        file.attrs["distance"] = "angular"
        file["train"], file["test"], file["neighbors"] = X, X[:9], near.astype("i4")
    np.testing.assert_array_equal(next(read_spec("ann:name=glove-25-angular").blocks(20_000)), X)
    assert read_spec("ann:name=glove-25-angular,limit=30").n == 30
    problem = read_problem(Sources(data="ann:name=glove-25-angular"), 5, 0, tmp_path)
    assert (problem.name, problem.space.metric) == ("ann:name=glove-25-angular", "cosine")
    np.testing.assert_array_equal(problem.raw_queries, X[:9])
    np.testing.assert_array_equal(problem.stored, near)


def test_a_part_of_a_billion_brings_its_queries_and_neighbours(cache, tmp_path):
    wanted, folder = find_set("deep-10M"), set_folder("deep-10M")
    folder.mkdir(parents=True)
    near = np.argsort(np.square(X[:9, None] - X[None]).sum(axis=2), axis=1)[:, :20].astype("<i4")
    files = {wanted.base: X, wanted.queries: X[:9], wanted.truth: np.hstack([near, near]).astype("<i4")}
    for file, content in files.items():
        (folder / file.name).write_bytes(bigann(content))
    (folder / wanted.truth.name).write_bytes(np.array([9, 20], "<u4").tobytes() + near.tobytes() + bytes(9 * 20 * 4))
    problem = read_problem(Sources(data="ann:name=deep-10M"), 5, 0, tmp_path)
    np.testing.assert_array_equal(problem.raw, X)
    np.testing.assert_array_equal(problem.raw_queries, X[:9])
    np.testing.assert_array_equal(problem.stored, near)


@pytest.mark.parametrize(
    ("spec", "kind", "words"),
    [
        ("ann:name=glove-100-angular", DataError, "has not been fetched; kmbench fetch glove-100-angular"),
        ("ann:name=glove-100", DataError, r"did you mean glove-\d+-angular"),
        ("ann:name=kosarak-jaccard", DataError, "no distance for sets"),
        ("ann", SpecError, "write ann:name=NAME"),
    ],
)
def test_what_is_not_there_is_told_with_the_command(cache, spec, kind, words):
    with pytest.raises(kind, match=words):
        read_spec(spec)


def test_every_set_names_files_of_formats_that_are_read():
    for one in PUBLIC_SETS.values():
        assert all(file.url.startswith("https://") for file in one.files)
        assert len({file.name for file in one.files}) == len(one.files)
        suffixes = [Path(file.name.partition(".crop_nb_")[0]).suffix for file in one.files]
        assert suffixes[-1] in (".hdf5", ".fbin", ".u8bin")
        assert one.base.first_bytes in (None, 8 + one.n * one.d * (1 if suffixes[-1] == ".u8bin" else 4))


def run(*arguments, **environment):
    program = shutil.which("kmbench", path=str(Path(sys.executable).parent))
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )


def test_the_command_without_a_network_is_one_line_and_exit_code_2(tmp_path):
    nowhere = {
        "https_proxy": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "XDG_CACHE_HOME": str(tmp_path),
    }
    ended = run("fetch", "sift-128-euclidean", **nowhere)
    assert ended.returncode == 2
    assert ended.stderr.startswith("kmbench: ann-benchmarks.com: no connection: is there a network?")
    assert ended.stderr.count("\n") == 1
    asked = run("data", "ann:name=sift-128-euclidean", **nowhere)
    assert (asked.returncode, asked.stderr.count("\n")) == (2, 1)
    assert "kmbench fetch sift-128-euclidean" in asked.stderr


def test_without_pooch_the_extra_is_named(server, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(KmbenchError, match=r"kmbench\[fetch\]"):
        fetch_set(public(server), tmp_path)
