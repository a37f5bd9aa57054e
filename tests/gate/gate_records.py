"""Records of two revisions that took turns, with times, memory and answers as a test wants them."""

import dataclasses

import numpy as np

from kmbench.records import CellKey, Record, RecordKind, Status

KEY = CellKey(
    dataset="blobs",
    dataset_fingerprint="0",
    n=1000,
    d=2,
    k=2,
    iterations=10,
    protocol="matched",
    seed=0,
    threads=1,
    backend="numpy-lloyd",
)

ANSWER = {"inertia": 100.0, "matched_agreement": 1.0, "n_iter": 10}


def cell(revision, *, seconds=0.05, noise=0.02, epochs=8, memory=10_000_000, status=Status.OK, seed=None, **changes):
    """Return the records of one cell; `changes` are of its key or its answer."""
    key_changes = {name: changes.pop(name) for name in list(changes) if name in CellKey.__dataclass_fields__}
    key = dataclasses.replace(KEY, revision=revision, **key_changes)
    common = {"key": key, "session": 0, "host": "h", "at": "t"}
    rng = np.random.default_rng(abs(hash((revision, key.backend))) % 2**32 if seed is None else seed)
    found = []
    for epoch in range(epochs):
        s = seconds * float(rng.lognormal(0, noise)) if noise else seconds
        found.append(
            Record(kind=RecordKind.FIT, epoch=epoch, round=0, fit_seconds=s, fit_predict_seconds=s, **common)
        )
    found.append(Record(kind=RecordKind.QUALITY, **(ANSWER | changes), **common))
    if memory is not None:
        found.append(Record(kind=RecordKind.MEMORY, peak_extra_bytes=memory, **common))
    reason = None if status is Status.OK else "why"
    found.append(Record(kind=RecordKind.OUTCOME, status=status, reason=reason, **common))
    return found
