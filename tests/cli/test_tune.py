"""`kmbench tune` as a user meets it: the answer, the saved index without kmbench, and every bad input in one line."""

import json
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

N, D, QUERIES, K = 6_000, 24, 250, 10


def vectors(n=N + QUERIES, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(60, D))
    return (centres[rng.integers(60, size=n)] + 0.4 * rng.normal(size=(n, D))).astype(np.float32)


def neighbours(base, queries, count=30):
    base, queries = base.astype(np.float64), queries.astype(np.float64)
    base /= np.linalg.norm(base, axis=1, keepdims=True)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    distances = 1 - queries @ base.T
    ids = np.argsort(distances, axis=1, kind="stable")[:, :count]
    return ids.astype(np.int32), np.take_along_axis(distances, ids, 1).astype(np.float32)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with an ann-benchmarks file and a .npy; neighbours found are kept in it too."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    x = vectors()
    base, queries = x[:N], x[N:]
    ids, distances = neighbours(base, queries)
    with h5py.File(tmp_path / "angular.hdf5", "w") as file:
        file["train"], file["test"], file["neighbors"], file["distances"] = base, queries, ids, distances
        file.attrs["distance"] = "angular"
    np.save(tmp_path / "base.npy", base)
    np.save(tmp_path / "queries.npy", queries)
    return tmp_path


@pytest.fixture
def tune(rogues, folder):
    """Run `kmbench tune` and return the finished process."""

    def run(*arguments):
        command = [sys.executable, "-P", "-m", "kmbench", "tune", "--epochs", "1", *map(str, arguments)]
        environment = rogues | {"XDG_CACHE_HOME": str(folder / "cache")}
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)

    return run


SERVED = """
import json, sys
import faiss, numpy as np
index = faiss.read_index(sys.argv[1])
found = index.search(np.load(sys.argv[2]), int(sys.argv[3]))[1]
assert "kmbench" not in sys.modules
print(json.dumps({"found": found.tolist(), "nprobe": faiss.extract_index_ivf(index).nprobe}))
"""


def test_saved_index_meets_its_target_in_plain_faiss(tune, folder):
    process = tune("angular.hdf5", "--recall", 0.9, "--nlist", 48, "--save", "served", "--json", "--no-report")
    assert process.returncode == 0, process.stderr
    told = json.loads(process.stdout)
    assert list(told) == [
        "nlist", "nprobe", "index", "recall", "recall_low", "recall_high", "scanned_vectors",
        "scanned_vectors_p99", "latency_ms", "queries_per_second", "memory_bytes", "bytes_per_vector",
        "build_seconds", "target_met", "recall_at", "frontier", "kinds", "filters", "probes", "range", "notes",
        "note_details",
    ]  # fmt: skip
    assert list(told["latency_ms"]) == ["p50", "p95", "p99"]
    assert list(told["frontier"][0]) == ["nlist", "nprobe", "recall", "scanned_vectors", "scanned_vectors_p99"]
    recipe = json.loads((folder / "served" / "recipe.json").read_text())
    assert (recipe["metric"], recipe["transform"]) == ("cosine", "L2norm")
    command = [sys.executable, "-P", "-c", SERVED, "served/index.faiss", "queries.npy", str(K)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    served = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    answer = json.loads(served.stdout)
    assert answer["nprobe"] == told["nprobe"] == recipe["nprobe"]
    ids, _ = neighbours(np.load(folder / "base.npy"), np.load(folder / "queries.npy"), K)
    recall = np.mean([len(set(a) & set(b)) / K for a, b in zip(ids.tolist(), answer["found"], strict=True)])
    assert told["recall_low"] <= recall <= told["recall_high"]
    assert recall == pytest.approx(told["recall"], abs=1e-3)
    assert told["target_met"]
    assert recall >= 0.9
    example = subprocess.run(
        [sys.executable, "-P", "served/serve.py"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert example.returncode == 0, example.stderr
    again = tune("--check", "served", "--queries", "queries.npy", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["recall"] == pytest.approx(told["recall"], abs=1e-3)
    assert f"6000 vectors of 24 columns, nlist={told['nlist']}, nprobe={told['nprobe']}" in example.stdout


def test_answer_table_page_and_check(tune, folder):
    process = tune(
        "base.npy", "--nlist", 32, "--index", "pq12+refine", "--recall", 0.9, "--save", "d",
        "--output", "p.html",
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    lines = process.stdout.splitlines()
    assert max(len(line) for line in lines if not line.startswith("saved ")) <= 80  # a path is as long as it is
    assert "Use " in process.stdout
    assert "600 rows drawn from the data and left out of it" in " ".join(process.stdout.split())
    page = (folder / "p.html").read_text()
    assert "<svg" in page
    assert "http-equiv" in page
    assert "src=" not in page
    # All rows are served, those too that were queries.
    recipe = json.loads((folder / "d" / "recipe.json").read_text())
    assert recipe["data"]["n"] == N
    same = tune("base.npy", "--check", "d", "--queries", "queries.npy", "--json")
    assert same.returncode == 0, same.stderr
    assert json.loads(same.stdout)["target_met"]
    drifted = np.concatenate([np.load(folder / "base.npy"), vectors(4000, seed=0)[::-1]])
    np.save(folder / "drifted.npy", drifted)
    later = tune("drifted.npy", "--check", "d", "--queries", "queries.npy")
    assert later.returncode == 1
    assert "no longer met" in later.stdout
    assert "4,000 rows of the data are not in the index" in " ".join(later.stdout.split())
    np.save(folder / "other.npy", vectors(N, seed=5))
    other = tune("other.npy", "--check", "d", "--queries", "queries.npy")
    assert other.returncode == 2
    assert "other.npy is not the data that the index was built from" in other.stderr


@pytest.mark.parametrize("index", ["fp16", "pq12x4fs+refine", "pq12x4fs+refine-fp16"])
def test_each_kind_is_served_checked_and_searched_under_a_filter(tune, folder, index):
    np.save(folder / "half.npy", np.arange(N) % 2 == 0)
    arguments = ["base.npy", "--queries", "queries.npy", "--recall", 0.85, "--nlist", 32, "--no-report", "--json"]
    process = tune(*arguments, "--index", index, "--filter", "half.npy", "--save", "d")
    assert process.returncode == 0, process.stderr
    told = json.loads(process.stdout)
    under = told["filters"][0]
    assert under["at_target"]["recall_low"] >= 0.85
    assert under["verified_recall"] == pytest.approx(under["at_target"]["recall"], abs=0.01)
    command = [sys.executable, "-P", "-c", SERVED, "d/index.faiss", "queries.npy", str(K)]
    served = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    base, queries = np.load(folder / "base.npy").astype(float), np.load(folder / "queries.npy").astype(float)
    exact = [np.argsort(np.square(base - q).sum(axis=1))[:K] for q in queries]
    found = json.loads(served.stdout)["found"]
    recall = np.mean([len(set(a.tolist()) & set(b)) / K for a, b in zip(exact, found, strict=True)])
    assert told["recall_low"] <= recall <= told["recall_high"]
    example = subprocess.run([sys.executable, "-P", "d/serve.py"], cwd=folder, capture_output=True, text=True)
    assert example.returncode == 0, example.stderr
    # Without --queries those that were verified are asked, all of them.
    again = tune("base.npy", "--check", "d", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["recall"] == pytest.approx(recall, abs=1e-9)
    filtered = json.loads(tune("base.npy", "--check", "d", "--filter", "half.npy", "--json").stdout)
    assert filtered["nprobe"] == under["at_target"]["nprobe"]
    assert filtered["recall"] == pytest.approx(under["verified_recall"], abs=1e-9)


@pytest.mark.parametrize("rule", ["budget", "damped"])
def test_a_rule_for_the_probes_is_saved_and_checked(tune, folder, rule):
    process = tune(
        "base.npy", "--recall", 0.85, "--nlist", 64, "--probes", rule, "--save", "d", "--json", "--no-report"
    )
    assert process.returncode == 0, process.stderr
    told = json.loads(process.stdout)["probes"]
    assert told["verified_recall"] == pytest.approx(told["recall"], abs=1e-9)
    recipe = json.loads((folder / "d" / "recipe.json").read_text())
    assert recipe["probes"]["rule"] == rule
    assert recipe["saved_queries"] == {
        "count": 600, "of": 600, "origin": "600 rows drawn from the data and left out of it", "drawn": True,
    }  # fmt: skip
    example = subprocess.run([sys.executable, "-P", "d/serve.py"], cwd=folder, capture_output=True, text=True)
    assert example.returncode == 0, example.stderr
    again = tune("base.npy", "--check", "d", "--json")
    assert again.returncode == 0, again.stderr
    assert "drawn from the data" in json.loads(again.stdout)["queries"]


def test_without_a_gpu_the_device_is_refused_in_one_line_before_any_work(tune, folder):
    from kmbench.backends.faiss_build import why_no_gpu

    if why_no_gpu() is None:
        pytest.skip("there is a GPU: pytest -m gpu tests/tuning")
    before = sorted(path.name for path in folder.iterdir())
    process = tune("no-such-file.npy", "--device", "cuda", "--save", "d")
    assert process.returncode == 2
    assert process.stdout == ""
    told = " ".join(process.stderr.split())
    assert told == f"kmbench: --device cuda cannot be used here: {why_no_gpu()}"
    assert sorted(path.name for path in folder.iterdir()) == before


def test_no_setting_meets_the_target(tune):
    process = tune("base.npy", "--nlist", "32", "--recall", 0.9, "--max-latency-ms", 0.0001, "--no-report")
    assert process.returncode == 1
    assert "No setting meets all limits" in process.stdout
    assert "loosen --max-latency-ms" in process.stdout


BAD = {
    "more lists than rows": (["base.npy", "--nlist", "7000"], "more lists than the 5,400 rows"),
    "no number": (["base.npy", "--nlist", "many"], "not a list of whole numbers"),
    "other dimension": (["base.npy", "--queries", "narrow.npy"], "have 12 columns, the data in base.npy has 24"),
    "more neighbours than rows": (["base.npy", "--at", "6000"], "more neighbours than the 5,400 rows"),
    "no neighbour": (["base.npy", "--at", "0"], "at least one neighbour"),
    "nan": (["nan.npy"], "NaN"),
    "nan in queries": (["base.npy", "--queries", "nan.npy"], "NaN"),
    "queries of zeros": (["base.npy", "--queries", "zero.npy", "--metric", "cosine"], "have no direction"),
    "metric": (["base.npy", "--metric", "l1"], "unknown metric; use l2, ip, cosine"),
    "target 1": (["base.npy", "--recall", "1.0"], "not between 0 and 1"),
    "target above 1": (["base.npy", "--recall", "95"], "not between 0 and 1"),
    "truth of other data": (["base.npy", "--queries", "queries.npy", "--truth", "other.ivecs"], "another data set"),
    "truth without queries": (["base.npy", "--truth", "other.ivecs"], "give them with --queries"),
    "truth that is none": (["base.npy", "--queries", "queries.npy", "--truth", "base.npy"], "not the row numbers"),
    "save in use": (["base.npy", "--save", "."], "exists and is not empty"),
    "save on a file": (["base.npy", "--save", "base.npy/x"], "cannot be written"),
    "index": (["base.npy", "--index", "hnsw"], "unknown kind of index"),
    "sub-vectors": (["base.npy", "--index", "pq7"], "24 columns cannot be divided into 7 subvectors"),
    "size": (["base.npy", "--max-memory", "much"], "not a size"),
    "latency": (["base.npy", "--max-latency-ms", "0"], "not above 0"),
    "backend": (["base.npy", "--backend", "nobody"], "unknown backend"),
    "no data": ([], "DATA is missing"),
    "page": (["base.npy", "--output", "page.pdf"], "give a name that ends in .html"),
    "check of nothing": (["--check", "nowhere", "--queries", "queries.npy"], "holds no recipe.json"),
    "filter of other data": (["base.npy", "--filter", "mask.npy"], "mask of 5,999 rows, the data has 6,000"),
    "filter that allows nothing": (["base.npy", "--filter", "nothing.npy"], "allows no row"),
    "filter out of range": (["base.npy", "--filter", "ids.npy"], "names row 6,000"),
    "fast scan that does not divide": (
        ["base.npy", "--index", "pq7x4fs"],
        "24 columns cannot be divided into 7 subvectors",
    ),
    "memory for no kind": (["base.npy", "--index", "auto", "--max-memory", "1K"], "is too small for all kinds"),
    "balance of products": (["base.npy", "--metric", "ip", "--balance", "on"], "--balance on with --metric ip"),
    "budget with fast scan": (
        ["base.npy", "--index", "pq12x4fs", "--probes", "budget"],
        "fast scan ignores a budget",
    ),
    "rule": (["base.npy", "--probes", "some"], "unknown rule"),
    "few rows": (["few.npy"], "too few to draw queries from"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line(tune, folder, case):
    arguments, words = BAD[case]
    base = np.load(folder / "base.npy")
    files = {"narrow": base[:50, :12], "nan": base[:300].copy(), "zero": np.zeros_like(base[:30]), "few": base[:5]}
    files["nan"][7, 1] = np.nan
    files |= {"mask": np.ones(N - 1, bool), "nothing": np.zeros(N, bool), "ids": np.array([3, N])}
    for name, content in files.items():
        np.save(folder / f"{name}.npy", content)
    stored = np.random.default_rng(0).integers(N, size=(QUERIES, 20)).astype("<i4")
    np.hstack([np.full((QUERIES, 1), 20, "<i4"), stored]).tofile(folder / "other.ivecs")
    before = sorted(path.name for path in folder.iterdir())
    process = tune(*arguments)
    assert process.returncode == 2, process.stdout + process.stderr
    message = process.stderr.splitlines()[-1]
    assert message.startswith("kmbench: ")
    assert words in message
    assert "Traceback" not in process.stderr
    assert sorted(path.name for path in folder.iterdir() if path.name != "cache") == before
