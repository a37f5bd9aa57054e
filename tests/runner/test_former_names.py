"""Plug-ins that were written against the former names of the contract still run, and their authors are told."""

import json
import subprocess
import sys
import warnings

import pytest

from kmbench import Workload
from kmbench.errors import DataError


@pytest.fixture
def kmbench(rogues, tmp_path):
    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-P", "-m", "kmbench", *map(str, arguments)],
            cwd=tmp_path,
            env=rogues | {"PYTHONWARNINGS": "always::DeprecationWarning"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


def told(process, words):
    """Return the lines that warn with these words; each names the plug-in's file."""
    lines = [line for line in process.stderr.splitlines() if "DeprecationWarning" in line and words in line]
    assert all("kmbench_rogues" in line for line in lines), lines
    return lines


def test_a_backend_with_cannot_is_asked_by_it_and_still_reaches_its_parent(kmbench):
    case = ("--data", "digits:limit=60", "--threads", 1, "--repeats", 1, "--no-report", "--json")
    process = kmbench("run", *case, "--k", "3,7", "--backends", "former-backend,sound")
    rows = {(row["k"], row["backend"]): row for row in json.loads(process.stdout)}
    assert rows[3, "former-backend"]["status"] == rows[3, "sound"]["status"] == "ok"
    assert rows[3, "former-backend"]["inertia"] == rows[3, "sound"]["inertia"]
    refused = rows[7, "former-backend"]
    assert (refused["status"], refused["reason"]) == ("skipped", "it does not count to seven")
    assert len(told(process, "FormerBackend.cannot is now unsupported_reason")) == 1


def test_an_error_with_mend_reads_as_one_with_a_hint(kmbench):
    process = kmbench("run", "--data", "missing.npy", "--k", 3, "--workload", "former-workload")
    assert process.returncode == 2
    assert process.stderr.rstrip().endswith("missing.npy does not exist; check the path, says the plug-in")
    assert len(told(process, "DataError(mend=...) is now hint=...")) == 1
    assert len(told(process, "DataError.mend is now hint")) == 1


def test_a_workload_with_cannot_refuses_by_it(kmbench):
    process = kmbench("run", "--data", "digits", "--k", 1, "--workload", "sizes", "--backends", "sound")
    assert process.returncode == 2
    assert "it wants at least two clusters" in process.stderr
    assert len(told(process, "Sizes.cannot is now unsupported_reason")) == 1


def test_the_present_names_warn_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        error = DataError("what", "how")

        class Present(Workload):
            def unsupported_reason(self, k, n, d):
                return None

            def score(self, task, answer):
                raise NotImplementedError

    assert (error.hint, str(error)) == ("how", "what; how")
