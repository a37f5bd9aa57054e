"""Who is compared with whom, which records count, and what the units of a comparison are."""

import dataclasses

import pytest

from kmbench.comparison import baseline_index, counted_cells, epoch_means, ratio_by_epoch
from kmbench.records import CellKey, Record, RecordKind

KEY = CellKey(
    dataset="x", dataset_fingerprint="0", n=9, d=2, k=3, iterations=5, protocol="matched", seed=0, threads=1,
    backend="numpy-lloyd",
)  # fmt: skip
BACKENDS = ["faiss-cpu", "sklearn-lloyd", "faiss-ivf"]


def record(kind, session=0, backend="numpy-lloyd", **figures):
    key = dataclasses.replace(KEY, backend=backend)
    return Record(kind=kind, key=key, session=session, host="h", at="t", **figures)


def fit(epoch, seconds, contaminated=False, session=0):
    found = {"epoch": epoch, "round": 0, "fit_predict_seconds": seconds, "contaminated": contaminated}
    return record(RecordKind.FIT, session, **found)


@pytest.mark.parametrize(
    ("backends", "wanted", "expected"),
    [
        (BACKENDS, None, 1),  # scikit-learn's Lloyd, wherever it stands
        (BACKENDS, "faiss-ivf", 2),
        (BACKENDS, "faiss-ivf[nlist=2]", 2),  # by its label too
        (BACKENDS, "torch", 1),  # it failed, say
        (["faiss-cpu", "torch"], None, 0),
    ],
)
def test_the_baseline(backends, wanted, expected):
    keys = [dataclasses.replace(KEY, backend=name) for name in backends]
    keys[-1] = dataclasses.replace(keys[-1], parameters={"nlist": 2} if keys[-1].backend == "faiss-ivf" else {})
    assert baseline_index(keys, wanted) == expected


def test_the_records_that_count_are_of_the_session_that_finished_the_cell():
    cut_off = [fit(0, 9.0), record(RecordKind.FIT, backend="faiss-cpu", epoch=0)]
    resumed = [fit(0, 1.0, session=1), record(RecordKind.OUTCOME, 1)]
    (lines,) = counted_cells(cut_off + resumed).values()
    assert lines == resumed, "the other cell has no outcome, and what was cut off is not mixed in"


def test_of_two_outcomes_the_last_counts():
    first, second = ([fit(0, t, session=s), record(RecordKind.OUTCOME, s)] for s, t in ((0, 9.0), (1, 1.0)))
    assert list(counted_cells(first + second).values()) == [second]


def test_epochs_are_the_units_and_sessions_are_kept_apart():
    lines = [fit(0, 1.0), fit(0, 3.0), fit(0, 90.0, True), fit(1, 7.0, True), fit(0, 5.0, session=1)]
    lines += [record(RecordKind.MEMORY, peak_extra_bytes=1), record(RecordKind.FIT, epoch=2)]
    assert epoch_means(lines, "fit_predict_seconds") == {(0, 0): 2.0, (0, 1): 7.0, (1, 0): 5.0}


def test_a_ratio_is_over_the_epochs_that_both_have():
    own, rival = {0: 1.0, 1: 2.0, 3: 50.0}, {0: 2.0, 1: 4.0, 2: 100.0}
    found = ratio_by_epoch(rival, own)
    assert (found.ratio, found.pairs) == (pytest.approx(2.0), 2)
    assert ratio_by_epoch({0: 1.0}, {1: 1.0}) is None
