"""A run is read once; cells, cases, races, notes and every face are made of what was read."""

import json
import shutil

import pytest
from test_cells import line, measured
from test_target import ladder

from kmbench.analysis import Run, RunGroup, read_run, read_runs
from kmbench.analysis.export import markdown_table
from kmbench.records import RecordKind, Status
from kmbench.report.page import render_page


def write(folder, records, study="", host=None):
    folder.mkdir(parents=True)
    (folder / "records.jsonl").write_text("".join(record.to_line() + "\n" for record in records))
    (folder / "study.toml").write_text(study)
    (folder / "host.json").write_text(json.dumps(host or {"fingerprint": "1"}))
    return folder


RECORDS = measured("sklearn-lloyd", [2.0, 2.2, 2.1]) + measured("numpy-lloyd", [1.0, 1.1, 1.2])


def faces(run):
    return [run.json_rows(), run.frame().to_json(), run.samples_frame().to_json(), markdown_table(run.cells)]


def test_after_reading_a_run_its_folder_is_not_needed(tmp_path):
    folder = write(tmp_path / "run", RECORDS)
    run = read_run(folder)
    shutil.rmtree(folder)
    again = read_run(write(folder, RECORDS))
    shutil.rmtree(folder)
    assert faces(run) == faces(again)
    assert "numpy-lloyd" in render_page([run])


def test_a_run_in_memory_is_the_run_that_was_written(tmp_path):
    study, host = {"name": "s", "baseline": "numpy-lloyd"}, {"fingerprint": "1"}
    written = read_run(write(tmp_path / "run", RECORDS, 'name = "s"\nbaseline = "numpy-lloyd"\n', host))
    assert faces(Run(records=RECORDS, study=study, host=host)) == faces(written)
    assert {cell.baseline for cell in written.cells} == {"numpy-lloyd"}


def test_what_is_asked_for_twice_is_worked_out_once():
    run = Run(records=RECORDS)
    assert run.cells is run.cells
    assert run.cases[0].rows == run.cells
    assert list(run.cases[0].epoch_seconds[run.cells[0].cell_id].values()) == [1.0, 1.1, 1.2]


def test_cells_that_were_begun_and_not_ended_are_told(tmp_path):
    run = Run(records=[*RECORDS, line("faiss-cpu", RecordKind.FIT, epoch=0, round=0)])
    assert [key.label for key in run.unfinished] == ["faiss-cpu"]
    assert [cell.label for cell in run.cells] == ["numpy-lloyd", "sklearn-lloyd"]


@pytest.mark.parametrize(
    ("statuses", "failed"),
    [
        ([Status.OK, Status.SKIPPED], False),
        ([Status.OK, Status.CRASHED], True),
        ([Status.SKIPPED, Status.UNAVAILABLE], True),  # nothing was measured
    ],
)
def test_a_run_fails_where_a_cell_does_or_nothing_was_measured(statuses, failed):
    records = [line(f"b{n}", RecordKind.OUTCOME, status=status) for n, status in enumerate(statuses)]
    assert Run(records=records).failed is failed


def test_races_stand_after_the_cells_and_not_among_them():
    rows = Run(records=[*ladder("sklearn-lloyd", 0, (1.0, 2.0, 4.0), (9.0, 5.0, 4.0)), *RECORDS]).json_rows()
    assert [row["label"] for row in rows] == ["numpy-lloyd", "sklearn-lloyd", "sklearn-lloyd"]
    assert "seeds" in rows[-1]
    assert all("seeds" not in row for row in rows[:-1])


def test_several_runs_are_shown_together_and_told_apart(tmp_path):
    sessions = [{"fingerprint": "1", "sessions": [{"session": n}]} for n in range(2)]
    folders = [write(tmp_path / f"r{n}", RECORDS, 'name = "s"\n', host) for n, host in enumerate(sessions)]
    runs = read_runs(folders)
    group = RunGroup(runs)
    assert [case.run for case in group.cases] == ["s, r0", "s, r1"]
    assert group.name == "s"
    assert group.host["sessions"] == [{"session": 0}, {"session": 1}]
    (alone,) = read_runs(folders[:1])
    assert alone.cases[0].run == ""


def test_a_torn_line_is_left_out_and_told(tmp_path):
    folder = write(tmp_path / "run", RECORDS)
    with (folder / "records.jsonl").open("a") as file:
        file.write('{"kind": "fi')
    run = read_run(folder)
    assert len(run.records) == len(RECORDS)
    assert run.torn == len(RECORDS) + 1
    assert [note.code for note in run.torn_notes] == ["KM207"]
