"""Results with figures that are known, as every command would print them: nothing in them is measured here."""

import gzip
import sys
from pathlib import Path

import numpy as np

from kmbench.analysis.run import Run
from kmbench.backends.registry import BackendInfo
from kmbench.choosing.result import ChooseResult, KRow, Pick
from kmbench.colour import QuantizeResult
from kmbench.gate.judge import judge
from kmbench.gate.revisions import Revision
from kmbench.gate.run import GateResult
from kmbench.notes import note
from kmbench.records import parse_records
from kmbench.run_folder import read_host, read_study
from kmbench.segments import SegmentResult
from kmbench.segments.profile import Profile
from kmbench.tuning.choice.choose import TimedOption, choose
from kmbench.tuning.choice.result import TuneResult
from kmbench.tuning.problem.constraints import Constraints
from kmbench.tuning.timing.cost import ModelError

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS / "tuning"), str(TESTS / "gate")]

from gate_records import cell  # noqa: E402
from known_settings import all_settings, measured  # noqa: E402


def golden_run(name):
    """A run that was measured long ago and is kept under tests/golden."""
    folder = TESTS / "golden" / name
    with gzip.open(folder / "records.jsonl.gz") as stream:
        records = list(parse_records(stream.read(), name))
    return Run(records=records, study=read_study(folder), host=read_host(folder))


def tuned(recall=0.95):
    settings, asked = all_settings(), Constraints(recall=recall, at=10)
    choice = choose(settings, asked)
    return TuneResult(
        name="vectors.npy", n=100_000, d=96, asked=asked, choice=choice, measured=measured(2.1e-4, 2.6e-4),
        verified_recall=choice.option.recall, memory_bytes=51_000_000, build_seconds=10.0, settings=settings,
        timed=[TimedOption(option=choice.option, measured=measured(2.1e-4))], batch_error=None,
        single_error=ModelError(mean=0.04, worst=0.09, points=6),
        method="exact", queries=1000, queries_text="queries.npy", truth_text="exact search of all rows", metric="l2",
        backend="faiss-cpu", threads=2, seed=0, lists=[], versions={},
        notes=(note("KM307"), note("KM301", tied=12, queries=1000, k=10)),
    )  # fmt: skip


def chosen():
    def row(k, **figures):
        known = {
            "inertia": 98_000.0 / k, "silhouette_simplified": 0.3 + k / 50, "silhouette": 0.25 + k / 60,
            "silhouette_spread": 0.004, "calinski_harabasz": 400.0 + k, "davies_bouldin": 1.5 - k / 20,
            "bic": 120_345.0 - k, "stability": 0.8, "stability_spread": 0.05, "gap": 0.31, "gap_error": 0.01,
        }  # fmt: skip
        return KRow(k=k, clusters=k, **(known | figures))

    votes = {name: Pick(k=5, counts=True) for name in ("silhouette_simplified", "silhouette", "davies_bouldin")}
    votes["bic"] = Pick(k=6, counts=False, note="at the end of the range")
    return ChooseResult(
        name="customers.csv", n=1500, d=14, recommended=5, reason="", criteria=votes, agreeing=tuple(list(votes)[:3]),
        elbow=4, rows=tuple(row(k) for k in range(2, 7)), backend="numpy-lloyd", seed=0, threads=2, fitted_rows=1500,
        centroids={}, labels=None, notes=(note("KM132"),),
    )  # fmt: skip


def segmented(k=5):
    def profile(number, size):
        means = {"age": 30.0 + 5 * number, "income": 41_250.0 + 9000 * number, "orders_per_year": 2.5 * number}
        return Profile(
            number, size, size / 1500, means, {"age": 6.0, "income": 12_000.0, "orders_per_year": 3.0},
            {"payment": ("store card" if number % 2 else "direct debit", 0.61), "region": ("north-east", 0.34)},
        )  # fmt: skip

    names = ("fax", "second_name", "remark")
    empty = [note("KM101", column=name, reason="it is empty", concerns=[name]) for name in names]
    return SegmentResult(
        labels=np.ones(1500, dtype=np.int32),
        profiles=[profile(0, 1500), *(profile(n, 400 - 40 * n) for n in range(1, k + 1))],
        features=["age", "income", "orders_per_year", "payment=store card"], backend="numpy-lloyd", inertia=1234.5,
        silhouette=0.412, seeds=10, stability=0.91, least_stability=0.83,
        segment_stability=[0.97, 0.93, 0.88, 0.71, 0.55, 0.9, 0.9][:k], written=lambda: iter([b""]),
        notes=(note("KM255", number=5, share=0.55), *empty),
    )  # fmt: skip


def quantized():
    palette = np.array([[25, 22, 15], [197, 212, 229], [241, 245, 251], [69, 62, 44], [112, 104, 76]], dtype=np.uint8)
    return QuantizeResult(
        pixels=np.zeros((427, 640, 3), dtype=np.uint8), palette=palette, shares=np.array([0.4, 0.3, 0.15, 0.1, 0.05]),
        labels=np.zeros((427, 640), dtype=np.int32), space="rgb", backend="numpy-lloyd", psnr_db=24.47, ssim=0.8725,
        delta_e=7.76, colours_before=96_615, file_bytes=53_700, source_bytes=196_653, png=b"",
        notes=(note("KM166", sampled=5000, pixels=273_280),),
    )  # fmt: skip


def listed_backends():
    traits = {
        "exact": True, "device": "cpu", "accepts_init": True, "fixed_iterations": True, "labels_in_fit": True,
        "centres": True, "empty_clusters": "relocate",
    }  # fmt: skip
    nlist = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 1_048_576}, {"type": "null"}], "default": None}
    nlist["description"] = "lists; default: the square root of k"
    device = {
        "enum": ["cpu", "cuda"],
        "type": "string",
        "default": "cpu",
        "description": "where the index is searched",
    }
    return [
        BackendInfo("numpy-lloyd", "2.4.6", "cpu", True, None, "exact Lloyd in NumPy", traits, {}),
        BackendInfo(
            "faiss-gpu-resident", None, "gpu", False, "faiss is not installed: pip install 'kmbench[gpu]'",
            "FAISS search on one GPU where the rows stay", traits | {"device": "gpu"}, {},
        ),
        BackendInfo("sklearn-minibatch", "1.9.1", "cpu", True, None, "steps on random batches",
                    traits | {"exact": False, "fixed_iterations": False}, {}),
        BackendInfo(
            "faiss-ivf", "1.15.1", "cpu or gpu", True, None, "Lloyd with the assignment through a FAISS IVF index",
            traits | {"exact": False, "device": "cpu or gpu", "empty_clusters": "keep", "labels_in_fit": False},
            {"nlist": nlist, "device": device}, ("Rows can get the second nearest centroid.",),
        ),
    ]  # fmt: skip


def gated():
    records = cell("b", noise=0) + cell("h", noise=0, seconds=0.0625)
    records += cell("b", noise=0, backend="sklearn-minibatch") + cell("h", noise=0, backend="sklearn-minibatch")
    revisions = [Revision(name=name, commit="0", subject="", tree=Path()) for name in ("main", "HEAD")]
    return GateResult(
        base=revisions[0], head=revisions[1], margin=0.1, cells=judge(Run(records=records), "b", "h"), repeated=1
    )
