"""The gate must tell right answers from wrong ones, and name the cause where it can be told."""

import dataclasses

import pytest

from kmbench.backends.base import Traits
from kmbench.records import DatasetInfo, Status
from kmbench.runner.correctness import (
    ROUNDOFF,
    Evaluation,
    ReferenceEvaluation,
    judge_matched,
    judge_native,
    offset_limit,
    score_error,
    tolerance_of,
)

EXACT, APPROXIMATE = Traits(exact=True), Traits(exact=False)
REFERENCE = ReferenceEvaluation(inertia=1000.0, iterations=10, empty_events=0)
NEAR = DatasetInfo(
    spec="digits", n=100, d=4, source_dtype="float64", fingerprint="0", path="", mean_square=12.0, spread=10.0
)
FAR = dataclasses.replace(NEAR, spec="blobs:n=100,d=4", mean_square=1e9, spread=10.0)


def answer(inertia=1000.0, **changes):
    values = {"n_iter": 10, "finite": True, "inertia": inertia, "labels_inertia": inertia, "empty_events": 0}
    return Evaluation(**(values | changes))


def test_the_same_answer_is_sound():
    assert judge_matched(answer(1000.05), EXACT, REFERENCE, NEAR).status is Status.OK


@pytest.mark.parametrize("inertia", [999.0, 1001.0])
def test_another_inertia_is_invalid_in_both_directions(inertia):
    known = dataclasses.replace(REFERENCE, sensitivity=1e-7)
    verdict = judge_matched(answer(inertia), EXACT, known, NEAR)
    assert verdict.status is Status.INVALID
    assert "times the reference's" in verdict.reason


def test_a_small_distance_asks_for_the_datas_own_sensitivity_first():
    assert judge_matched(answer(1001.0), EXACT, REFERENCE, NEAR).wants_sensitivity
    known = dataclasses.replace(REFERENCE, sensitivity=2e-3)
    verdict = judge_matched(answer(1001.0), EXACT, known, NEAR)
    assert verdict.status is Status.OK
    assert "rounding alone" in verdict.reason


def test_an_approximate_backend_is_not_held_to_the_inertia():
    assert judge_matched(answer(1300.0, n_iter=9), APPROXIMATE, REFERENCE, NEAR).status is Status.OK


def test_an_early_stop_is_named():
    verdict = judge_matched(answer(n_iter=6), EXACT, REFERENCE, NEAR)
    assert verdict.status is Status.INVALID
    assert "early stop: it did 6 of 10 iterations" in verdict.reason


def test_data_far_from_the_origin_is_named_with_the_mend():
    verdict = judge_matched(answer(1500.0), EXACT, REFERENCE, FAR)
    assert verdict.status is Status.INVALID
    assert "far from the origin" in verdict.reason
    assert "blobs:n=100,d=4,center" in verdict.reason


def test_far_data_does_not_pass_under_the_cover_of_an_empty_cluster():
    verdict = judge_matched(answer(1800.0, empty_events=3), EXACT, REFERENCE, FAR)
    assert verdict.status is Status.INVALID
    assert "far from the origin" in verdict.reason


def test_squares_that_underflow_are_named():
    tiny = dataclasses.replace(NEAR, mean_square=1e-49, spread=1e-49)
    verdict = judge_matched(answer(3e-48), EXACT, dataclasses.replace(REFERENCE, inertia=1e-48), tiny)
    assert verdict.status is Status.INVALID
    assert "scale the data up" in verdict.reason


def test_an_empty_cluster_on_the_way_loosens_the_gate_and_is_said():
    emptied = dataclasses.replace(REFERENCE, empty_events=1)
    verdict = judge_matched(answer(1030.0), EXACT, emptied, NEAR)
    assert verdict.status is Status.OK
    assert "empty on the way" in verdict.reason
    assert judge_matched(answer(1100.0), EXACT, emptied, NEAR).status is Status.INVALID
    assert judge_matched(answer(1030.0, empty_events=2), EXACT, REFERENCE, NEAR).status is Status.OK


def test_overflow_is_invalid_for_every_backend():
    for traits in (EXACT, APPROXIMATE):
        verdict = judge_matched(Evaluation(n_iter=10, finite=False), traits, REFERENCE, NEAR)
        assert verdict.status is Status.INVALID
        assert "overflow" in verdict.reason


def test_labels_of_other_centroids_are_invalid_also_in_a_native_run():
    verdict = judge_native(answer(labels_inertia=1200.0), EXACT, NEAR)
    assert verdict.status is Status.INVALID
    assert "+20.00%" in verdict.reason
    assert judge_native(answer(labels_inertia=1200.0), APPROXIMATE, NEAR).status is Status.OK


def test_an_inertia_of_zero_is_met_by_zero_and_by_twins_of_a_row_only():
    nothing = ReferenceEvaluation(inertia=0.0, iterations=10, empty_events=2)
    assert judge_matched(answer(0.0), EXACT, nothing, NEAR).status is Status.OK
    assert judge_matched(answer(100 * 12.0 * 2**-20), EXACT, nothing, NEAR).status is Status.OK
    assert judge_matched(answer(5.0), EXACT, nothing, NEAR).status is Status.INVALID


@pytest.mark.parametrize(("precision", "sound"), [("float32", False), ("3xtf32", False), ("tf32", True)])
def test_the_tolerance_follows_the_precision(precision, sound):
    known = dataclasses.replace(REFERENCE, sensitivity=1e-7)
    verdict = judge_matched(answer(1001.0, precision=precision), EXACT, known, NEAR)
    assert (verdict.status is Status.OK) is sound


@pytest.mark.parametrize("precision", ["tf32", "float16"])
def test_low_precision_covers_no_wrong_answer(precision):
    known = dataclasses.replace(REFERENCE, sensitivity=1e-7)
    for wrong in (answer(1003.0, precision=precision), answer(997.0, precision=precision)):
        assert judge_matched(wrong, EXACT, known, NEAR).status is Status.INVALID


def test_an_offset_that_float32_bears_is_named_for_float16():
    offset = dataclasses.replace(NEAR, mean_square=20.0)  # as far from the origin as the data is wide
    known = dataclasses.replace(REFERENCE, sensitivity=1e-7)
    half = judge_matched(answer(1500.0, precision="float16"), EXACT, known, offset)
    assert "float16 loses the distances" in half.reason
    centring = judge_matched(answer(1500.0, precision="float16"), Traits(exact=True, centres=True), known, offset)
    assert "wrong answer" in centring.reason
    single = judge_matched(answer(1500.0), EXACT, known, offset)
    assert "wrong answer" in single.reason


def test_roundoff_is_that_of_the_formats():
    import numpy as np

    assert ROUNDOFF["float32"] == np.finfo(np.float32).eps / 2
    assert ROUNDOFF["float16"] == np.finfo(np.float16).eps / 2
    assert ROUNDOFF["float64"] == np.finfo(np.float64).eps / 2
    assert offset_limit("float32") == 1e3


def test_the_tolerance_grows_where_clusters_are_small_beside_the_data_and_ends():
    # Worked example: 3 columns, clusters a 55th of the spread: 4 * 2**-11 / sqrt(3) * 55 = 0.0620.
    pixels = dataclasses.replace(NEAR, d=3, n=100, spread=55.0)
    assert score_error("tf32", pixels, 100.0) == pytest.approx(0.0620, rel=1e-3)
    assert tolerance_of("tf32", pixels, 100.0) == pytest.approx(0.002 + 0.0620**2, rel=1e-3)
    assert tolerance_of("float32", pixels, 100.0) == tolerance_of("float32", NEAR, 1000.0)
    assert tolerance_of("tf32", pixels, 1.0) == tolerance_of("float16", pixels, 1e-9) == 0.01


def test_clusters_too_fine_for_the_precision_are_named_with_the_mend():
    fine = dataclasses.replace(NEAR, d=3, n=100, spread=1660.0)  # 166 times the mean squared distance
    verdict = judge_matched(answer(1036.0, precision="tf32"), EXACT, REFERENCE, fine)
    assert verdict.status is Status.INVALID
    assert "160 times as wide as its clusters, which is too much for tf32; use float32" in verdict.reason
    wide = dataclasses.replace(NEAR, spread=100.0)  # an error of 0.01: no excuse
    other = judge_matched(answer(1036.0, precision="tf32"), EXACT, REFERENCE, wide)
    assert "times as wide" not in other.reason


def test_an_engine_that_tells_no_iterations_is_judged_by_its_inertia():
    assert judge_matched(answer(1000.05, n_iter=None), EXACT, REFERENCE, NEAR).status is Status.OK
    known = dataclasses.replace(REFERENCE, sensitivity=1e-9)
    assert judge_matched(answer(1001.0, n_iter=None), EXACT, known, NEAR).status is Status.INVALID


def test_an_exact_engine_from_a_start_of_its_own_is_not_held_to_the_reference():
    own_start = Traits(exact=True, accepts_init=False)
    assert judge_matched(answer(1300.0), own_start, REFERENCE, NEAR).status is Status.OK
    wrong = judge_matched(answer(1300.0, labels_inertia=1400.0), own_start, REFERENCE, NEAR)
    assert "labels are not those of its nearest" in wrong.reason
