"""Runs beyond memory and beyond one process, as a user starts them."""

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from kmbench.backends.dask_lloyd import DaskLloyd
from kmbench.backends.spark_kmeans import SparkMllib
from kmbench.records import RecordKind, read_records

needs_spark = pytest.mark.skipif(SparkMllib.unavailable() is not None, reason=str(SparkMllib.unavailable()))
needs_dask = pytest.mark.skipif(DaskLloyd.unavailable() is not None, reason=str(DaskLloyd.unavailable()))

SMALL = ("run", "--data", "blobs:n=60000,d=8,centers=9,seed=1", "--k", 60, "--threads", 2, "--repeats", 1)


def processes_of(folder):
    """Return the processes that have a folder as TMPDIR: those of one test, and their children."""
    found = []
    for process in psutil.process_iter():
        # Each question may find that the process has ended meanwhile.
        with contextlib.suppress(psutil.Error):
            its_folder = process.environ().get("TMPDIR", "")
            if its_folder.startswith(str(folder)) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def wait_until_gone(folder, seconds=15):
    deadline = time.monotonic() + seconds
    while (left := processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def test_under_a_quarter_of_x_numpy_lloyd_reads_the_file_and_others_are_skipped(kmbench, tmp_path):
    data = ("run", "--data", "blobs:n=4000000,d=64,centers=8", "--k", 8, "--iterations", 2, "--repeats", 1)
    more = ("--backends", "numpy-lloyd,sklearn-lloyd", "--memory-limit", "244M", "--no-report", "--output", "run")
    process = kmbench(*data, *more, "--json")
    rows = {row["backend"]: row for row in json.loads(process.stdout)}
    assert rows["numpy-lloyd"]["status"] == "ok"
    assert rows["numpy-lloyd"]["ari"] > 0.9999  # against float64; the bits are compared in tests/backends
    assert rows["numpy-lloyd"]["settings"]["read"] == "pass"
    assert rows["sklearn-lloyd"]["status"] == "skipped"
    assert "244 MiB" in rows["sklearn-lloyd"]["reason"]
    assert process.returncode == 0


@needs_dask
def test_distributed_rows_are_sound_and_leave_nothing_running(kmbench, rogues, tmp_path):
    folder = tmp_path / "tmp"
    folder.mkdir()
    rogues_tmp, rogues["TMPDIR"] = rogues.get("TMPDIR"), str(folder)
    try:
        names = "numpy-lloyd,dask-lloyd,dask-lloyd[read=once],dask-ml"
        process = kmbench(
            *SMALL, "--backends", names, "--cluster", "local:2", "--no-report", "--output", "run", "--json"
        )
        rows = {row["label"]: row for row in json.loads(process.stdout)}
        assert {row["status"] for row in rows.values()} == {"ok"}, process.stdout
        assert len({rows[name]["inertia"] for name in names.split(",")[:3]}) == 1  # the same bits
        memory = [r for r in read_records(tmp_path / "run") if r.kind is RecordKind.MEMORY]
        parts = {r.key.label: r.memory_parts for r in memory}
        assert parts["numpy-lloyd"] is None
        assert {"client", "worker"} <= set(parts["dask-lloyd"])
        assert all(r.cluster_seconds > 0 for r in read_records(tmp_path / "run")
                   if r.kind is RecordKind.OUTCOME and r.key.backend != "numpy-lloyd")  # fmt: skip
        assert "upper bound" in memory[-1].memory_method or len(memory) == 4
        assert wait_until_gone(folder) == []
        assert list(folder.iterdir()) == []
    finally:
        rogues.pop("TMPDIR")
        if rogues_tmp is not None:
            rogues["TMPDIR"] = rogues_tmp


@needs_dask
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_end_in_the_middle_of_a_distributed_fit_leaves_nothing_running(rogues, tmp_path, how):
    folder = tmp_path / "tmp"
    folder.mkdir()
    data = ("run", "--data", "blobs:n=300000,d=16,centers=9,seed=1", "--k", "256", "--iterations", "20")
    command = [sys.executable, "-P", "-m", "kmbench", *data, "--backends", "dask-lloyd", "--no-report"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=rogues | {"TMPDIR": str(folder)}, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    workers = 0
    while workers < 2 and process.poll() is None:
        workers = sum("spawn_main" in " ".join(found.cmdline()) for found in processes_of(folder))
        time.sleep(0.05)
    process.send_signal(how)
    _, told = process.communicate(timeout=60)
    assert wait_until_gone(folder) == []
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert "interrupted" in told


@needs_dask
def test_a_cluster_that_is_not_there_skips_its_cells_alone(kmbench):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    planned = kmbench(*SMALL, "--backends", "numpy-lloyd,dask-lloyd,spark-mllib", "--cluster", address,
                      "--dry-run", "--json")  # fmt: skip
    rows = {row["backend"]: row for row in json.loads(planned.stdout)}
    assert rows["numpy-lloyd"]["status"] is None
    assert "no Dask scheduler answered" in rows["dask-lloyd"]["reason"]
    assert rows["dask-lloyd"]["status"] == "skipped"
    assert address not in planned.stdout
    assert "CI" not in os.environ or rows["spark-mllib"]["status"] == "skipped"


def test_a_cluster_that_cannot_be_read_is_one_line(kmbench):
    process = kmbench(*SMALL, "--cluster", "localhost")
    assert process.returncode == 2
    assert "local:N" in process.stderr
    assert "Traceback" not in process.stderr


@needs_spark
def test_spark_is_a_row_with_the_inertia_of_the_others(kmbench):
    names = "numpy-lloyd,spark-mllib[heap_mib=1024],spark-ml"
    process = kmbench(*SMALL, "--backends", names, "--protocol", "matched", "--no-report", "--json")
    rows = {row["backend"]: row for row in json.loads(process.stdout)}
    assert rows["numpy-lloyd"]["status"] == rows["spark-mllib"]["status"] == "ok", process.stdout
    assert rows["spark-mllib"]["settings"]["heap_mib"] == 1024
    assert rows["spark-mllib"]["inertia"] == pytest.approx(rows["numpy-lloyd"]["inertia"], rel=1e-6)
    assert rows["spark-ml"]["status"] == "skipped"
    assert "given centroids" in rows["spark-ml"]["reason"]


@needs_spark
def test_a_jvm_that_dies_is_a_row_and_the_run_goes_on(rogues, tmp_path):
    folder = tmp_path / "tmp"
    folder.mkdir()
    data = ("run", "--data", "blobs:n=300000,d=16,centers=9,seed=1", "--k", "256", "--iterations", "20")
    names = ("--backends", "spark-mllib[heap_mib=1024],numpy-lloyd", "--repeats", "1", "--no-report", "--json")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "kmbench", *data, *names],
        cwd=tmp_path, env=rogues | {"TMPDIR": str(folder)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    killed = False
    while not killed and process.poll() is None:
        for found in processes_of(folder):
            with contextlib.suppress(psutil.Error):
                if found.name() == "java" and found.cpu_times().user > 12:
                    found.kill()
                    killed = True
        time.sleep(0.05)
    told, _ = process.communicate(timeout=300)
    rows = {row["backend"]: row for row in json.loads(told)}
    assert killed
    assert rows["spark-mllib"]["status"] not in ("ok", None)
    assert "the JVM of Spark has ended" in rows["spark-mllib"]["reason"]
    assert rows["numpy-lloyd"]["status"] == "ok"
    assert process.returncode == 1
    assert wait_until_gone(folder) == []


@needs_spark
def test_a_heap_that_is_too_small_is_a_row_with_one_sentence(kmbench):
    data = ("--data", "blobs:n=6000,d=4096,centers=3", "--k", 4000, "--iterations", 2, "--repeats", 1)
    process = kmbench("run", *data, "--backends", "spark-mllib[heap_mib=512]", "--no-report", "--json")
    (row,) = json.loads(process.stdout)
    assert row["status"] in ("error", "out_of_memory")
    assert row["reason"].endswith("heap is too small: set a larger heap_mib")
    assert len(row["reason"]) < 120
    assert process.returncode == 1


@needs_dask
def test_a_disk_that_is_full_is_a_row(rogues, tmp_path):
    """A limit on the size of files stands for the disk: labels and spilt data are larger."""
    command = [sys.executable, "-P", "-m", "kmbench", *map(str, SMALL), "--backends", "numpy-lloyd[read=pass]",
               "--no-report", "--json"]  # fmt: skip
    limited = f"ulimit -f 1500; exec {shlex.join(command)}"
    done = subprocess.run(
        ["bash", "-c", limited], cwd=tmp_path, env=rogues, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 2
    assert "File too large" in done.stderr
