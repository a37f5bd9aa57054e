"""Markdown, CSV, Parquet and benchopt's columns hold what the page shows; several runs are of one host."""

import json

import pandas as pd
import pytest

from kmbench import load_records
from kmbench.analysis.run import read_runs
from kmbench.errors import OutputError
from kmbench.report.export import Format, write_report
from kmbench.report.gallery import write_gallery


def test_the_markdown_table_has_a_row_for_each_cell(mixed, tmp_path):
    (file,) = write_report(read_runs([mixed]), tmp_path / "out", [Format.MARKDOWN])
    text = file.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| backend")]
    assert len(rows) == 13
    assert len({row.count("|") - row.count("\\|") for row in rows}) == 1
    assert "**digits, 1,797 x 64, k=10, 1 thread, matched**" in text
    assert "| broken-means | crashed |" in text
    assert "- faiss-gpu: no GPU is visible; pip install 'kmbench\\[gpu\\]'" in text


def test_markup_in_markdown_is_text(tmp_path, write, new_case):
    evil = "<script>alert(1)</script>|`x`\n# h"
    case = new_case(dataset=evil).cell(evil, 0.01, reason=evil)
    (file,) = write_report(read_runs([write(tmp_path / "run", case)]), tmp_path / "out", [Format.MARKDOWN])
    text = file.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "\n# h" not in text
    assert "\\|\\`x\\`" in text


@pytest.mark.parametrize("form", [Format.CSV, Format.PARQUET])
def test_tables_hold_every_cell_and_every_sample(mixed, tmp_path, form):
    if form is Format.PARQUET:
        pytest.importorskip("pyarrow")
    cells, samples = write_report(read_runs([mixed]), tmp_path / "out", [form])
    read = pd.read_csv if form is Format.CSV else pd.read_parquet
    assert len(read(cells)) == 13
    expected = load_records(mixed)
    assert len(read(samples)) == len(expected)
    assert sorted(read(samples)["fit_seconds"].dropna()) == sorted(expected["fit_seconds"].dropna())
    ivf = read(cells).set_index("label").loc["faiss-ivf[nlist=16;nprobe=1]"]
    assert json.loads(ivf["parameters"]) == {"nlist": 16, "nprobe": 1}


def test_benchopts_columns(mixed, tmp_path):
    (file,) = write_report(read_runs([mixed]), tmp_path / "out", [Format.CSV], benchopt=True)
    frame = pd.read_csv(file)
    assert {
        "objective_name", "solver_name", "data_name", "idx_rep", "stop_val", "time",
        "objective_value",
        "sampling_strategy", "p_solver_nprobe", "p_dataset_n", "p_obj_k", "platform", "system-processor",
        "version-numpy",
    } <= set(frame.columns)  # fmt: skip
    found = [name.removeprefix("objective_") for name in frame.columns if name.startswith("objective_")]
    assert found == ["name", "value", "ari", "matched_agreement", "peak_extra_bytes"]
    own = frame[(frame["solver_name"] == "numpy-lloyd") & (frame["data_name"] == "digits")]
    assert list(own["idx_rep"]) == [0, 1, 2, 3, 4]
    records = load_records(mixed)
    fits = records.query("backend == 'numpy-lloyd' and dataset == 'digits' and kind == 'fit'")
    assert list(own["time"]) == pytest.approx(list(fits["fit_predict_seconds"]))
    assert set(own["objective_value"]) == {1.165e6}
    assert "swift-means" not in set(frame["solver_name"])  # its answer is wrong


def test_runs_of_different_hosts_are_refused(mixed, tmp_path, write, new_case):
    host = {"fingerprint": "other", "kernel": "5.0"}
    other = write(tmp_path / "other", new_case().cell("numpy-lloyd", 0.01), host=host)
    with pytest.raises(OutputError, match="have different hosts or versions: .*kernel.*; report them separately"):
        write_report(read_runs([mixed, other]), tmp_path / "out", [Format.HTML])
    assert not (tmp_path / "out").exists()


def test_a_torn_line_is_told_and_skipped(mixed, tmp_path):
    whole = write_report(read_runs([mixed]), tmp_path / "a", [Format.HTML])[0].read_text(encoding="utf-8")
    with (mixed / "records.jsonl").open("a") as file:
        file.write('{"record_version": 1, "kind": "fi')
    page = write_report(read_runs([mixed]), tmp_path / "b", [Format.HTML])[0].read_text(encoding="utf-8")
    assert "is incomplete because the run was interrupted" in page
    assert "was torn" not in whole


def test_a_record_of_another_version_is_one_line(mixed, tmp_path):
    file = mixed / "records.jsonl"
    lines = file.read_text(encoding="utf-8").replace('"record_version": 1', '"record_version": 2')
    file.write_text(lines, encoding="utf-8")
    with pytest.raises(OutputError, match="line 1, is not a record .*: record version 2, this") as error:
        write_report(read_runs([mixed]), tmp_path / "out", [Format.HTML])
    assert "\n" not in str(error.value)


def test_the_gallery_lists_every_run_with_its_answer(tmp_path, write, new_case):
    for name, seconds in (("a", 0.01), ("b", 0.03)):
        case = new_case().cell("sklearn-lloyd", 0.02, noise=0).cell("numpy-lloyd", seconds, noise=0)
        write(tmp_path / "results" / name / "host", case, study=f'name = "study-{name}"\n')
    (tmp_path / "reports" / "history").mkdir(parents=True)
    (tmp_path / "reports" / "history" / "index.html").write_text("of another command")
    told = []
    index = write_gallery(tmp_path / "results", tmp_path / "reports", told.append)
    page = index.read_text(encoding="utf-8")
    assert [file.relative_to(tmp_path / "reports").as_posix() for file in told] == [
        "a-host/index.html", "b-host/index.html",
    ]  # fmt: skip
    assert all(file.is_file() for file in told)
    assert 'href="a-host/index.html">study-a<' in page
    assert "numpy-lloyd is 2.00x (2.00 to 2.00) as fast as sklearn-lloyd" in page
    assert "sklearn-lloyd is 1.50x (1.50 to 1.50) as fast as numpy-lloyd" in page
    assert "default-src 'none'" in page
    assert 'href="history/index.html">history<' in page


def test_a_gallery_of_nothing_is_refused(tmp_path):
    with pytest.raises(OutputError, match="holds no run"):
        write_gallery(tmp_path, tmp_path / "reports")
