"""Plain `pip install kmbench` brings no FAISS: what there is gets compared, and the rest is told in one line."""

import importlib.util
import sys

import pytest

from kmbench.backends import faiss_build
from kmbench.cli.main import main
from kmbench.errors import TuneError
from kmbench.tuning.deployment.check import check_deployment

EXTRA = "pip install 'kmbench[cpu]'"


@pytest.fixture
def kmbench_alone(monkeypatch, tmp_path, capsys):
    """Run the command line where no FAISS is found; return its exit code, output and errors."""
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "faiss" else found(name, *rest)
    )
    monkeypatch.setattr(faiss_build, "installed_builds", lambda: [])
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["kmbench", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        told = capsys.readouterr()
        return end.value.code or 0, told.out, told.err

    return run


def test_the_others_are_measured_and_the_extra_is_told(kmbench_alone):
    code, out, err = kmbench_alone(
        "run", "--data", "blobs:n=200,d=4,centers=3,seed=0", "--k", "2", "--repeats", "1", "--threads", "1",
        "--backends", "numpy-lloyd,faiss-cpu,faiss-ivf", "--no-report",
    )  # fmt: skip
    assert (code, "Traceback" in err) == (0, False), err
    rows = {line.split()[0]: line.split()[-1] for line in out.splitlines() if line.split()}
    assert (rows["numpy-lloyd"], rows["faiss-cpu"]) == ("ok", "unavailable")
    assert f"faiss-cpu, faiss-ivf: unavailable: faiss is not installed: {EXTRA}" in " ".join(out.split())


def test_the_default_study_has_something_to_compare(kmbench_alone):
    code, out, _ = kmbench_alone("run", "--dry-run")
    assert code == 0
    cases = [case.splitlines() for case in out.split("threads=")[1:]]
    assert len(cases) == 3
    for case in cases:
        measured = [line.strip() for line in case if line.startswith("  ") and "unavailable" not in line]
        assert {"numpy-lloyd", "sklearn-lloyd"} <= set(measured)


@pytest.mark.parametrize("more", [[], ["--target", "lance[uri=lists]"]])
def test_tune_says_in_one_line_what_to_install(kmbench_alone, more):
    code, out, err = kmbench_alone("tune", "digits", *more)
    assert (code, out) == (2, "")
    [line] = err.splitlines()
    assert line.startswith("kmbench: tune needs FAISS: faiss is not installed: pip install 'kmbench[cpu]'")


def test_a_saved_index_cannot_be_checked_without_it(kmbench_alone, tmp_path):
    with pytest.raises(TuneError, match="needs FAISS"):
        check_deployment(tmp_path)


def test_help_says_where_to_begin_and_how_faiss_is_had(kmbench_alone):
    code, out, _ = kmbench_alone("--help")
    assert code == 0
    assert "Begin with kmbench run" in out
    assert EXTRA in out
