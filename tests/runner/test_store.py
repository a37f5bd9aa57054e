"""The run folder loses nothing that was recorded, and never takes two writers."""

import json

import pytest

from kmbench import load_records
from kmbench.errors import OutputError
from kmbench.records import CellKey, Record, RecordKind, read_records
from kmbench.runner.store import RunFolder
from kmbench.study import Study

STUDY = Study.build({"data": ["digits"], "k": [10]}, "test")
HOST = {"fingerprint": "abcd1234"}


def record(session=0, kind=RecordKind.FIT, backend="sound", **figures):
    key = CellKey(
        dataset="digits",
        dataset_fingerprint="0",
        n=10,
        d=2,
        k=3,
        iterations=10,
        protocol="matched",
        seed=0,
        threads=1,
        backend=backend,
    )
    return Record(kind=kind, key=key, session=session, host="abcd1234", at="2026-01-01T00:00:00", **figures)


def write(folder, *records, resume=False):
    with RunFolder(folder, resume=resume) as store:
        store.begin(STUDY, HOST)
        for one in records:
            store.append(one)


def test_a_record_comes_back_as_it_was_written(tmp_path):
    written = record(round=3, fit_seconds=0.25, settings={"a": [1, "ü"]}, reason="<b>")
    write(tmp_path / "run", written)
    assert read_records(tmp_path / "run") == [written]


def test_bytes_that_are_no_text_in_an_engines_message_harm_neither_the_run_nor_its_frame(tmp_path):
    write(tmp_path / "run", record(reason="cannot open caf\udce9.bin", settings={"path": "\udce9"}))
    assert load_records(tmp_path / "run")["reason"].tolist() == ["cannot open caf?.bin"]


def test_a_torn_last_line_is_cut_off_on_resume_and_the_rest_is_whole(tmp_path):
    folder = tmp_path / "run"
    write(folder, record(round=0), record(round=1))
    file = folder / "records.jsonl"
    file.write_bytes(file.read_bytes() + b'{"record_version": 1, "kind": "f')
    assert len(read_records(folder)) == 2
    write(folder, record(session=1, round=0), resume=True)
    lines = file.read_text().splitlines()
    assert [json.loads(line)["session"] for line in lines] == [0, 0, 1]


def test_a_foreign_line_is_an_error_that_names_it(tmp_path):
    folder = tmp_path / "run"
    write(folder, record())
    with (folder / "records.jsonl").open("a") as file:
        file.write('{"record_version": 99}\n')
    with pytest.raises(OutputError, match=r"line 2.*version 99"):
        read_records(folder)


def test_a_second_writer_is_refused(tmp_path):
    with RunFolder(tmp_path / "run", resume=False), pytest.raises(OutputError, match="another run is writing"):
        RunFolder(tmp_path / "run", resume=True)


def test_a_folder_with_a_run_needs_resume(tmp_path):
    write(tmp_path / "run", record())
    with pytest.raises(OutputError, match="--resume"):
        RunFolder(tmp_path / "run", resume=False)
    assert len(read_records(tmp_path / "run")) == 1


def test_a_file_as_output_is_refused_by_name(tmp_path):
    (tmp_path / "taken").write_text("x")
    for path in (tmp_path / "taken", tmp_path / "taken" / "run"):
        with pytest.raises(OutputError, match="taken is a file"):
            RunFolder(path, resume=False)


def test_nothing_is_left_when_the_run_did_not_begin(tmp_path):
    with pytest.raises(RuntimeError), RunFolder(tmp_path / "run", resume=False):
        raise RuntimeError
    assert not (tmp_path / "run").exists()


def test_a_resumed_run_must_be_the_same_study_on_the_same_host(tmp_path):
    write(tmp_path / "run", record())
    other = STUDY.overridden({"k": [4]})
    with (
        RunFolder(tmp_path / "run", resume=True) as store,
        pytest.raises(OutputError, match="another study: k differ"),
    ):
        store.begin(other, HOST)
    with RunFolder(tmp_path / "run", resume=True) as store, pytest.raises(OutputError, match="another host"):
        store.begin(STUDY, {"fingerprint": "ffff0000"})


@pytest.mark.parametrize(
    ("content", "words"), [("{", "host.json cannot be read: it is not JSON"), (None, "is missing")]
)
def test_a_resumed_run_that_lost_its_host_is_refused_by_name(tmp_path, content, words):
    write(tmp_path / "run", record())
    file = tmp_path / "run" / "host.json"
    file.unlink() if content is None else file.write_text(content)
    with RunFolder(tmp_path / "run", resume=True) as store, pytest.raises(OutputError, match=words):
        store.begin(STUDY, HOST)


def test_finished_cells_are_those_with_an_outcome(tmp_path):
    done, open_ = record(kind=RecordKind.OUTCOME, backend="a"), record(backend="b")
    write(tmp_path / "run", done, open_)
    with RunFolder(tmp_path / "run", resume=True) as store:
        assert store.finished_cells() == {done.key.cell_id}
        assert store.session == 1
