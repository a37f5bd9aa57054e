"""Pareto fronts by brute force, and performance profiles worked out by hand."""

import math
import random

import pytest

from kmbench.analysis import cells_frame
from kmbench.analysis.cells import CellSummary
from kmbench.analysis.tradeoff import pareto_front, performance_profile, recall_frame, tradeoff_frame
from kmbench.records import Status


def cell(case, label, seconds=None, ratio=1.0, status=Status.OK, recall=None):
    return CellSummary(
        case_id=case, cell_id=case + label, dataset=case, n=10, d=2, k=2, threads=1, protocol="matched", iterations=5,
        seed=0, backend=label.partition("[")[0], parameters={}, label=label, backend_version="1", status=status,
        reason=None, fit_predict_seconds=seconds, inertia_ratio=ratio, matched_agreement=recall,
    )  # fmt: skip


def steps(frame, label):
    own = frame[frame["label"] == label]
    return list(zip(own["factor"], own["share"], strict=True))


def test_a_front_is_what_nothing_dominates():
    draw = random.Random(0)
    points = [(draw.randint(0, 9), draw.randint(0, 9)) for _ in range(60)]

    def dominated(point):
        return any(o[0] <= point[0] and o[1] <= point[1] and o != point for o in points)

    found = pareto_front([float(p[0]) for p in points], [float(p[1]) for p in points])
    assert found == [not dominated(point) for point in points]


def test_a_case_in_which_all_reach_the_reference_has_no_trade_off():
    exact = [cell("a", label, 1.0) for label in "xyz"]
    assert tradeoff_frame(cells_frame(exact)).empty
    frame = tradeoff_frame(
        cells_frame([*exact, cell("b", "x", 1.0), cell("b", "y", 0.5, 1.2), cell("b", "z", 2.0, 1.1)])
    )
    assert dict(zip(frame["label"], frame["front"], strict=True)) == {"x": True, "y": True, "z": False}


def test_rounding_puts_nobody_on_the_front():
    cells = [cell("a", "x", 1.0, 1.0), cell("a", "y", 2.0, 0.9999), cell("a", "z", 0.5, 1.5)]
    frame = tradeoff_frame(cells_frame(cells))
    assert list(frame["front"]) == [True, False, True]


def test_invalid_rows_trade_nothing():
    cells = [cell("a", "x", 1.0), cell("a", "y", 0.5, 1.5), cell("a", "z", 0.1, 0.9, Status.INVALID)]
    assert tradeoff_frame(cells_frame(cells)).empty


def test_a_grid_of_three_settings_is_a_frontier():
    cells = [cell("a", f"ivf[nprobe={p}]", 1.0 + p, 1.1, recall=0.5 + 0.1 * p) for p in range(3)]
    frame = recall_frame(cells_frame([*cells, cell("a", "ivf[nprobe=9]", 9.0, recall=0.6), cell("a", "exact", 3.0)]))
    assert list(frame["recall"]) == [0.5, 0.6, 0.7, 0.6]
    assert list(frame["front"]) == [True, True, True, False]
    assert recall_frame(cells_frame(cells[:2])).empty


def test_a_profile_counts_a_missed_quality_as_a_failure():
    cells = [
        cell("a", "x", 1.0), cell("a", "y", 2.0), cell("a", "fast", 0.1, 1.5),
        cell("b", "x", 3.0), cell("b", "y", 1.0), cell("b", "fast", 0.1, 1.0),
        cell("c", "x", 1.0), cell("c", "y", status=Status.CRASHED), cell("c", "fast", 0.1, None),
        cell("d", "x", 1.0), cell("d", "y", 1.0), cell("d", "fast", 0.5, 0.9, Status.INVALID),
        cell("d", "once", 0.01),
    ]  # fmt: skip
    frame = performance_profile(cells_frame(cells))
    assert steps(frame, "x") == [(1.0, 0.75), (30.0, 1.0)]
    assert steps(frame, "y") == [(1.0, 0.25), (2.0, 0.5), (10.0, 0.75)]
    assert steps(frame, "fast") == [(1.0, 0.25)]
    assert "once" not in set(frame["label"])


def test_a_case_that_nobody_solves_is_solved_by_nobody():
    cells = [cell("a", "x", 1.0), cell("a", "y", 2.0), cell("b", "x", 1.0, 2.0), cell("b", "y", 1.0, 3.0)]
    frame = performance_profile(cells_frame(cells))
    assert steps(frame, "x") == [(1.0, 0.5)]
    assert steps(frame, "y") == [(1.0, 0.0), (2.0, 0.5)]


@pytest.mark.parametrize("cells", [[], [cell("a", "x", 1.0)], [cell("a", "x", 1.0), cell("a", "y", 1.0)]])
def test_one_case_has_no_profile(cells):
    assert performance_profile(cells_frame(cells)).empty


def test_a_front_of_nothing():
    assert pareto_front([], []) == []
    assert pareto_front([1.0, 1.0], [math.inf, 2.0]) == [False, True]
