"""Two runs are compared only where that means something."""

import json

import pytest
from test_cells import line, measured

from kmbench.analysis.compare import compare_runs
from kmbench.errors import OutputError
from kmbench.records import RecordKind, Status
from kmbench.run_folder import differing_fields


def write(folder, records, host):
    folder.mkdir()
    (folder / "records.jsonl").write_text("".join(record.to_line() + "\n" for record in records))
    (folder / "host.json").write_text(json.dumps(host))
    return folder


@pytest.fixture
def runs(tmp_path):
    def make(after_host, after_records=None):
        before = write(tmp_path / "a", measured("sklearn-lloyd", [1.0, 2.0, 3.0]), {"fingerprint": "1", "cores": 2})
        records = after_records or measured("sklearn-lloyd", [2.0, 4.0, 6.0])
        return before, write(tmp_path / "b", records, after_host)

    return make


def test_cells_are_set_side_by_side(runs):
    (row,) = compare_runs(*runs({"fingerprint": "1"}))
    assert (row.before_seconds, row.after_seconds, row.ratio, row.note) == (2.0, 4.0, 2.0, None)
    assert row.inertia_change == 0.0


def test_other_hosts_are_refused_with_the_field_that_differs_unless_forced(runs):
    folders = runs({"fingerprint": "2", "cores": 4})
    with pytest.raises(OutputError, match="cores \\(2 and 4\\).*--force"):
        compare_runs(*folders)
    assert len(compare_runs(*folders, force=True)) == 1


def test_a_host_that_cannot_be_read_is_told_and_not_taken_for_the_same(runs):
    before, after = runs({"fingerprint": "1"})
    for folder in (before, after):
        (folder / "host.json").write_text("{")
    with pytest.raises(OutputError, match="host.json cannot be read"):
        compare_runs(before, after)


def test_records_alone_tell_of_no_host_and_are_refused(runs):
    before, after = runs({"fingerprint": "1"})
    with pytest.raises(OutputError, match="records.jsonl is a file; give the run folder"):
        compare_runs(before / "records.jsonl", after)


def test_what_one_run_lacks_is_a_row_with_a_note(runs):
    crashed = line("sklearn-lloyd", RecordKind.OUTCOME, status=Status.CRASHED)
    rows = compare_runs(*runs({"fingerprint": "1"}, [crashed, *measured("faiss-cpu", [1.0])]))
    assert [row.note for row in rows] == ["crashed after", "not measured before"]
    assert [row.ratio for row in rows] == [None, None]


def test_fields_are_named_with_their_place():
    assert list(differing_fields({"cpu": {"model": "a"}, "at": 1}, {"cpu": {"model": "b"}, "at": 2})) == [
        "cpu.model (a and b)"
    ]
