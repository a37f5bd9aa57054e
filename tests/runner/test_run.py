"""Real processes, real signals, real engines: what a user sees when something goes wrong."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kmbench import load_cells, load_records
from kmbench.records import RecordKind, read_records

SMALL = ("run", "--data", "blobs:n=600,d=4,centers=5,seed=1", "--k", 5, "--threads", 1, "--repeats", 2, "--no-report")


def rows_of(process):
    return {row["backend"]: row for row in json.loads(process.stdout)}


def test_each_way_to_fail_has_its_own_status_and_costs_no_other_row(kmbench):
    names = "sound,numpy-lloyd,raises,segfaults,exits,hoards,sleeps,"
    names += "wrong-centroids,wrong-labels,stops-early,overflows,shapeless"
    limits = ("--timeout", 6, "--memory-limit", "700M")
    process = kmbench(*SMALL, "--backends", names, *limits, "--json")
    rows = rows_of(process)
    assert {name: row["status"] for name, row in rows.items()} == {
        "sound": "ok",
        "numpy-lloyd": "ok",
        "raises": "error",
        "segfaults": "crashed",
        "exits": "crashed",
        "hoards": "out_of_memory",
        "sleeps": "timeout",
        "wrong-centroids": "invalid",
        "wrong-labels": "invalid",
        "stops-early": "invalid",
        "overflows": "invalid",
        "shapeless": "error",
    }
    assert rows["raises"]["reason"] == "ValueError: this engine cannot"
    assert "SIGSEGV" in rows["segfaults"]["reason"]
    assert "exit code 3" in rows["exits"]["reason"]
    assert "700 MiB" in rows["hoards"]["reason"]
    assert "early stop: it did 1 of " in rows["stops-early"]["reason"]
    assert "labels" in rows["wrong-labels"]["reason"]
    for name in ("sound", "numpy-lloyd"):
        assert rows[name]["epochs"] == 2
        assert rows[name]["threads_seen"] == 1
        assert rows[name]["peak_extra_bytes"] >= 0
        assert rows[name]["ari"] == rows[name]["pair_f1"] == 1.0
        assert rows[name]["variation_of_information"] == rows[name]["centroid_index"] == 0
        assert rows[name]["inertia_ratio"] == pytest.approx(1.0, rel=1e-6)
    assert rows["wrong-centroids"]["speedup"] is None
    assert "a warning from C" in rows["sound"]["output"]
    assert process.returncode == 1


@pytest.fixture
def spinner(tmp_path, monkeypatch, rogues):
    """Compile the library of `own-openmp` with a compiler's own OpenMP runtime."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here to bring an OpenMP runtime of its own")
    source = Path(__file__).parents[1] / "rogues" / "kmbench_rogues" / "spinner.c"
    library = tmp_path / "spinner.so"
    command = [compiler, "-fopenmp", "-shared", "-fPIC", "-O1", "-o", str(library), str(source)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip(f"{compiler} has no OpenMP")
    monkeypatch.setitem(rogues, "ROGUE_SPINNER", str(library))


@pytest.mark.usefixtures("spinner")
def test_threads_are_those_that_were_asked_for_also_with_an_openmp_runtime_of_its_own(kmbench):
    names = "own-openmp,numpy-lloyd,sklearn-lloyd,sklearn-elkan,faiss-cpu,faiss-ivf"
    data = ("run", "--data", "blobs:n=4000,d=8,centers=16,seed=1", "--k", 16, "--iterations", 2, "--no-report")
    process = kmbench(*data, "--backends", names, "--threads", 1, "--repeats", 1, "--json")
    assert {name: row["threads_seen"] for name, row in rows_of(process).items()} == dict.fromkeys(names.split(","), 1)
    # And the count can tell: with two, the same engine keeps two busy.
    process = kmbench(*data, "--backends", "own-openmp", "--threads", 2, "--repeats", 1, "--json")
    assert rows_of(process)["own-openmp"]["threads_seen"] == 2


def test_a_third_partys_backend_shows_up_by_its_entry_point(kmbench):
    listed = {row["name"]: row for row in json.loads(kmbench("backends", "--json").stdout)}
    assert listed["sound"]["available"]
    assert (listed["sound"]["version"], listed["sound"]["device"]) == ("1.0", "cpu")
    assert listed["sound"]["traits"]["exact"] is True
    assert not listed["unloadable"]["available"]
    assert "kmbench-rogues cannot be loaded" in listed["unloadable"]["reason"]


def test_the_answers_agree_on_the_example_of_the_readme(kmbench):
    process = kmbench(
        *("run", "--data", "blobs:n=20000,d=32,centers=64,seed=1", "--backends"),
        *("numpy-lloyd,sklearn-lloyd,faiss-cpu", "--k", 64, "--iterations", 10, "--protocol", "matched"),
        *("--threads", 1, "--json", "--repeats", 1, "--no-report"),
    )
    rows = json.loads(process.stdout)
    assert process.returncode == 0, process.stderr
    inertias = [row["inertia"] for row in rows]
    assert max(inertias) / min(inertias) - 1 < 1e-4
    assert [row["status"] for row in rows] == ["ok"] * 3
    assert [row["n_iter"] for row in rows] == [10] * 3
    assert min(row["ari"] for row in rows) > 0.99
    promised = "dataset k threads protocol backend status reason fit_seconds assign_seconds fit_predict_seconds"
    promised += " peak_extra_bytes inertia n_iter ari matched_agreement empty_clusters"
    assert set(promised.split()) <= rows[0].keys()
    for row in rows:
        labels = 0.0 if row["backend"] != "faiss-cpu" else row["assign_seconds"]
        assert row["fit_predict_seconds"] == pytest.approx(row["fit_seconds"] + labels)


def test_data_far_from_the_origin_is_told_from_a_wrong_engine(kmbench, tmp_path):
    import numpy as np

    rng = np.random.default_rng(0)
    X = rng.normal(size=(8001, 16)) + rng.normal(size=(8, 16))[rng.integers(0, 8, 8001)] + 10000
    np.save(tmp_path / "far.npy", X.astype(np.float32))
    common = ("--k", 8, "--threads", 1, "--repeats", 1, "--json", "--no-report", "--backends")
    names = "numpy-lloyd,sklearn-lloyd,faiss-cpu"
    shifted = rows_of(kmbench("run", "--data", "far.npy", *common, names))
    assert {row["status"] for row in shifted.values()} == {"ok"}
    far = rows_of(kmbench("run", "--data", "far.npy:raw", *common, names))
    assert (far["numpy-lloyd"]["status"], far["sklearn-lloyd"]["status"]) == ("ok", "ok")
    assert far["faiss-cpu"]["status"] == "invalid"
    assert "use far.npy:center" in far["faiss-cpu"]["reason"]
    below = rows_of(kmbench("run", "--data", "far.npy:raw,limit=7999", *common, "faiss-cpu"))
    assert below["faiss-cpu"]["status"] == "ok"
    centred = rows_of(kmbench("run", "--data", "far.npy:center", *common, "faiss-cpu"))
    assert centred["faiss-cpu"]["status"] == "ok"


def test_a_killed_run_is_resumed_without_measuring_a_finished_cell_again(rogues, kmbench, tmp_path):
    study = tmp_path / "two.toml"
    study.write_text(
        'threads = [1]\nrepeats = 2\nbackends = "numpy-lloyd,sound"\n'
        '[[cases]]\ndata = ["digits:limit=500"]\nk = [3]\n'
        '[[cases]]\ndata = ["digits:limit=500"]\nk = [4]\nbackends = "sleeps"\n'
    )
    folder = tmp_path / "out"
    command = [sys.executable, "-P", "-m", "kmbench", "run", str(study), "--output", str(folder), "--no-report"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=rogues, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    records = folder / "records.jsonl"
    deadline = time.monotonic() + 120
    while not records.exists() or records.read_text().count('"outcome"') < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = read_records(folder)
    with records.open("a") as file:
        file.write('{"torn": ')

    changed = kmbench("run", study, "--output", folder, "--resume", "--timeout", 3)
    assert changed.returncode == 2
    assert "another study: timeout" in changed.stderr
    study.write_text(study.read_text().replace("repeats", "timeout = 600.0\nrepeats"))
    again = subprocess.Popen(
        [*command, "--resume"],
        cwd=tmp_path,
        env=rogues,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        # A shell's background jobs ignore the signal, and so would all that they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    for line in again.stderr:
        if "[1/1]" in line:
            break
    again.send_signal(signal.SIGINT)
    rest = again.communicate(timeout=60)[1]
    assert "--resume" in rest
    assert again.returncode == 130
    after = read_records(folder)
    assert after[: len(before)] == before
    assert {r.key.k for r in after[len(before) :]} <= {4}


def test_no_worker_outlives_a_killed_run(rogues, tmp_path):
    import psutil

    arguments = (*SMALL, "--backends", "sleeps", "--output", tmp_path / "out")
    command = [sys.executable, "-P", "-m", "kmbench", *map(str, arguments)]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=rogues, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    workers = []
    while not workers:
        assert time.monotonic() < deadline
        children = psutil.Process(process.pid).children()
        workers = [child for child in children if "kmbench.runner.worker" in child.cmdline()]
        time.sleep(0.05)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive


def test_a_notebook_gets_results_and_data_frames(tmp_path):
    import kmbench

    cells = kmbench.run(
        data="digits:limit=300", k=[3], backends="numpy-lloyd", threads=1, repeats=2, output=tmp_path / "out"
    )
    assert list(cells["status"]) == ["ok"]
    assert cells.folder == tmp_path / "out"
    assert repr(cells).startswith("<Results: 1 cell. On digits")
    samples = load_records(tmp_path / "out")
    *fits, quality, memory, outcome = samples["kind"]
    assert set(fits) == {RecordKind.FIT}
    assert (quality, memory, outcome) == (RecordKind.QUALITY, RecordKind.MEMORY, RecordKind.OUTCOME)
    assert list(samples["epoch"].dropna().unique()) == [0, 1]
    loaded = load_cells(tmp_path / "out")
    assert loaded["fit_seconds"].iloc[0] == cells["fit_seconds"].iloc[0]


def test_a_native_run_takes_the_libraries_defaults(kmbench):
    process = kmbench(
        *SMALL, "--protocol", "native", "--backends", "sklearn-lloyd,sklearn-minibatch,faiss-cpu", "--json"
    )
    rows = rows_of(process)
    assert {row["status"] for row in rows.values()} == {"ok"}
    assert rows["sklearn-lloyd"]["settings"]["init"] == "k-means++"
    assert rows["faiss-cpu"]["settings"]["max_points_per_centroid"] == 256
    assert min(row["inertia_ratio"] for row in rows.values()) == 1.0


def test_a_run_in_slices_begins_no_case_after_its_time_and_goes_on_from_there(kmbench, tmp_path):
    command = ("run", "--data", "digits:limit=300", "--k", "2,3", "--threads", 1, "--repeats", 1, "--output", "out")
    command += ("--backends", "numpy-lloyd", "--no-report")
    first = kmbench(*command, "--stop-after", "0.001")
    assert first.returncode == 3
    assert "1 case left: continue with --resume" in " ".join(first.stderr.split())
    assert {record.key.k for record in read_records(tmp_path / "out")} == {2}
    rest = kmbench(*command, "--resume", "--stop-after", 600)
    assert rest.returncode == 0
    assert {record.key.k for record in read_records(tmp_path / "out")} == {2, 3}


def test_a_row_names_the_engine_that_did_the_work_instead(kmbench):
    pytest.importorskip("sklearnex")
    command = ("run", "--data", "digits:limit=300", "--k", 1, "--threads", 1, "--repeats", 1, "--no-report")
    done = kmbench(*command, "--backends", "sklearnex,sklearn-lloyd")
    assert done.returncode == 0
    assert "sklearnex: scikit-learn did the work: oneDAL has no k=1" in " ".join(done.stdout.split())
