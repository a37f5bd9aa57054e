"""The table of races and that of a workload's figures in the terminal, at 80 columns."""

import io

import pytest
from rich.console import Console

from kmbench.analysis.run import Run
from kmbench.cli.race import print_races
from kmbench.cli.task_table import print_tasks
from kmbench.records import CellKey, Record, RecordKind, Status

FIGURE = {"name": "psnr_db", "title": "PSNR", "unit": "dB", "better": "higher", "summary": ""}


def key_of(backend, protocol="matched", seed=0, **changes):
    return CellKey(
        dataset="digits", dataset_fingerprint="0", n=100, d=4, k=3, iterations=4, protocol=protocol, seed=seed,
        threads=1, backend=backend, **changes,
    )  # fmt: skip


def ladder(backend, seed, seconds, inertias, status=Status.OK, reason=None):
    shared = {"key": key_of(backend, "target", seed), "session": 0, "host": "h", "at": "t"}
    for rung, time, inertia in zip((1, 2, 4), seconds, inertias, strict=True):
        yield Record(kind=RecordKind.FIT, epoch=0, round=0, iterations_given=rung, fit_predict_seconds=time, **shared)
        kind = RecordKind.QUALITY if rung == 4 else RecordKind.RUNG
        yield Record(kind=kind, iterations_given=rung, inertia=inertia, **shared)
    yield Record(kind=RecordKind.OUTCOME, status=status, reason=reason, **shared)


def printed(show, *arguments):
    target = io.StringIO()
    show(Console(file=target, width=80), *arguments)
    assert max(map(len, target.getvalue().splitlines()), default=0) <= 80
    return target.getvalue()


@pytest.fixture
def race():
    records = []
    for seed in range(3):
        records += ladder("sklearn-lloyd", seed, (1.0, 2.0, 4.0), (1500.0, 1009.0, 1000.0))
        stays = 1000.0 if seed == 0 else 1008.0
        records += ladder("faiss-cpu", seed, (0.5, 1.0, 2.0), (1500.0, 1009.0, stays))
    records += ladder("wrong", 0, (0.1, 0.2, 0.4), (9.0, 8.0, 7.0), Status.INVALID, "it stopped early")
    return printed(print_races, Run(records=records).races)


def row_of(text, label):
    rows = (line for line in text.splitlines() if line.startswith(label) and " is " not in line)  # no sentence
    return " ".join(next(rows).split())


def test_each_target_has_time_starts_and_speedup(race):
    # 1 %: 1.0 s against 2.0 s from all starts. 0.1 %: one start of three arrives, so its median is not known.
    assert row_of(race, "faiss-cpu") == "faiss-cpu 1.00 s 3/3 2.00x 2.00-2.00 > 2.00 s 1/3 2.00x"
    assert row_of(race, "sklearn-lloyd") == "sklearn-lloyd 2.00 s 3/3 baseline 4.00 s 3/3 baseline"


def test_what_is_wrong_does_not_run_and_is_told_with_its_reason(race):
    assert row_of(race, "wrong") == "wrong invalid"
    assert "wrong: invalid: it stopped early" in race


def test_no_race_prints_nothing():
    assert printed(print_races, []) == ""


def test_the_figures_of_a_task_have_a_table_with_the_direction():
    records = []
    for backend, value in (("numpy-lloyd", 31.42), ("faiss-cpu", 29.5)):
        shared = {"key": key_of(backend, workload="palette"), "session": 0, "host": "h", "at": "t"}
        fit = Record(kind=RecordKind.FIT, epoch=0, round=0, fit_predict_seconds=0.5, **shared)
        found = Record(kind=RecordKind.QUALITY, task={"psnr_db": value}, task_figures=[FIGURE], **shared)
        records += [fit, found, Record(kind=RecordKind.OUTCOME, **shared)]
    text = printed(print_tasks, Run(records=records).cells)
    assert "palette on digits, k=3: the task" in text
    assert "PSNR ↑" in text
    assert row_of(text, "numpy-lloyd") == "numpy-lloyd 500 ms 31.42 dB"
    assert printed(print_tasks, []) == ""
