"""What the figures over all cases draw: points, order, intervals; and only where the run has the data."""

import csv
import io
import re
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from kmbench.analysis.run import read_runs
from kmbench.analysis.scaling import scaling_frame, scaling_laws
from kmbench.records import Status
from kmbench.report.grids import draw_agreement, draw_speedups
from kmbench.report.growth import draw_growth
from kmbench.report.overview import _merged, overview_of
from kmbench.report.pareto import INERTIA, points_of, scales_of
from kmbench.report.steps import draw_profile, draw_threads

SIZES = (1000, 10_000, 100_000)


def blobs(new_case, n, d=8, k=16, threads=1, **factors):
    case = new_case(dataset=f"blobs:n={n},d={d},seed=0", n=n, d=d, k=k, threads=threads)
    for backend, factor in ({"sklearn-lloyd": 2e-6, "numpy-lloyd": 1e-6} | factors).items():
        case.cell(backend, factor * n * d * k / 16 / threads**0.8, noise=0.03)
    return case


@pytest.fixture
def grown(tmp_path, write, new_case):
    """A run over rows, columns, clusters and threads, and a grid of an approximate backend."""
    cases = [blobs(new_case, n, d) for n in SIZES for d in (8, 32)]
    cases += [blobs(new_case, 10_000, k=k) for k in (32, 64)] + [blobs(new_case, 10_000, threads=2)]
    for probes, ratio, recall in ((1, 1.2, 0.7), (2, 1.1, 0.8), (4, 1.01, 0.95)):
        cases[0].cell(
            "faiss-ivf",
            1e-3 * probes,
            ratio=ratio,
            parameters={"nprobe": probes},
            matched_agreement=recall,
            ari=recall,
        )
    return read_runs([write(tmp_path / "run", *cases)])


@pytest.fixture
def names(grown):
    return {case.lead.case_id: case.lead.dataset for case in grown[0].cases}


def figures(overview):
    return {figure.anchor: figure for _, _, group in overview.groups for figure in group}


def rows_of(figure):
    kind, _, text = figure.csv.partition(",")
    assert kind == "data:text/csv;charset=utf-8"
    return list(csv.DictReader(io.StringIO(unquote(text))))


def test_every_figure_has_its_data_and_says_its_finding(grown, names):
    found = figures(overview_of(grown, names))
    assert {anchor.rpartition("-")[0] for anchor in found} >= {
        "time-n", "time-d", "time-k", "time-per-iteration-k", "memory-n", "speedup-n-d", "threads", "pareto",
        "recall",
    }  # fmt: skip
    assert {"budget", "profile"} <= set(found)
    for figure in found.values():
        assert rows_of(figure)
        assert figure.finding.endswith(".")
        if figure.svg is None:
            assert len(figure.table) > 1
        else:
            root = ElementTree.fromstring(str(figure.svg))
            assert figure.finding in root.get("aria-label")
            styles = re.findall(r'<text style="([^"]*)"', str(figure.svg))
            assert all(re.search(r"fill: (currentColor|var\(--)", style) for style in styles)


def test_a_run_of_one_exact_case_has_no_figure_over_all(tmp_path, write, new_case):
    runs = read_runs([write(tmp_path / "one", new_case().cell("numpy-lloyd", 0.01).cell("faiss-cpu", 0.02))])
    overview = overview_of(runs, {runs[0].cases[0].lead.case_id: "digits"})
    assert overview.groups == []
    assert overview.coverage.table[1:] == [["digits", "ok", "ok"]]


def test_a_run_without_records_has_none_either(tmp_path, write):
    overview = overview_of(read_runs([write(tmp_path / "none")]), {})
    assert (overview.groups, overview.coverage) == ([], None)


def test_invalid_rows_are_in_no_figure(tmp_path, write, new_case):
    cases = [blobs(new_case, n) for n in SIZES]
    for case in cases:
        case.cell("wrong-means", 1e-4, status=Status.INVALID, reason="wrong", ratio=2.0)
    runs = read_runs([write(tmp_path / "run", *cases)])
    overview = overview_of(runs, {case.lead.case_id: case.lead.dataset for case in runs[0].cases})
    for figure in figures(overview).values():
        if figure.anchor != "profile":
            assert "wrong-means" not in str(figure.svg) + figure.csv
    profile = [row for row in rows_of(figures(overview)["profile"]) if row["label"] == "wrong-means"]
    assert [float(row["share"]) for row in profile] == [0.0]
    assert ("wrong-means", "invalid in 3 cases", "wrong") in overview.reasons


def test_lines_of_growth_are_the_medians_with_their_extremes(grown):
    cells, _ = _merged(grown)
    frame = scaling_frame(cells, "n")
    frame = frame[frame["panel"] == 0]
    labels = list(dict.fromkeys(frame["label"]))
    ax = draw_growth(frame, "n", "seconds", scaling_laws(frame), labels).axes[0]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    for label, line, bars in zip(labels, ax.lines, ax.collections, strict=True):
        own = frame[frame["label"] == label]
        assert list(line.get_xdata()) == list(own["x"]) == list(SIZES)
        assert list(line.get_ydata()) == list(own["seconds"])
        ends = [(segment[0][1], segment[1][1]) for segment in bars.get_segments()]
        assert ends == list(zip(own["seconds_low"], own["seconds_high"], strict=True))
    assert ax.get_legend().get_texts()[0].get_text().startswith(f"{labels[0]}  ~ n^")


def test_memory_stands_beside_the_input(grown):
    cells, _ = _merged(grown)
    frame = scaling_frame(cells, "n")
    frame = frame[frame["panel"] == 0]
    ax = draw_growth(frame, "n", "peak_extra_bytes", {}, list(dict.fromkeys(frame["label"]))).axes[0]
    assert list(ax.lines[-1].get_ydata()) == [4 * 8 * n for n in SIZES]


def test_the_heat_map_writes_every_speed_up(grown, names):
    figure = figures(overview_of(grown, names))["speedup-n-d-1"]
    rows = rows_of(figure)
    assert {(int(row["n"]), int(row["d"])) for row in rows} == {(n, d) for n in SIZES for d in (8, 32)}
    assert all(row["label"] == "numpy-lloyd" and 1.8 < float(row["speedup"]) < 2.2 for row in rows)
    assert str(figure.svg).count("▲") == 6
    import pandas as pd

    frame = pd.DataFrame(
        [{"n": n, "d": 8, "speedup": 0.5 * n, "verdict": "faster" if n > 2 else "slower"} for n in (1, 4)]
        + [{"n": 1, "d": 16, "speedup": 1.0, "verdict": "inconclusive"}]
    )
    texts = [text.get_text() for text in draw_speedups(frame).axes[0].texts]
    assert texts == ["2.00x ▲", "–", "0.50x ▼", "1.00x"]


def test_threads_are_drawn_with_the_ideal_and_their_intervals(grown, names):
    overview = overview_of(grown, names)
    rows = rows_of(figures(overview)["threads-1"])
    two = [row for row in rows if row["threads"] == "2"]
    assert all(float(row["speedup"]) == pytest.approx(2**0.8, rel=0.05) for row in two)
    assert all(float(row["efficiency"]) == pytest.approx(float(row["speedup"]) / 2) for row in two)
    import pandas as pd

    frame = pd.DataFrame(rows)
    for name in ("threads", "speedup", "speedup_low", "speedup_high", "efficiency"):
        frame[name] = pd.to_numeric(frame[name])
    ax = draw_threads(frame, ["numpy-lloyd", "sklearn-lloyd"]).axes[0]
    assert list(ax.lines[0].get_ydata()) == [1, 2]
    own = frame[frame["label"] == "numpy-lloyd"]
    assert list(ax.lines[1].get_ydata()) == list(own["speedup"])
    segments = ax.collections[0].get_segments()
    assert [(s[0][1], s[1][1]) for s in segments] == list(zip(own["speedup_low"], own["speedup_high"], strict=True))


def test_points_of_the_trade_off_stand_where_they_belong(grown, names):
    cells, _ = _merged(grown)
    from kmbench.analysis.tradeoff import tradeoff_frame

    case = tradeoff_frame(cells)
    points = points_of(case, INERTIA, list(case["label"]))
    times, quality = scales_of(points, INERTIA)
    assert [point.x for point in points] == sorted(case["fit_predict_seconds"])
    assert sorted(point.y for point in points) == pytest.approx([0, 0, 0.01, 0.1, 0.2])
    assert times.logarithmic
    assert times.low < points[0].x < points[-1].x < times.high
    assert quality.low < 0 < 0.2 < quality.high
    assert [quality.write(value) for value in (0.0, 0.05, -0.001)] == ["same", "+5%", "-0.1%"]
    ivf = next(point for point in points if point.label == "faiss-ivf[nprobe=2]")
    assert ivf.told.startswith("faiss-ivf: nprobe 2. ")
    assert "inertia +10.0%, 80.0% of the reference's labels" in ivf.told
    svg = str(figures(overview_of(grown, names))["pareto-1"].svg)
    assert svg.count('tabindex="0"') == 5
    assert ivf.told.replace("'", "&#39;") in svg


def test_the_profile_draws_steps():
    import pandas as pd

    frame = pd.DataFrame([("a", 1.0, 0.5), ("a", 4.0, 1.0), ("b", 1.0, 0.25)], columns=["label", "factor", "share"])
    ax = draw_profile(frame, ["a", "b"]).axes[0]
    one, other = ax.lines
    assert list(one.get_xdata())[:2] == [1.0, 4.0]
    assert list(one.get_ydata()) == [0.5, 1.0, 1.0]
    assert list(other.get_ydata()) == [0.25, 0.25]


def test_pairs_are_a_symmetric_matrix():
    import pandas as pd

    pairs = [("a", "b", 0.5), ("b", "a", 0.5), ("a", "c", 0.25), ("c", "a", 0.25), ("b", "c", 1.0), ("c", "b", 1.0)]
    ax = draw_agreement(pd.DataFrame(pairs, columns=["label", "other", "ari"])).axes[0]
    assert [text.get_text() for text in ax.texts] == ["1", "0.50", "0.25", "0.50", "1", "1", "0.25", "1", "1"]


def test_the_budget_table_marks_what_it_foretells(grown, names):
    figure = figures(overview_of(grown, names))["budget"]
    assert figure.table[0] == ["backend", "within 1 s", "within 30 s", "within 5 min", "within 1 h"]
    numpy = next(row for row in figure.table if row[0] == "numpy-lloyd")
    assert all("*" in value[0] for value in numpy[2:])
    assert "extrapolated" in figure.caption


def test_several_runs_of_one_host_stand_side_by_side(tmp_path, write, new_case):
    one = write(tmp_path / "one", blobs(new_case, 1000), blobs(new_case, 10_000))
    other = write(tmp_path / "two", blobs(new_case, 100_000), study='name = "large"\n')
    runs = read_runs([one, other])
    assert [case.run for run in runs for case in run.cases] == ["quick", "quick", "large"]
    overview = overview_of(runs, {case.lead.case_id: "x" for run in runs for case in run.cases})
    assert len(rows_of(figures(overview)["time-n-1"])) == 6
