"""Run folders made of records in code, as a run would leave them."""

import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kmbench.records import CellKey, Record, RecordKind, Status

POOLS = [
    {
        "library": "libgomp.so.1.0.0",
        "user_api": "openmp",
        "internal_api": "openmp",
        "version": None,
        "num_threads": 2,
    },
    {
        "library": "libopenblas.so",
        "user_api": "blas",
        "internal_api": "openblas",
        "version": "0.3.30",
        "threading_layer": "pthreads",
        "architecture": "SkylakeX",
        "num_threads": 2,
    },
]

HOST = {
    "cpu": {
        "model": "AMD EPYC 9R45",
        "vendor": "AuthenticAMD",
        "family": "26",
        "flags": ["avx", "avx2", "avx512f", "fma"],
    },
    "logical_cores": 2,
    "affinity_cores": 2,
    "cpu_quota_cores": None,
    "memory_bytes": 25_282_000_000,
    "memory_limit_bytes": None,
    "gpus": [],
    "system": "Linux",
    "machine": "x86_64",
    "kernel": "6.18.5",
    "libc": "glibc 2.36",
    "python": {"version": "3.11.7", "implementation": "CPython"},
    "packages": {"kmbench": "0.1.0", "numpy": "2.4.6", "scikit-learn": "1.9.1", "faiss-cpu": "1.15.1"},
    "environment": {"OPENBLAS_CORETYPE": "Haswell"},
    "git": {"commit": "52f961a0c1", "dirty": False},
    "load_average": [0.4, 0.3, 0.2],
    "at": "2026-01-31T10:12:00+00:00",
    "fingerprint": "0123abcd",
}


@dataclass(kw_only=True)
class Case:
    """A case under construction; `cell` adds the records of one backend."""

    dataset: str = "digits"
    n: int = 1797
    d: int = 64
    k: int = 10
    iterations: int | None = 10
    protocol: str = "matched"
    threads: int = 1
    workload: str | None = None
    records: list[Record] = field(default_factory=list)

    def key(self, backend, parameters=None, revision=None):
        names = ("dataset", "n", "d", "k", "iterations", "protocol", "threads", "workload")
        shared = {name: getattr(self, name) for name in names}
        fingerprint = "00112233aabbccdd"
        return CellKey(
            **shared,
            dataset_fingerprint=fingerprint,
            seed=0,
            backend=backend,
            parameters=parameters or {},
            revision=revision,
        )

    def cell(
        self,
        backend,
        seconds=None,
        *,
        status=Status.OK,
        reason=None,
        rounds=5,
        noise=0.02,
        ratio=1.0,
        parameters=None,
        output=None,
        settings=None,
        labels_in_fit=True,
        pools=None,
        revision=None,
        **quality: Any,
    ):
        """Add a cell that took about `seconds`, or one that never ran where that is None."""
        key = self.key(backend, parameters, revision)
        shared = {"key": key, "session": 0, "host": "0123abcd", "backend_version": quality.pop("version", "1.0")}
        shared |= {"iterations_given": self.iterations}
        draw = random.Random(f"{backend}{parameters}{self.dataset}")

        def add(kind, **figures):
            at = f"2026-01-31T10:{12 + len(self.records) // 60:02d}:{len(self.records) % 60:02d}.000+00:00"
            self.records.append(Record(kind=kind, at=at, **shared, **figures))

        for number in range(rounds if seconds is not None else 0):
            whole = seconds * (1 + draw.uniform(-noise, noise))
            assign = 0.12 * whole
            fit = whole if labels_in_fit else whole - assign
            add(
                RecordKind.FIT,
                epoch=number,
                round=0,
                order=0,
                loops=1,
                fit_seconds=fit,
                assign_seconds=assign,
                fit_predict_seconds=whole,
                fit_predict_cpu_seconds=2 * whole,
                prepare_seconds=1e-4,
            )
        ended = seconds is not None and status in (Status.OK, Status.INVALID)
        if ended:
            known = {"inertia": 1.165e6 * ratio, "reference_inertia": 1.165e6, "inertia_ratio": ratio}
            known |= {
                "reference": "numpy-lloyd[precision=float64]",
                "ari": 1.0,
                "matched_agreement": 1.0,
                "empty_clusters": 0,
                "n_iter": self.iterations,
            } | quality
            add(RecordKind.QUALITY, status=status, reason=reason, **known)
        if ended and status is Status.OK:
            bytes_ = 4 * self.n * self.d
            add(RecordKind.MEMORY, peak_extra_bytes=int(bytes_ * draw.uniform(0.2, 2.5)), input_bytes=bytes_)
        settings = settings or ({"n_init": 1, "max_iter": self.iterations, "init": "given"} if ended else None)
        add(
            RecordKind.OUTCOME,
            status=status,
            reason=reason,
            output=output,
            settings=settings,
            pools=pools or (POOLS if ended else None),
        )
        return self


def write_run(folder: Path, *cases: Case, host: Any = HOST, study: str | None = 'name = "quick"\n') -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [record.to_line() + "\n" for case in cases for record in case.records]
    (folder / "records.jsonl").write_text("".join(lines), encoding="utf-8")
    if host is not None:
        (folder / "host.json").write_text(json.dumps(host), encoding="utf-8")
    if study is not None:
        (folder / "study.toml").write_text(study, encoding="utf-8")
    return folder


def mixed_cases() -> list[Case]:
    """Two cases in which something of every kind happened."""
    digits = Case()
    digits.cell("sklearn-lloyd", 0.0164, version="1.9.1")
    digits.cell("numpy-lloyd", 0.0124, version="0.1.0")
    digits.cell("faiss-cpu", 0.0142, ratio=1.00002, ari=0.998, matched_agreement=0.9994, labels_in_fit=False)
    digits.cell(
        "faiss-ivf",
        0.0061,
        parameters={"nlist": 16, "nprobe": 1},
        ratio=1.032,
        ari=0.871,
        matched_agreement=0.914,
        labels_in_fit=False,
        version="1.15.1",
    )
    digits.cell(
        "sklearn-elkan", 0.022, noise=0.1, reason="memory was not measured: ended unexpectedly with exit code 1"
    )
    digits.cell(
        "swift-means",
        0.003,
        status=Status.INVALID,
        reason="inertia is 1.41 times the reference's: the data lies far from the origin, where float32 loses the "
        "distances; use digits:center",
        ratio=1.41,
        ari=0.07,
        matched_agreement=0.07,
    )
    digits.cell("faiss-gpu", status=Status.UNAVAILABLE, reason="no GPU is visible; pip install 'kmbench[gpu]'")
    digits.cell(
        "broken-means",
        0.01,
        rounds=2,
        status=Status.CRASHED,
        reason="died of signal 11 (SIGSEGV)",
        output="Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f (most recent call first):\n"
        '  File "broken_means.py", line 12 in fit',
    )
    blobs = Case(dataset="blobs:n=50000,d=64,centers=256,seed=0", n=50_000, d=64, k=256, threads=2)
    blobs.cell("sklearn-lloyd", 0.412, version="1.9.1", noise=0.04)
    blobs.cell("numpy-lloyd", 0.405, version="0.1.0", noise=0.04)
    blobs.cell("faiss-cpu", 0.731, labels_in_fit=False, version="1.15.1", noise=0.06)
    blobs.cell("sklearn-minibatch", status=Status.SKIPPED, reason="it draws its own rows; only the native protocol")
    blobs.cell(
        "slow-means", 9.0, rounds=1, status=Status.TIMEOUT, reason="stopped after 600 s, the timeout of one step"
    )
    return [digits, blobs]


@pytest.fixture(scope="session")
def new_case():
    return Case


@pytest.fixture(scope="session")
def write():
    return write_run


@pytest.fixture(scope="session")
def many_cases():
    return mixed_cases


@pytest.fixture
def mixed(tmp_path):
    return write_run(tmp_path / "run", *mixed_cases())
