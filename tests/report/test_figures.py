"""The figure of a case shows what was measured, of sound rows alone, and fits into any page."""

import re
from xml.etree import ElementTree

import pytest

from kmbench.analysis.run import read_run
from kmbench.records import Status
from kmbench.report.figures import MAX_DOTS, MAX_ROWS, draw_times, drawn_rows, sample_frame, times_figure


@pytest.fixture
def case_of(tmp_path, write):
    return lambda case: read_run(write(tmp_path / "run", case)).cases[0]


@pytest.fixture
def digits(mixed):
    return read_run(mixed).cases[0]


def ids(svg):
    return [element.get("id") for element in ElementTree.fromstring(svg).iter() if element.get("id")]


def test_every_sample_of_every_sound_row_is_a_dot(digits):
    frame = sample_frame(digits)
    assert list(dict.fromkeys(frame["label"])) == [row.label for row in digits.sound]
    for row in digits.sound:
        assert sorted(frame.loc[frame["label"] == row.label, "seconds"]) == sorted(
            digits.epoch_seconds[row.cell_id].values()
        )
    assert set(frame.loc[frame["inertia"] == "other", "label"]) == {"faiss-ivf[nlist=16;nprobe=1]"}


def test_rows_that_are_not_sound_are_not_drawn(digits):
    svg = times_figure(digits, "a-", "digits")
    for row in digits.rows:
        assert (f">{row.label}<" in svg) == (row.status is Status.OK)


def test_medians_stand_in_order_on_an_axis_from_zero(digits):
    ax = draw_times(digits).axes[0]
    bars = [line for line in ax.lines if line.get_marker() == "|"]
    medians = [bar.get_xdata()[0] for bar in bars]
    assert medians == [row.fit_predict_seconds for row in digits.sound] == sorted(medians)
    assert [bar.get_ydata()[0] for bar in bars] == list(range(len(bars)))
    bottom, top = ax.get_ylim()
    assert bottom > top  # the first row is on top
    assert ax.get_xscale() == "linear"
    assert ax.get_xlim()[0] == 0


def test_a_wide_range_takes_a_logarithmic_axis(case_of, new_case):
    case = case_of(new_case().cell("numpy-lloyd", 0.001, noise=0).cell("sklearn-lloyd", 0.03, noise=0))
    ax = draw_times(case).axes[0]
    assert ax.get_xscale() == "log"
    assert "log scale" in times_figure(case, "a-", "digits")


@pytest.mark.parametrize("seconds", [2e-9, 3e-6, 0.004, 50.0, 86400.0])
def test_one_sample_is_drawn_too(case_of, new_case, seconds):
    case = case_of(new_case().cell("numpy-lloyd", seconds, rounds=1))
    assert "numpy-lloyd" in times_figure(case, "a-", "digits")


def test_no_sound_row_no_figure(case_of, new_case):
    case = case_of(new_case().cell("numpy-lloyd", status=Status.CRASHED, reason="died"))
    assert times_figure(case, "a-", "digits") is None


def test_the_same_case_gives_the_same_figure(digits):
    assert times_figure(digits, "a-", "digits") == times_figure(digits, "a-", "digits")


def test_ids_are_unique_and_references_stay_inside(digits):
    one, other = times_figure(digits, "a-", "digits"), times_figure(digits, "b-", "digits")
    assert len(ids(one)) == len(set(ids(one)))
    assert not set(ids(one)) & set(ids(other))
    references = re.findall(r'(?:href="|url\()([^")]*)', one)
    assert references
    assert {reference.removeprefix("#") for reference in references} <= set(ids(one))


def test_every_text_takes_a_colour_of_the_page(digits):
    styles = re.findall(r'<text style="([^"]*)"', times_figure(digits, "a-", "digits"))
    assert styles
    assert all("fill: currentColor" in style for style in styles)


def test_nothing_foreign_is_left_in_it(digits):
    svg = times_figure(digits, "a-", "digits")
    for trace in ("http", "DOCTYPE", "<metadata", "<style", "font-family", "#010203", "xmlns", "matplotlib.org"):
        assert trace not in svg
    assert "currentColor" in svg
    root = ElementTree.fromstring(svg)
    assert root.get("viewBox")
    assert "width" not in root.attrib
    assert root.get("role") == "img"
    assert "numpy-lloyd 12.3 ms" in root.get("aria-label")


@pytest.mark.parametrize("name", ["$x^$", "<script>alert(1)</script>", "k-\u5e73\u5747", "a\x00b\x1b[31m", "x" * 300])
def test_any_name_can_be_drawn(case_of, new_case, name):
    svg = times_figure(case_of(new_case().cell(name, 0.01)), "a-", name)
    assert "<script" not in svg
    assert len(svg) < 20_000


def test_large_runs_are_thinned_and_keep_their_extremes(case_of, new_case):
    case = new_case().cell("numpy-lloyd", 0.01, rounds=1000)
    for number in range(MAX_ROWS + 5):
        case.cell("faiss-ivf", 0.02 + 0.001 * number, rounds=1, parameters={"nprobe": number})
    case = case_of(case)
    frame = sample_frame(case)
    assert len(drawn_rows(case)) == MAX_ROWS
    own = frame.loc[frame["label"] == "numpy-lloyd", "seconds"]
    samples = [*case.epoch_seconds[case.lead.cell_id].values()]
    assert len(own) == MAX_DOTS
    assert (own.min(), own.max()) == (min(samples), max(samples))
