"""`kmbench report` and `kmbench gallery`: what is written, and one line for what cannot be."""

import pytest

from kmbench.records import CellKey, Record, RecordKind


@pytest.fixture
def run_dir(tmp_path):
    key = CellKey(
        dataset="digits", dataset_fingerprint="0", n=10, d=2, k=2, iterations=1, protocol="matched", seed=0,
        threads=1, backend="numpy-lloyd",
    )  # fmt: skip
    shared = {"key": key, "session": 0, "host": "h", "at": "2026-01-31T10:00:00+00:00"}
    records = [
        Record(kind=RecordKind.FIT, epoch=0, round=0, fit_predict_seconds=0.5, **shared),
        Record(kind=RecordKind.OUTCOME, **shared),
    ]
    folder = tmp_path / "results" / "one"
    folder.mkdir(parents=True)
    (folder / "records.jsonl").write_text("".join(record.to_line() + "\n" for record in records))
    (folder / "host.json").write_text('{"fingerprint": "a", "kernel": "6.1"}')
    return folder


def test_the_files_are_printed_and_there(kmbench, run_dir, tmp_path):
    with (run_dir / "records.jsonl").open("a") as file:
        file.write('{"torn')
    done = kmbench("report", run_dir, "--format", "html,md,csv", "--output", "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["out/index.html", "out/table.md", "out/cells.csv", "out/samples.csv"]
    assert all((tmp_path / name).is_file() for name in done.stdout.split())
    assert "line 3, is incomplete because the run was interrupted, and is skipped" in done.stderr
    done = kmbench("gallery", "results", "--output", "reports")
    assert done.stdout.split() == ["reports/one/index.html", "reports/index.html"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nowhere"], "holds no records.jsonl"),
        (["results/one", "--format", "pdf"], "--format pdf is not known; use html, md, csv or parquet"),
        (["results/one", "--benchopt"], "add --format parquet"),
        (
            ["results/one", "results/two"],
            "have different hosts or versions: kernel (6.1 and 5.0); report them separately",
        ),
        (["results/one/records.jsonl"], "is a file; give the run folder"),
        (["results/one", "--output", "taken"], "cannot write taken/index.html: taken is a file"),
        (["results/one", "--format", "csv", "--output", "taken"], "cannot write taken/cells.csv: taken is a file"),
        (["results/one", "--format", "parquet", "--output", "taken/x"], "cannot write taken/x/cells.parquet"),
    ],
)
def test_bad_input_is_one_line(kmbench, run_dir, arguments, line):
    (run_dir.parents[1] / "taken").write_text("a file")
    other = run_dir.with_name("two")
    other.mkdir()
    (other / "records.jsonl").write_bytes((run_dir / "records.jsonl").read_bytes())
    (other / "host.json").write_text('{"fingerprint": "b", "kernel": "5.0"}')
    done = kmbench("report", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("kmbench: ")
    assert done.stderr.count("\n") == 1
    assert line in done.stderr


@pytest.mark.parametrize(("name", "words"), [("study.toml", "study.toml cannot be read"), ("host.json", "not JSON")])
def test_a_torn_file_beside_the_records_is_named_by_compare(kmbench, run_dir, name, words):
    (run_dir / name).write_text("{")
    done = kmbench("compare", "results/one", "results/one")
    assert done.returncode == 2
    assert done.stderr.startswith("kmbench: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
