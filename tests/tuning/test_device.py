"""`--device cuda`: with stand-ins for the copy to a GPU, what is searched there, what is refused, what is written."""

import dataclasses
import json
import runpy
import subprocess
import sys
from types import SimpleNamespace

import faiss
import numpy as np
import pytest
from in_process import InProcess

import kmbench
from kmbench.backends.faiss_build import why_no_gpu
from kmbench.errors import TuneError
from kmbench.tuning.api import TuningOptions, tune_on
from kmbench.tuning.deployment.check import check_deployment
from kmbench.tuning.deployment.recipe import read_recipe
from kmbench.tuning.index.cache import write_servable
from kmbench.tuning.index.kinds import build_ivf, parse_kinds
from kmbench.tuning.problem.constraints import Constraints
from kmbench.tuning.problem.data import Sources
from kmbench.tuning.problem.device import copy_lists_to_gpu, most_nprobe
from kmbench.tuning.problem.host import Host
from kmbench.tuning.recall.curve import one_pass
from kmbench.tuning.report.check import check_rows
from kmbench.tuning.report.page import render_tune_page
from kmbench.tuning.report.words import answer, loosen_sentences
from kmbench.tuning.timing.worker import SearchWorker

K = 10


class Forgetful(InProcess):
    """One that loses half of what a search of all queries finds."""

    def request(self, command, **given):
        told = super().request(command, **given)
        if command == "search":
            found = np.load(given["output"])
            found[:, ::2] = -1
            np.save(given["output"], found)
        return told


WITH_GPU = Host(spawn=InProcess, why_no_gpu=lambda: None, gpu_name=lambda: "NVIDIA Stand-in")
WITHOUT_GPU = dataclasses.replace(WITH_GPU, why_no_gpu=lambda: "FAISS sees no GPU")


def tuned(x, first_query, recall, *, host=WITH_GPU, metric=None, save=None, **options):
    """Tune for the rows before the first query, asked for 10 neighbours of those from it on."""
    return tune_on(
        host,
        Sources(data=x[:first_query], queries=x[first_query:], metric=metric),
        Constraints(recall=recall, at=10),
        TuningOptions(threads=1, epochs=1, **options),
        save=save,
    )


@pytest.fixture
def gpu(monkeypatch, tmp_path):
    """A GPU that is none: the copy is made on the CPU, and the original emptied, so that only the copy can answer."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    copied = []

    class Options:
        use_cuvs = "untouched"

    def index_cpu_to_gpu(resources, number, index, options):
        assert (number, options.use_cuvs) == (0, False)
        assert isinstance(index, faiss.IndexIVF), "FAISS copies no other part of a servable index"
        copy = faiss.clone_index(index)
        index.reset()
        copied.append(copy)
        return copy

    monkeypatch.setattr(faiss, "StandardGpuResources", object, raising=False)
    monkeypatch.setattr(faiss, "GpuClonerOptions", Options, raising=False)
    monkeypatch.setattr(faiss, "index_cpu_to_gpu", index_cpu_to_gpu, raising=False)
    return copied


def written(searched, kind_name, tmp_path):
    """Write an index as a server gets it; return its file, its queries as a user has them, and the IVF index."""
    kind = parse_kinds(kind_name, searched.base.shape[1], len(searched.base))[0]
    ivf = build_ivf(kind, searched.quantizer, searched.base, searched.list_of_row, searched.space)
    path, queries = tmp_path / "index.faiss", tmp_path / "queries.npy"
    write_servable(kind, ivf, searched.base, SimpleNamespace(space=searched.space), path)
    raw = searched.queries if searched.space.shift is None else searched.queries + searched.space.shift
    np.save(queries, raw)
    return path, queries, ivf


@pytest.mark.parametrize("data", ["clustered", "far from the origin", "cosine", "ip"])
@pytest.mark.parametrize("kind", ["flat", "sq8", "pq4"])
def test_the_copy_is_searched_behind_the_transform_with_the_nprobe_that_was_set(searched, gpu, tmp_path, data, kind):
    made = searched(data)
    path, queries, ivf = written(made, kind, tmp_path)
    worker = SearchWorker()
    told = worker.open(str(path), str(queries), K, 1, "cuda")
    assert told["ntotal"] == len(made.base)
    assert len(gpu) == 1
    for nprobe in (1, 5):
        worker.search(nprobe, 1, str(tmp_path / "found.npy"))
        ivf.nprobe = nprobe
        expected = ivf.search(made.queries, K)[1]
        found = np.load(tmp_path / "found.npy")
        assert (found == expected).mean() > 0.99  # a rounded shift moves a tie
        assert gpu[0].nprobe == nprobe
    assert np.shape(worker.single(2, 1, [0, 1, 2], 2)["seconds"]) == (2, 3)
    assert worker.batch(2, 1)["seconds"] > 0


def test_on_the_cpu_nothing_is_copied(searched, gpu, tmp_path):
    path, queries, _ = written(searched("clustered"), "flat", tmp_path)
    worker = SearchWorker()
    worker.open(str(path), str(queries), K, 1)
    assert gpu == []


@pytest.mark.parametrize(
    ("kinds", "d", "words"),
    [
        ("flat,pq24+refine", 96, "--index pq24+refine with --device cuda: FAISS re-ranks on the CPU only"),
        ("sq8+refine", 96, "leave +refine out, or use --device cpu"),
        ("pq6", 96, "not support codes of 6 bytes; use one of 1, 2, 3, 4, 8, 12, 16, 24, 32, 48, or --device cpu"),
        ("pq96", 192, "not support codes of 96 bytes"),
        ("sq8", 8192, "at most 6,143 columns; use flat or fp16"),
        ("sq4", 6144, "at most 6,143 columns"),
    ],
)
def test_kinds_that_faiss_has_not_on_a_gpu_are_refused_with_the_mend(kinds, d, words):
    with pytest.raises(TuneError) as raised:
        parse_kinds(kinds, d, 1000, "cuda")
    assert words in str(raised.value)
    assert parse_kinds(kinds, d, 1000)  # the CPU has them


@pytest.mark.parametrize(("d", "m"), [(96, 24), (768, 48), (100, 20), (128, 32), (7, 1)])
def test_pq_alone_takes_a_code_length_that_the_gpu_knows(d, m):
    assert [kind.name for kind in parse_kinds("pq,flat,fp16", d, 1000, "cuda")] == [f"pq{m}", "flat", "fp16"]


def test_bounds_of_the_gpu_are_told_before_anything_is_read(tmp_path):
    missing, on_gpu = Sources(data=tmp_path / "missing.npy"), TuningOptions(device="cuda")
    with pytest.raises(TuneError, match="--at 2049: FAISS's GPU indexes return at most 2,048 neighbours"):
        tune_on(WITH_GPU, missing, Constraints(recall=0.9, at=2049), on_gpu)
    with pytest.raises(TuneError, match="--device cuda cannot be used here: FAISS sees no GPU"):
        tune_on(WITHOUT_GPU, missing, Constraints(recall=0.9, at=10), on_gpu)
    with pytest.raises(TuneError, match="--device tpu: unknown device; use cpu or cuda"):
        kmbench.tune(tmp_path / "missing.npy", device="tpu")


def test_nprobe_beyond_the_gpus_limit_is_left_out_of_the_curve(searched):
    assert most_nprobe("cuda", 4096) == 2048
    assert most_nprobe("cuda", 512) == 512
    assert most_nprobe("cpu", 4096) == 4096
    made = searched("clustered")
    whole = one_pass(made.quantizer, made.queries, made.truth.ids, made.list_of_row, 10)
    part = whole.up_to(7)
    assert len(part) == len(part.scanned) == part.scanned_quantiles.shape[1] == 7
    np.testing.assert_array_equal(part.recall, whole.recall[:7])


def vectors(n, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(30, 12))
    return (centres[rng.integers(30, size=n)] + 0.4 * rng.normal(size=(n, 12))).astype(np.float32)


def test_a_deployment_for_the_gpu_says_so_and_serves_from_it(gpu, tmp_path, capsys, monkeypatch):
    x = vectors(3000)
    folder = tmp_path / "saved"
    result = tuned(x, 2800, 0.9, nlist="16", metric="cosine", device="cuda", save=folder)
    assert result.target_met
    assert result.verified_recall == pytest.approx(result.choice.option.recall, abs=1e-3)
    assert "queries/s in batches on NVIDIA Stand-in" in answer(result)
    page = render_tune_page(result)
    assert "searched on NVIDIA Stand-in" in page
    assert "on one thread" not in page
    recipe = read_recipe(folder)
    assert (recipe.device, recipe.gpu) == ("cuda", "NVIDIA Stand-in")
    before = len(gpu)
    assert before >= 3  # timed for the cost model, timed once more or twice, and checked: everything on the GPU
    monkeypatch.setattr(sys, "argv", ["serve.py"])
    runpy.run_path(str(folder / "serve.py"), run_name="__main__")
    assert len(gpu) == before + 1
    served = capsys.readouterr().out
    assert f"2800 vectors of 12 columns, nlist=16, nprobe={recipe.nprobe}" in served
    exact = np.argsort(
        -(x[2800] / np.linalg.norm(x[2800])) @ (x[:2800] / np.linalg.norm(x[:2800], axis=1)[:, None]).T
    )
    assert f"query 0: rows [{exact[0]}" in served
    np.save(tmp_path / "queries.npy", x[2800:])
    found = check_deployment(folder, str(tmp_path / "queries.npy"), epochs=1, host=WITH_GPU)
    assert len(gpu) > before + 2
    assert found.target_met
    assert ("searched on", "NVIDIA Stand-in", "NVIDIA Stand-in") in check_rows(found)
    before = len(gpu)
    elsewhere = check_deployment(folder, str(tmp_path / "queries.npy"), device="cpu", epochs=1, host=WITH_GPU)
    assert len(gpu) == before
    assert ("searched on", "NVIDIA Stand-in", "CPU") in check_rows(elsewhere)
    assert "compare the recall, not the times" in str(elsewhere.notes[0])


def test_a_search_that_finds_less_than_the_curve_promised_does_not_meet_the_target(gpu):
    host = dataclasses.replace(WITH_GPU, spawn=Forgetful)
    result = tuned(vectors(3000), 2800, 0.9, host=host, nlist="16", device="cuda")
    assert not result.target_met
    assert result.verified_recall == pytest.approx(result.choice.option.recall / 2, abs=0.05)
    told = " ".join(loosen_sentences(result))
    assert f"found {result.verified_recall:.4f}: ask for a little more, or use --device cpu" in told


def test_recipes_without_a_device_mean_the_cpu_and_others_refuse_where_there_is_no_gpu(gpu, tmp_path):
    x = vectors(1500)
    folder = tmp_path / "saved"
    tuned(x, 1400, 0.8, nlist="8", save=folder)
    path = folder / "recipe.json"
    stored = json.loads(path.read_text())
    assert stored["device"] == "cpu"
    path.write_text(json.dumps({name: value for name, value in stored.items() if name not in ("device", "gpu")}))
    assert read_recipe(folder).device == "cpu"
    assert 'DEVICE = "cpu"' in (folder / "serve.py").read_text()
    np.save(tmp_path / "queries.npy", x[1400:])
    found = check_deployment(folder, str(tmp_path / "queries.npy"), epochs=1, host=WITH_GPU)
    assert gpu == []
    assert "searched on" not in [row[0] for row in check_rows(found)]
    path.write_text(json.dumps(stored | {"device": "cuda"}))
    with pytest.raises(TuneError, match="was tuned for a GPU, and there is none here: FAISS sees no GPU; or use"):
        check_deployment(folder, str(tmp_path / "missing.npy"), host=WITHOUT_GPU)
    path.write_text(json.dumps(stored | {"index": "sq8+refine"}))
    with pytest.raises(TuneError, match="FAISS re-ranks on the CPU only"):
        check_deployment(folder, str(tmp_path / "missing.npy"), device="cuda", host=WITH_GPU)


@pytest.mark.gpu
@pytest.mark.skipif(why_no_gpu() is not None, reason=str(why_no_gpu()))
@pytest.mark.parametrize(
    ("index", "metric", "offset"), [("flat", "l2", 50), ("flat", "cosine", 0), ("fp16,sq8,sq4,pq4", "ip", 0)]
)  # fmt: skip
def test_a_gpu_finds_what_the_curve_and_the_cpu_find(tmp_path, monkeypatch, index, metric, offset):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    x = vectors(20_000) + np.float32(offset)
    base, queries = x[:19_500], x[19_500:]
    folder, asked = tmp_path / "saved", tmp_path / "queries.npy"
    np.save(asked, queries)
    result = kmbench.tune(
        base, asked, recall=0.8, at=10, nlist="64", index=index, metric=metric, epochs=1, device="cuda", save=folder
    )
    # Lists and codes are those of the CPU; float32 sums in another order move a neighbour now and then.
    assert result.verified_recall == pytest.approx(result.choice.option.recall, abs=0.003)
    on_gpu = check_deployment(folder, str(asked), epochs=1) if index == "flat" else None
    stored = faiss.read_index(str(folder / "index.faiss"))
    on_cpu = stored.search(queries, 10)[1]
    command = [sys.executable, "-P", str(folder / "serve.py"), str(asked)]
    served = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lists, _, kept = copy_lists_to_gpu(faiss, faiss.read_index(str(folder / "index.faiss")))[0:3]
    found = lists.search(queries, 10)[1]
    assert kept
    shared = np.mean([len(set(a) & set(b)) for a, b in zip(found.tolist(), on_cpu.tolist(), strict=True)]) / 10
    assert shared > 0.99
    assert f"nprobe={result.choice.option.nprobe}" in served
    assert on_gpu is None or on_gpu.recall == pytest.approx(result.verified_recall, abs=0.003)
