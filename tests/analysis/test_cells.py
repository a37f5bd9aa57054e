"""From records to the rows of the table."""

import dataclasses

import pytest

from kmbench.analysis.run import Run
from kmbench.records import CellKey, Record, RecordKind, Status

KEY = CellKey(
    dataset="digits",
    dataset_fingerprint="0",
    n=10,
    d=2,
    k=3,
    iterations=10,
    protocol="matched",
    seed=0,
    threads=1,
    backend="sklearn-lloyd",
)


def line(backend, kind, session=0, **figures):
    key = dataclasses.replace(KEY, backend=backend)
    return Record(kind=kind, key=key, session=session, host="h", at="t", **figures)


def measured(backend, times, status=Status.OK, session=0):
    fits = [
        line(backend, RecordKind.FIT, session, epoch=r, round=0, fit_seconds=t / 2, fit_predict_seconds=t)
        for r, t in enumerate(times)
    ]
    quality = line(backend, RecordKind.QUALITY, session, inertia=5.0, ari=1.0, n_iter=10)
    return [*fits, quality, line(backend, RecordKind.OUTCOME, session, status=status)]


def test_times_are_medians_and_speedups_are_paired_by_round():
    rows = Run(records=measured("sklearn-lloyd", [2.0, 4.0, 8.0]) + measured("numpy-lloyd", [1.0, 2.0, 4.0])).cells
    assert [row.backend for row in rows] == ["numpy-lloyd", "sklearn-lloyd"]
    fast, base = rows
    assert (fast.fit_predict_seconds, fast.fit_seconds) == (2.0, 1.0)
    assert (fast.fit_predict_seconds_low, fast.fit_predict_seconds_high) == (1.0, 4.0)
    assert fast.speedup == pytest.approx(2.0)
    assert base.speedup == pytest.approx(1.0)
    assert {row.baseline for row in rows} == {"sklearn-lloyd"}


def test_an_invalid_row_is_never_compared_and_never_the_baseline():
    rows = Run(records=measured("sklearn-lloyd", [2.0], Status.INVALID) + measured("numpy-lloyd", [1.0])).cells
    sound, wrong = rows
    assert wrong.status is Status.INVALID
    assert wrong.speedup is None
    assert wrong.fit_predict_seconds == 2.0
    assert sound.baseline == "numpy-lloyd"


def test_the_baseline_can_be_chosen():
    records = measured("sklearn-lloyd", [2.0]) + measured("numpy-lloyd", [1.0])
    assert Run(records=records, study={"baseline": "numpy-lloyd"}).cells[1].speedup == pytest.approx(0.5)


def test_samples_of_a_session_that_was_cut_off_do_not_count():
    torn = measured("numpy-lloyd", [100.0, 100.0])[:2]
    rows = Run(records=torn + measured("numpy-lloyd", [1.0, 1.0, 1.0], session=1)).cells
    assert (rows[0].samples, rows[0].fit_predict_seconds) == (3, 1.0)


def test_fits_of_different_sessions_did_not_take_turns_and_are_not_paired():
    rows = Run(records=measured("sklearn-lloyd", [2.0, 2.0]) + measured("numpy-lloyd", [1.0, 1.0], session=1)).cells
    assert [row.status for row in rows] == [Status.OK] * 2
    assert rows[0].speedup is None


def test_a_cell_without_an_outcome_is_not_a_row():
    assert Run(records=measured("numpy-lloyd", [1.0])[:-1]).cells == []


def test_a_failed_cell_is_a_row_with_its_reason():
    failed = line("numpy-lloyd", RecordKind.OUTCOME, status=Status.CRASHED, reason="died", output="boom")
    row = Run(records=[failed, *measured("sklearn-lloyd", [1.0])]).cells[1]
    assert (row.status, row.reason, row.output, row.samples) == (Status.CRASHED, "died", "boom", 0)


def test_the_epoch_is_the_unit_and_disturbed_fits_count_only_where_there_is_no_other():
    records = [
        line("numpy-lloyd", RecordKind.FIT, epoch=e, round=r, contaminated=c, fit_predict_seconds=t)
        for e, r, c, t in [
            (0, 0, False, 1.0),
            (0, 1, False, 3.0),
            (1, 0, True, 50.0),
            (1, 0, False, 4.0),
            (2, 0, True, 9.0),
        ]
    ]
    (row,) = Run(records=[*records, line("numpy-lloyd", RecordKind.OUTCOME)]).cells
    assert (row.epochs, row.samples) == (3, 5)
    assert row.fit_predict_seconds == 4.0
    assert (row.fit_predict_seconds_low, row.fit_predict_seconds_high) == (2.0, 9.0)
    assert row.contaminated_share == pytest.approx(0.4)


def test_a_verdict_needs_the_whole_interval():
    base = [1.00, 1.01, 0.99, 1.02, 0.98]
    rows = Run(records=measured("sklearn-lloyd", base) + measured("numpy-lloyd", [x / 2 for x in base])).cells
    assert rows[0].verdict == "faster"
    assert rows[1].verdict is None
    noisy = Run(records=measured("sklearn-lloyd", base) + measured("numpy-lloyd", [0.5, 2.0, 0.6, 1.5, 0.9])).cells
    assert {row.backend: row.verdict for row in noisy}["numpy-lloyd"] == "inconclusive"
