"""Time to quality, from ladders worked out by hand."""

import pytest

from kmbench import load_targets
from kmbench.analysis.run import Run
from kmbench.analysis.target import Curve
from kmbench.comparison import Verdict
from kmbench.records import CellKey, Record, RecordKind, Status

RUNGS = (1, 2, 4)


def ladder(backend, seed, seconds, inertias, status=Status.OK, reason=None):
    """Return the records of a backend from one start: a fit and an inertia for each rung, and the outcome."""
    key = CellKey(
        dataset="digits", dataset_fingerprint="0", n=100, d=4, k=3, iterations=RUNGS[-1], protocol="target",
        seed=seed, threads=1, backend=backend,
    )  # fmt: skip
    shared = {"key": key, "session": 0, "host": "h", "at": "2026-01-31T10:00:00+00:00"}
    records = []
    for rung, time, inertia in zip(RUNGS, seconds, inertias, strict=False):
        fit = {"epoch": 0, "round": 0, "fit_predict_seconds": time}
        records.append(Record(kind=RecordKind.FIT, iterations_given=rung, **shared, **fit))
        kind = RecordKind.QUALITY if rung == RUNGS[-1] else RecordKind.RUNG
        found = {"inertia": inertia, "reference_inertia": inertia}
        records.append(Record(kind=kind, iterations_given=rung, **shared, **found))
    outcome = Record(kind=RecordKind.OUTCOME, status=status, reason=reason, iterations_given=RUNGS[-1], **shared)
    return [*records, outcome]


@pytest.fixture
def race():
    records = []
    for seed, end in enumerate((1000.0, 1002.0, 1005.0, 1030.0)):
        objective = (1500.0, 1009.0 if seed < 3 else 1200.0, end)
        records += ladder("sklearn-lloyd", seed, (1.0, 2.0, 4.0), objective)
        slower = 1 + 0.01 * seed
        records += ladder("faiss-cpu", seed, (0.5 * slower, 1.0 * slower, 2.0 * slower), objective)
    (found,) = Run(records=records).races
    return found


def contender_of(race, label):
    return next(one for one in race.contenders if one.label == label)


def test_the_starts_of_a_case_are_one_race_and_the_best_of_them_is_known(race):
    assert race.seeds == (0, 1, 2, 3)
    assert race.best_inertia == 1000.0
    assert race.baseline == "sklearn-lloyd"
    assert [one.label for one in race.contenders] == ["faiss-cpu", "sklearn-lloyd"]


def test_the_time_is_that_of_the_first_rung_that_is_there(race):
    near, far = contender_of(race, "sklearn-lloyd").times
    assert (near.reached, near.starts, near.seconds, near.iterations) == (3, 4, 2.0, 2)
    assert near.censored_seconds == 4.0
    # Only the first start comes within 0.1 %: most do not, so the median is not known.
    assert (far.reached, far.seconds, far.censored_seconds) == (1, None, 4.0)


def test_starts_are_paired_and_only_those_from_which_both_arrive(race):
    near, far = contender_of(race, "faiss-cpu").times
    assert near.speedup.pairs == 3
    assert near.speedup.ratio == pytest.approx((2 * 2 / 1.01 * 2 / 1.02) ** (1 / 3))
    assert near.verdict is Verdict.FASTER
    assert (far.speedup.pairs, far.verdict) == (1, Verdict.INCONCLUSIVE)
    assert contender_of(race, "sklearn-lloyd").times[0].verdict is None


def test_nothing_is_interpolated():
    curve = Curve(0, ((1, 1.0, 10.0), (2, 2.0, 5.0), (4, 4.0, 5.0)))
    assert curve.arrival(5.0) == (2, 2.0, 5.0)
    assert curve.arrival(7.0) == (2, 2.0, 5.0)
    assert curve.arrival(4.9) is None


def test_a_backend_that_was_wrong_on_a_rung_does_not_run():
    wrong = {"status": Status.INVALID, "reason": "after 2 iterations it stopped early"}
    records = ladder("sklearn-lloyd", 0, (1.0, 2.0, 4.0), (9.0, 5.0, 4.0))
    records += ladder("faiss-cpu", 0, (0.1, 0.2, 0.4), (9.0, 2.0, 1.0), **wrong)
    (race,) = Run(records=records).races
    failed = contender_of(race, "faiss-cpu")
    assert (failed.status, failed.reason, failed.times) == (Status.INVALID, wrong["reason"], ())
    assert race.contenders[-1] is failed


def test_the_summary_of_a_ladder_is_that_of_its_top_rung():
    (row,) = Run(records=ladder("sklearn-lloyd", 0, (1.0, 2.0, 4.0), (9.0, 5.0, 4.0))).cells
    assert (row.fit_predict_seconds, row.inertia, row.samples, row.iterations_given) == (4.0, 4.0, 1, 4)


def test_targets_are_a_data_frame_too(tmp_path):
    records = ladder("sklearn-lloyd", 0, (1.0, 2.0, 4.0), (9.0, 5.0, 4.0))
    (tmp_path / "records.jsonl").write_text("".join(record.to_line() + "\n" for record in records))
    frame = load_targets(tmp_path)
    assert frame["target"].tolist() == [0.01, 0.001]
    assert frame["seconds"].tolist() == [4.0, 4.0]
    assert frame["reached"].tolist() == [1, 1]


def test_other_protocols_race_nowhere():
    assert Run(records=[]).races == []
