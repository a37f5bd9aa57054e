"""Which pairs of a run share their variance, and what a row then says of its interval."""

import dataclasses

import numpy as np
import pytest

from kmbench.analysis.run import Run
from kmbench.comparison import MOST_PRIOR_FREEDOM, paired_ratio, pooled_prior
from kmbench.records import CellKey, Record, RecordKind, Status

KEY = CellKey(
    dataset="digits", dataset_fingerprint="0", n=10, d=2, k=3, iterations=10, protocol="matched", seed=0, threads=1,
    backend="base",
)  # fmt: skip


def cell(backend, times, settings=None, status=Status.OK, **key):
    own = dataclasses.replace(KEY, backend=backend, **key)

    def line(kind, **figures):
        return Record(kind=kind, key=own, session=0, host="h", at="t", **figures)

    fits = [line(RecordKind.FIT, epoch=e, round=0, fit_predict_seconds=t) for e, t in enumerate(times)]
    return [*fits, line(RecordKind.OUTCOME, status=status, settings=settings)]


def times_of(seed, epochs=3):
    return list(np.random.default_rng(seed).lognormal(0.0, 0.1, epochs))


def run_of(pairs, **key):
    """Return the records of a baseline and so many backends."""
    records = cell("base", times_of(0), **key)
    for number in range(pairs):
        records += cell(f"b{number}", times_of(number + 1), **key)
    return records


def intervals(records):
    run = Run(records=records, study={"baseline": "base"})
    return {(row.threads, row.label): row.interval for row in run.cells}


def test_five_pairs_share_their_variance_and_four_do_not():
    five, four = intervals(run_of(5)), intervals(run_of(4))
    assert five[1, "b0"]["method"] == "moderated t"
    assert five[1, "b0"]["pooled_pairs"] == 5
    assert 0 < five[1, "b0"]["prior_degrees_of_freedom"] <= MOST_PRIOR_FREEDOM
    assert four[1, "b0"] == {"method": "t", "degrees_of_freedom": 2}
    assert five[1, "base"] is None


def test_the_interval_of_a_row_is_moderated_by_the_variances_of_all():
    run = Run(records=run_of(6), study={"baseline": "base"})
    pairs = [(times_of(0), times_of(number + 1)) for number in range(6)]
    prior = pooled_prior([float(np.var(np.log(np.divide(a, b)), ddof=1)) for a, b in pairs], [2] * 6)
    rows = {row.label: row for row in run.cells}
    expected = paired_ratio(*pairs[2], prior)
    assert rows["b2"].speedup_low == pytest.approx(expected.low)
    assert rows["b2"].speedup_high == pytest.approx(expected.high)
    assert rows["base"].speedup_low == rows["base"].speedup_high == 1


def test_a_ratio_to_another_row_is_found_as_that_of_the_table():
    case = Run(records=run_of(5), study={"baseline": "base"}).cases[0]
    rows = {row.label: row for row in case.rows}
    ratio = case.ratio(rows["b1"], rows["base"])
    assert (ratio.low, ratio.high) == (rows["b1"].speedup_low, rows["b1"].speedup_high)


def test_other_threads_are_another_kind():
    found = intervals(run_of(5) + run_of(3, threads=2))
    assert found[1, "b0"]["pooled_pairs"] == 5
    assert found[2, "b0"]["method"] == "t"


def test_rows_of_a_gpu_are_another_kind():
    gpu = [line for n in range(3) for line in cell(f"gpu{n}", times_of(9 + n), {"residence": "device"})]
    found = intervals(run_of(5) + gpu)
    assert found[1, "b0"]["pooled_pairs"] == 5
    assert found[1, "gpu0"]["method"] == "t"


def test_what_is_not_compared_tells_nothing_of_the_variance():
    wrong = cell("wrong", times_of(7), status=Status.INVALID)
    once = cell("once", times_of(8, epochs=1))
    found = intervals(run_of(4) + wrong + once)
    assert found[1, "b0"]["method"] == "t"
    assert found[1, "once"] is None
