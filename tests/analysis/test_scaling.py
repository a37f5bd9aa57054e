"""Lines of cells that differ in one size alone, and how far a budget reaches."""

import pytest

from kmbench.analysis import cells_frame
from kmbench.analysis.cells import CellSummary
from kmbench.analysis.scaling import budget_frame, family_of, scaling_frame, scaling_laws
from kmbench.records import Status


def cell(label="numpy-lloyd", seconds=1.0, spec="blobs:n={n},d={d},seed=0", status=Status.OK, **own):
    case = {"n": 1000, "d": 8, "k": 16, "threads": 1, "protocol": "matched", "iterations": 5, "seed": 0} | own
    spec = spec.format(**case)
    return CellSummary(
        case_id=f"{spec}{case}", cell_id=f"{label}{spec}{case}", dataset=spec, backend=label, parameters={},
        label=label, backend_version="1", status=status, reason=None, iterations_given=5, n_iter=5,
        fit_predict_seconds=seconds, fit_predict_seconds_low=0.9 * seconds, fit_predict_seconds_high=1.2 * seconds,
        input_bytes=4 * case["n"] * case["d"], peak_extra_bytes=100, **case,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "axes", "family"),
    [
        ("blobs:n=10,d=64,seed=0", ("n",), "blobs:d=64,seed=0"),
        ("blobs:n=10,d=64,seed=0", ("n", "d"), "blobs:seed=0"),
        ("blobs:n=10", ("n",), "blobs"),
        ("photo:limit=10;center", ("n",), "photo:center"),
        ("digits", ("n", "d"), "digits"),
        ("sift.fbin:normalize", ("k",), "sift.fbin:normalize"),
    ],
)
def test_a_family_is_the_spec_without_its_sizes(spec, axes, family):
    assert family_of(spec, *axes) == family


def test_cells_that_differ_in_one_size_are_a_line():
    cells = [cell(n=n, seconds=n * 1e-3) for n in (1000, 4000, 2000)]
    cells += [cell("faiss-cpu", n=1000, seconds=2.0), cell(n=8000, seconds=1.0, status=Status.INVALID)]
    cells += [cell(n=16000, k=32), cell(n=1000, spec="uniform:n={n},d={d}"), cell(n=2000, threads=2)]
    frame = scaling_frame(cells_frame(cells), "n")
    assert set(frame["panel"]) == {0}
    assert list(zip(frame["label"], frame["x"], frame["seconds"], strict=True)) == [
        ("numpy-lloyd", 1000, 1.0),
        ("numpy-lloyd", 2000, 2.0),
        ("numpy-lloyd", 4000, 4.0),
    ]
    assert frame["iteration_seconds"].iloc[0] == 0.2
    assert list(frame["seconds_high"])[2] == pytest.approx(4.8)
    laws = scaling_laws(frame)
    assert laws[0, "numpy-lloyd"].exponent == pytest.approx(1)


def test_k_and_d_are_axes_too():
    cells = [cell(k=k, seconds=k) for k in (2, 4, 8)] + [cell(d=d, seconds=d) for d in (16, 32)]
    frame = cells_frame(cells)
    assert list(scaling_frame(frame, "k")["x"]) == [2, 4, 8]
    assert list(scaling_frame(frame, "d")["x"]) == [16, 32]
    assert scaling_frame(frame, "n").empty


def test_the_panel_with_most_sizes_stands_first():
    cells = [cell(n=n, k=64) for n in (1, 2)] + [cell(n=n, k=16) for n in (1, 2, 3)]
    frame = scaling_frame(cells_frame(cells), "n")
    assert list(frame["k"]) == [16, 16, 16, 64, 64]
    assert list(frame["panel"]) == [0, 0, 0, 1, 1]


def test_a_budget_is_read_off_the_law_and_marked_beyond_what_was_measured():
    cells = [cell(n=n, seconds=n * 1e-4) for n in (1000, 10_000, 100_000)]
    rows = budget_frame(scaling_frame(cells_frame(cells), "n")).set_index("budget_seconds")
    assert rows["rows"].to_dict() == pytest.approx({1: 1e4, 30: 3e5, 300: 3e6, 3600: 3.6e7})
    assert rows["extrapolated"].to_dict() == {1: False, 30: True, 300: True, 3600: True}
    assert rows.loc[30, "input_bytes"] == pytest.approx(4 * 8 * 3e5)


def test_overheads_of_small_sizes_do_not_bend_what_is_foretold():
    cells = [cell(n=n, seconds=0.5 + n * 1e-3) for n in (10, 100, 1000, 10_000, 100_000, 1_000_000)]
    frame = scaling_frame(cells_frame(cells), "n")
    rows = budget_frame(frame).set_index("budget_seconds")
    assert rows.loc[3600, "rows"] == pytest.approx(3.6e6, rel=0.02)
    assert scaling_laws(frame)[0, "numpy-lloyd"].exponent < 0.8


def test_two_sizes_foretell_nothing():
    cells = [cell(n=n, seconds=n) for n in (1, 2)]
    assert budget_frame(scaling_frame(cells_frame(cells), "n")).empty
