"""A race on the page: the sentence, the table and the curves tell what the ladders were."""

import pytest

from kmbench.analysis.run import read_run
from kmbench.records import CellKey, Record, RecordKind, Status
from kmbench.report import write_page
from kmbench.report.race import LEAST_EXCESS, curve_frame, draw_curves, view_of

RUNGS = (1, 2, 4)


def ladder(backend, seed, seconds, inertias, status=Status.OK, reason=None):
    key = CellKey(
        dataset="/home/me/digits.npy", dataset_fingerprint="0", n=100, d=4, k=3, iterations=RUNGS[-1],
        protocol="target", seed=seed, threads=1, backend=backend,
    )  # fmt: skip
    shared = {"key": key, "session": 0, "host": "h", "at": "2026-01-31T10:00:00+00:00"}
    records = []
    for rung, time, inertia in zip(RUNGS, seconds, inertias, strict=True):
        records.append(
            Record(kind=RecordKind.FIT, iterations_given=rung, epoch=0, round=0, fit_predict_seconds=time, **shared)
        )
        kind = RecordKind.QUALITY if rung == RUNGS[-1] else RecordKind.RUNG
        records.append(Record(kind=kind, iterations_given=rung, inertia=inertia, reference_inertia=inertia, **shared))
    outcome = Record(kind=RecordKind.OUTCOME, status=status, reason=reason, iterations_given=RUNGS[-1], **shared)
    return [*records, outcome]


@pytest.fixture
def folder(tmp_path):
    records = []
    for seed in range(3):
        objective = (1500.0, 1009.0, 1000.0 + seed)
        records += ladder("sklearn-lloyd", seed, (1.0, 2.0, 4.0), objective)
        records += ladder("numpy-lloyd", seed, (0.5 + 0.01 * seed, 1.0 + 0.01 * seed, 2.0), objective)
    records += ladder("bad-means", 0, (0.1, 0.2, 0.3), (1500.0, 1009.0, 1000.0), Status.INVALID, "<b>wrong</b>")
    (tmp_path / "records.jsonl").write_text("".join(record.to_line() + "\n" for record in records))
    return tmp_path


@pytest.fixture
def race(folder):
    return read_run(folder).races[0]


def test_the_sentence_names_who_arrives_first(race):
    said = str(view_of(race, 1).headline)
    assert said.startswith("On digits.npy (100 x 4, k=3, 1 thread, target) numpy-lloyd is within 1% of the best")
    assert "in 1.01 s, from 3 of 3 starts; 1.9" in said
    assert view_of(race, 1).headline.left_out == "Not compared: bad-means gave an invalid answer."


def test_the_table_has_a_row_for_each_backend_and_the_invalid_one_stands_out(race):
    view = view_of(race, 1)
    assert view.targets == ["to 1%", "to 0.1%"]
    rows = {row.label: row for row in view.rows}
    assert [value.main for value in rows["sklearn-lloyd"].values[:3]] == ["2.00 s", "3 of 3", "baseline"]
    assert (rows["bad-means"].tone, rows["bad-means"].symbol) == ("failed", "✕")
    assert [value.main for value in rows["bad-means"].values] == [""] * 6


def test_every_rung_of_every_sound_start_is_a_point(race):
    frame = curve_frame(race)
    assert len(frame) == 2 * 3 * 3
    assert "bad-means" not in set(frame["backend"])
    first = frame[(frame["backend"] == "sklearn-lloyd") & (frame["seed"] == 1)]
    assert list(first["seconds"]) == [1.0, 2.0, 4.0]
    assert list(first["excess"]) == pytest.approx([0.5, 0.009, 0.001])
    assert frame["excess"].min() == LEAST_EXCESS


def test_a_line_for_each_start_and_a_dashed_one_for_each_target(race):
    ax = draw_curves(race).axes[0]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    curves = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert len(curves) == 6
    heights = [line.get_ydata()[0] for line in ax.lines if list(line.get_ydata()) in ([0.01] * 2, [0.001] * 2)]
    assert heights == [0.01, 0.001]


def test_the_page_of_a_race(folder):
    page = write_page(folder).read_text(encoding="utf-8")
    assert 'id="race1"' in page
    assert "/home/me" not in page
    assert "<b>wrong" not in page
    assert "&lt;b&gt;wrong" in page
    assert 'download="race1.csv"' in page


def test_no_sound_start_has_no_figure(tmp_path):
    records = ladder("numpy-lloyd", 0, (1.0, 2.0, 3.0), (9.0, 8.0, 7.0), Status.CRASHED, "died")
    (tmp_path / "records.jsonl").write_text("".join(record.to_line() + "\n" for record in records))
    view = view_of(read_run(tmp_path).races[0], 1)
    assert view.figure is None
    assert str(view.headline).endswith("no backend gave a sound answer: numpy-lloyd crashed.")
