"""`kmbench history --confirm` in the repository of a plug-in: real builds, real workers, one broken commit."""

import json
import shutil
import subprocess
import sys

import pytest
from plugin_repository import BACKEND, BUILD, STEADY, git, install_here, make_repository

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

HEAVIER = """
class Sleepy(Sleepy):
    def fit(self):
        held = np.ones(3_000_000)
        super().fit()
        held.sum()
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A history in which memory rises at the commit tagged `heavier`, between commits that asv has not measured."""
    folder = make_repository(tmp_path_factory.mktemp("plugin"))
    backend, build = folder / "sleepy.py", folder / "its_build.py"
    steps = {
        "calm": (BACKEND + STEADY, BUILD),
        "broken": (BACKEND + STEADY, "raise RuntimeError('planted')"),
        "heavier": (BACKEND + STEADY + HEAVIER, BUILD),
        "latest": (BACKEND + STEADY + HEAVIER + "# A remark.\n", BUILD),
    }
    for tag, (text, how) in steps.items():
        backend.write_text(text)
        build.write_text(how)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", tag)
        git(folder, "tag", tag)
    return folder


def commit(repository, name):
    found = subprocess.run(["git", "-C", repository, "rev-parse", name], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def write_results(repository, values):
    """Write files as asv does, with the peak memory of some commits."""
    folder = repository / "results" / "host"
    folder.mkdir(parents=True)
    name = "fit.Fit.track_peak_extra_bytes"
    params = [["'sleepy'"], ["'digits'"], ["4"]]
    described = {"param_names": ["backend", "dataset", "k"], "params": params, "unit": "bytes", "version": "1"}
    (folder.parent / "benchmarks.json").write_text(json.dumps({name: described | {"type": "track"}, "version": 2}))
    for number, (tag, value) in enumerate(values.items()):
        whole = commit(repository, tag)
        result = {
            "commit_hash": whole, "env_name": "virtualenv-py3.11", "date": 1_700_000_000_000 + number, "version": 2,
            "python": "3.11", "params": {"cpu": "a CPU"}, "requirements": {}, "env_vars": {},
            "result_columns": ["result", "params", "version"], "results": {name: [[value], params, "1"]},
        }  # fmt: skip
        (folder / f"{whole[:8]}-virtualenv-py3.11.json").write_text(json.dumps(result))


def test_a_change_of_memory_is_confirmed_at_its_commit_past_one_that_does_not_build(repository, tmp_path):
    write_results(repository, {"steady": 1e6, "calm": 1e6, "latest": 25e6})
    environment = install_here(repository, tmp_path / "installed")
    command = [sys.executable, "-P", "-m", "kmbench", "history", "results", "--confirm", "--study", "gate.toml"]
    command += ["--output", str(tmp_path / "page")]

    def confirm():
        return subprocess.run(
            command, cwd=repository, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    process = confirm()
    assert process.returncode == 0, process.stderr
    heavier, calm = commit(repository, "heavier"), commit(repository, "calm")
    assert f"peak extra bytes up, sleepy, digits, k=4: confirmed at {heavier[:8]}: " in process.stdout
    assert f"  {commit(repository, 'broken')[:8]} is left out: " in process.stdout
    (line,) = (repository / "results" / "confirmations.jsonl").read_text().splitlines()
    found = json.loads(line)
    assert (found["before"], found["at"], found["ratio"] > 2) == (calm, heavier, True)
    assert f"confirmed at {heavier[:8]}" in (tmp_path / "page" / "index.html").read_text()
    again = confirm()
    assert again.returncode == 0, again.stderr
    assert len((repository / "results" / "confirmations.jsonl").read_text().splitlines()) == 1, "it stays so"


def test_a_budget_that_is_none_is_refused(repository):
    command = [sys.executable, "-P", "-m", "kmbench", "history", "results", "--confirm", "--budget", "0"]
    process = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert "--budget 0" in process.stderr
    assert process.stderr.count("\n") == 1
