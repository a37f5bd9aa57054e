"""Speed-ups over rows and columns, threads, pairs and coverage, on cells made by hand."""

import math

import pytest
from scipy import stats

from kmbench.analysis import cells_frame
from kmbench.analysis.cells import CellSummary
from kmbench.analysis.grids import agreement_frame, coverage_frame, speedup_grid, thread_frame
from kmbench.comparison import unpaired_ratio
from kmbench.records import Status


def cell(label="faiss-cpu", n=100, d=8, threads=1, status=Status.OK, **own):
    figures = {"fit_predict_seconds": 1.0, "inertia_ratio": 1.0, "baseline": "base", "speedup": 2.0} | own
    return CellSummary(
        case_id=f"{n}-{d}-{threads}", cell_id=f"{label}-{n}-{d}-{threads}", dataset=f"blobs:n={n},d={d}", n=n, d=d,
        k=4, threads=threads, protocol="matched", iterations=5, seed=0, backend=label, parameters={}, label=label,
        backend_version="1", status=status, reason=own.get("reason"),
        **{name: value for name, value in figures.items() if name != "reason"},
    )  # fmt: skip


def grid(**of):
    cells = []
    for n in (100, 200):
        for d in (8, 16):
            cells += [cell("base", n, d, speedup=1.0), cell(n=n, d=d, **of)]
    return cells


def test_speed_ups_lie_on_rows_and_columns():
    frame = speedup_grid(cells_frame(grid(speedup=3.0)))
    assert list(frame["label"].unique()) == ["faiss-cpu"]
    assert {(r.n, r.d, r.speedup) for r in frame.itertuples()} == {(n, d, 3.0) for n in (100, 200) for d in (8, 16)}


@pytest.mark.parametrize("off", [{"inertia_ratio": 1.2}, {"status": Status.INVALID}])
def test_only_at_equal_inertia(off):
    assert speedup_grid(cells_frame(grid(**off))).empty


def test_a_line_is_no_grid():
    cells = [cell(label, n) for n in (100, 200) for label in ("base", "faiss-cpu")]
    assert speedup_grid(cells_frame(cells)).empty


def test_threads_are_compared_with_the_fewest():
    cells = [cell(threads=1), cell(threads=4), cell("alone", threads=1)]
    epochs = {"faiss-cpu-100-8-1": [8.0, 8.0], "faiss-cpu-100-8-4": [4.0, 4.0], "alone-100-8-1": [1.0]}
    frame = thread_frame(cells_frame(cells), epochs)
    assert list(frame["label"]) == ["faiss-cpu", "faiss-cpu"]
    assert list(frame["speedup"]) == pytest.approx([1, 2])
    assert list(frame["efficiency"]) == pytest.approx([1, 0.5])


def test_unpaired_times_have_welchs_interval():
    a, b = [1.0, 1.1, 1.3, 0.9], [2.0, 2.6, 2.2]
    found = unpaired_ratio(a, b)
    logs = [[math.log(value) for value in values] for values in (a, b)]
    interval = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((math.exp(interval.low), math.exp(interval.high)))
    assert unpaired_ratio([1.0], [2.0, 3.0]).low is None
    assert unpaired_ratio([2.0, 2.0], [1.0, 1.0]).high == pytest.approx(2)


def test_pairs_of_sound_answers():
    cells = [
        cell("a", pairwise_ari={"b": 0.5, "c": 0.1}),
        cell("b", pairwise_ari={"a": 0.5}),
        cell("c", status=Status.CRASHED),
    ]
    frame = agreement_frame(cells_frame(cells))
    assert list(zip(frame["label"], frame["other"], frame["ari"], strict=True)) == [("a", "b", 0.5), ("b", "a", 0.5)]
    assert agreement_frame(cells_frame([cell()])).empty


def test_every_hole_is_told():
    cells = [cell("a"), cell("b", status=Status.SKIPPED, reason="no GPU"), cell("a", n=200)]
    frame = coverage_frame(cells_frame(cells), [("200-8-1", "c")])
    found = {(r.case_id, r.label): (r.status, r.reason) for r in frame.itertuples()}
    assert found["100-8-1", "b"] == ("skipped", "no GPU")
    assert found["200-8-1", "b"] == ("not asked for", "")
    assert found["200-8-1", "c"] == ("no outcome", "the run was cut off")
    assert len(found) == 6
