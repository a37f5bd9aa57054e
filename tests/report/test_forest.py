"""The forest plot: what is drawn is what was found, sorted, and its text alternative says it all."""

import io
import re

import pandas as pd
import pytest

from kmbench.analysis.run import read_run
from kmbench.report.forest import draw_on, forest_cases, forest_figure, forest_frame, thumbnail
from kmbench.report.page import render_page


@pytest.fixture
def cases(mixed):
    return forest_cases(read_run(mixed).cases)


def test_each_case_is_sorted_by_speedup_and_the_baseline_is_no_row(cases):
    assert len(cases) == 2
    for case in cases:
        speedups = [row.speedup for row in case.rows]
        assert speedups == sorted(speedups, reverse=True)
        assert case.baseline == "sklearn-lloyd"
        assert "sklearn-lloyd" not in [row.label for row in case.rows]


def test_rows_that_cannot_be_compared_are_named_apart_with_the_reason(cases):
    assert dict(cases[0].apart) == {
        "swift-means": "gave an invalid answer", "faiss-gpu": "not available here", "broken-means": "crashed",
    }  # fmt: skip
    assert dict(cases[1].apart) == {"sklearn-minibatch": "skipped", "slow-means": "ran out of time"}


def test_points_and_intervals_are_drawn_where_the_figures_are(cases):
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    draw_on(ax, cases)
    rows = [row for case in cases for row in case.rows]
    points = [line for line in ax.lines if line.get_label() == "_point"]
    intervals = [line for line in ax.lines if line.get_label() == "_interval"]
    assert [line.get_xdata()[0] for line in points] == [row.speedup for row in rows]
    assert [list(line.get_xdata()) for line in intervals] == [[row.speedup_low, row.speedup_high] for row in rows]
    heights = [line.get_ydata()[0] for line in points]
    assert heights == sorted(heights)
    assert len(set(heights)) == len(rows)
    low, high = ax.get_xlim()
    assert low < min(row.speedup_low for row in rows)
    assert high > max(row.speedup_high for row in rows)
    assert ax.get_xscale() == "log"
    [band] = ax.patches
    left, right = band.get_extents().transformed(ax.transData.inverted()).intervalx
    assert (left, right) == pytest.approx((1 / 1.05, 1.05))
    shapes = {row.label: line.get_marker() for row, line in zip(rows, points, strict=True)}
    assert shapes["faiss-ivf[nlist=16;nprobe=1]"] == "D"  # another inertia
    assert shapes["numpy-lloyd"] == "o"


def test_the_csv_holds_what_is_drawn(cases):
    frame = forest_frame(cases)
    read = pd.read_csv(io.StringIO(frame.to_csv(index=False)))
    rows = [row for case in cases for row in case.rows]
    assert list(read["label"]) == [row.label for row in rows]
    assert list(read["speedup"]) == pytest.approx([row.speedup for row in rows])
    assert (read["speedup_low"] <= read["speedup"]).all()
    assert (read["speedup"] <= read["speedup_high"]).all()


def test_the_text_alternative_names_every_row_with_its_interval_and_verdict(cases):
    figure = forest_figure(cases)
    [alternative] = re.findall(r'aria-label="([^"]+)"', str(figure.svg))
    assert 'role="img"' in str(figure.svg)
    for case in cases:
        for row in case.rows:
            assert re.search(rf"{re.escape(row.label)} [\d.]+x \([\d.]+ to [\d.]+\) {row.verdict.value}", alternative)
    verdicts = [row.verdict.value for case in cases for row in case.rows]
    assert figure.finding.startswith(f"Of {len(verdicts)} comparisons with sklearn-lloyd: ")
    for word in set(verdicts):
        assert f"{verdicts.count(word)} {word}" in figure.finding


def test_it_is_the_first_figure_of_the_page_and_matrices_come_last(mixed):
    page = render_page(read_run(mixed))
    place = [page.index(mark) for mark in ('id="speedup-figure"', 'id="cells"', 'id="case1"', 'id="method"')]
    assert place == sorted(place)
    assert page.index('<ol class="answers') < place[0] < page.index("<svg")
    if 'id="agreement"' in page:
        assert place[2] < page.index('id="agreement"') < place[3]


def test_without_anything_to_compare_there_is_no_figure(tmp_path, new_case, write):
    run = read_run(write(tmp_path / "alone", new_case().cell("numpy-lloyd", 0.01)))
    assert forest_cases(run.cases) == []
    assert forest_figure([]) is None
    assert thumbnail([], "t-") is None
    assert 'id="speedup-figure"' not in render_page(run)


def test_the_thumbnail_is_small_and_says_what_it_is(cases):
    drawn = str(thumbnail(cases, "run-"))
    assert re.search(r'aria-label="\d+ speed-ups over sklearn-lloyd, \d+ of them faster"', drawn)
    assert len(drawn) < 40_000
