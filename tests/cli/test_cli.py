"""What a clumsy user sees: one line that names the thing and the mend, exit code 2, and nothing half-written."""

import contextlib
import json

import numpy as np
import pytest

from kmbench.cli.selftest import selftest_command
from kmbench.selftest import check

QUICKLY = ("--k", 3, "--backends", "numpy-lloyd", "--threads", 1, "--repeats", 1)


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 4)).astype(np.float32)
    np.save(tmp_path / "good.npy", X)
    holed = X.copy()
    holed[7, 2] = np.nan
    np.save(tmp_path / "nan.npy", holed)
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    rows = np.hstack([np.full((50, 1), 4, np.int32), X.view(np.int32)])
    rows.tofile(tmp_path / "torn.fvecs")
    with (tmp_path / "torn.fvecs").open("ab") as file:
        file.truncate(50 * 20 - 3)
    (tmp_path / "taken").write_text("a file")
    (tmp_path / "empty.toml").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--data", "missing.npy", *QUICKLY), "missing.npy"),
        (("--data", "torn.fvecs", *QUICKLY), "torn.fvecs"),
        (("--data", "objects.npy", *QUICKLY), "objects.npy"),
        (("--data", "nan.npy", *QUICKLY), "row 7"),
        (("--data", "good.npy", "--k", "51"), "k=51 is larger than the 50 rows"),
        (("--data", "good.npy", "--k", "0"), "k.1 = 0"),
        (("--data", "good.npy", "--k", "three"), "--k three: not a list of whole numbers"),
        (("--data", "good.npy"), "the number of clusters is missing"),
        (("--data", "good.npy", "--k", "3", "--backends", "faiss"), "unknown backend 'faiss'"),
        (("--data", "good.npy", "--k", "3", "--backends", "numpy-lloyd[speed=9]"), "no parameter 'speed'"),
        (("--data", "good.npy", "--k", "3", "--backends", "faiss-ivf[nlist=]"), "has no value"),
        (("--data", "good.npy", "--k", "3", "--backends", "faiss-ivf[nlist=9]"), "no cell that can run"),
        (("--data", "good.npy", *QUICKLY, "--output", "taken"), "taken is a file"),
        (("--data", "good.npy", *QUICKLY, "--output", "new", "--resume"), "holds no run to resume"),
        (("--data", "good.npy", *QUICKLY, "--memory-limit", "lots"), "write a size such as 800M"),
        (("--data", "blobs:n=100,colour=red", *QUICKLY), "colour"),
        (("--data", "nonsense", *QUICKLY), "nonsense"),
        (("--data", "caf\udce9.npy", *QUICKLY), r"b'caf\xe9.npy' is not UTF-8; rename"),
        (("--data", "good.npy", *QUICKLY, "--output", "caf\udce9"), r"b'caf\xe9' is not UTF-8; rename"),
        (("none.toml",), "none.toml does not exist"),
        (("empty.toml",), "names no data"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(kmbench, files, arguments, complaint):
    before = sorted(path.name for path in files.iterdir())
    process = kmbench("run", *arguments)
    assert process.returncode == 2
    assert complaint in process.stderr
    assert process.stderr.startswith("kmbench: ")
    assert process.stderr.count("\n") == 1
    assert process.stdout == ""
    assert sorted(path.name for path in files.iterdir()) == before


def test_debug_shows_where_an_error_came_from(kmbench):
    process = kmbench("--debug", "run", "none.toml")
    assert process.returncode == 2
    assert "Traceback" in process.stderr


def test_an_unknown_option_is_exit_code_2(kmbench):
    assert kmbench("run", "--colour", "red").returncode == 2


def test_two_runs_do_not_write_one_folder(kmbench, files):
    from kmbench.runner.store import RunFolder

    with RunFolder(files / "out", resume=False):
        process = kmbench("run", "--data", "good.npy", *QUICKLY, "--output", "out")
    assert process.returncode == 2
    assert "another run is writing to out" in process.stderr


def test_the_run_ends_with_table_records_and_page(kmbench, files):
    process = kmbench("run", "--data", "good.npy", *QUICKLY, "--output", "out")
    assert process.returncode == 0, process.stderr
    assert max(len(line) for line in process.stdout.splitlines()) <= 80
    assert "numpy-lloyd" in process.stdout
    assert "records  out" in process.stdout
    assert {"records.jsonl", "host.json", "study.toml", "index.html"} <= {p.name for p in (files / "out").iterdir()}
    host = json.loads((files / "out" / "host.json").read_text())
    assert len(host["fingerprint"]) == 8


def test_a_dry_run_prints_the_cells_and_measures_nothing(kmbench, files):
    process = kmbench(
        "run", "--data", "good.npy", "--k", "3,4", "--backends", "faiss-ivf[nlist=1,2;nprobe=1]", "--dry-run"
    )
    assert process.returncode == 0
    assert "4 cells, about" in process.stdout
    assert "faiss-ivf[nlist=2;nprobe=1]" in process.stdout
    assert not (files / "results").exists()
    cells = json.loads(kmbench("run", "--dry-run", "--json").stdout)
    assert {cell["dataset"] for cell in cells} >= {"digits", "photo"}


def test_a_backend_that_is_unavailable_is_a_row_and_measuring_nothing_is_a_failure(kmbench, files):
    if "faiss-gpu" in [b["name"] for b in json.loads(kmbench("backends", "--json").stdout) if b["available"]]:
        pytest.skip("there is a GPU here, so faiss-gpu is available")
    process = kmbench("run", "--data", "good.npy", "--k", 3, "--backends", "faiss-gpu", "--json", "--no-report")
    (row,) = json.loads(process.stdout)
    assert (row["status"], row["fit_seconds"]) == ("unavailable", None)
    assert "pip" in row["reason"] or "GPU" in row["reason"]
    assert process.returncode == 1


def test_help_has_an_example_for_every_command(kmbench):
    for command in ("run", "backends", "data"):
        text = kmbench(command, "--help").stdout
        assert "Example" in text
        assert f"kmbench {command}" in text


def test_what_cannot_run_here_is_told_within_the_terminals_width(kmbench):
    lines = kmbench("backends").stdout.splitlines()
    assert max(map(len, lines)) <= 80


def test_data_describes_what_a_spec_holds(kmbench, files):
    assert "50 x 4" in kmbench("data", "good.npy").stdout
    listing = kmbench("data").stdout
    assert all(name in listing for name in ("digits", "photo", "blobs:", ".fvecs", ".parquet"))


def test_the_selftest_finds_known_memory_and_threads(kmbench, monkeypatch, capsys):
    monkeypatch.setattr(check, "QUICK_EPOCHS", 2)  # times are judged in tests/selftest, on records
    with contextlib.suppress(SystemExit):
        selftest_command(quick=True, as_json=True)
    findings = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert len(findings) == 8
    assert "for each GiB a while after it was freed" in findings["memory that this host provides"]["found"]
    for name in ("a backend that allocates", "a backend that allocates while it holds Python's lock"):
        assert findings[name]["passed"], findings[name]
    assert findings["backends that were given one thread"]["passed"]
    listed = kmbench("backends").stdout
    assert "known-works" not in listed


def test_host_describes_this_machine(kmbench):
    host = json.loads(kmbench("host", "--json").stdout)
    assert len(host["fingerprint"]) == 8
    assert host["default_threads"] >= 1
    assert "fingerprint" in kmbench("host").stdout


def test_compare_sets_two_runs_side_by_side(kmbench, files):
    for name in ("one", "two"):
        assert kmbench("run", "--data", "good.npy", *QUICKLY, "--output", name, "--no-report").returncode == 0
    (row,) = json.loads(kmbench("compare", "one", "two", "--json").stdout)
    assert row["ratio"] > 0
    assert row["inertia_change"] == 0
    assert "numpy-lloyd" in kmbench("compare", "one", "two").stdout
    assert kmbench("compare", "one", "three").returncode == 2
