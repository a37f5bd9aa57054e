"""The gate in the repository of a backend plug-in, and of something that has nothing to do with the study."""

import json
import shutil
import subprocess
import sys

import pytest
from plugin_repository import git, install_here, make_repository

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return make_repository(tmp_path_factory.mktemp("plugin"))


@pytest.fixture(scope="module")
def gate(repository, tmp_path_factory):
    environment = install_here(repository, tmp_path_factory.mktemp("installed"))

    def run(*arguments, study="gate.toml", folder=repository):
        command = [sys.executable, "-P", "-m", "kmbench", "gate", *arguments, "--study", study]
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    return run


def test_equal_commits_pass_and_what_could_have_been_found_is_told(gate, repository):
    process = gate("steady", "remark", "--margin", "20", "--markdown", "gate.md", "--output", "kept")
    assert process.returncode == 0, process.stderr
    assert process.stdout.splitlines()[-1].split(": ")[1].startswith("pass; every cell finds slowdowns from ")
    assert "finds from" in process.stdout
    assert "| finds from |" in (repository / "gate.md").read_text()
    lines = (repository / "kept/first/records.jsonl").read_text().splitlines()
    assert len({json.loads(line)["revision"] for line in lines}) == 2
    assert [path.name for path in (repository / "kept/base").glob("*.dist-info")] == ["sleepy-1.2.dist-info"]


def test_a_quarter_more_is_a_regression(gate, repository):
    process = gate("remark", "slower", "--json", "--budget", "0")
    assert process.returncode == 1, process.stderr
    found = json.loads(process.stdout)
    assert found["outcome"] == "regression"
    assert found["repeated"] == 1
    assert found["cells"][0]["findings"][0]["text"].startswith("slower: ")


def test_noise_that_hides_the_margin_is_blind_and_is_measured_longer(gate, repository):
    process = gate("noisy", "noisy", "--json", "--budget", "0.05", "--output", "noisy", "--strict")
    assert process.returncode == 2, process.stderr
    found = json.loads(process.stdout)
    assert found["outcome"] == "blind"
    assert found["longer"] == 1
    assert found["cells"][0]["finds_from"] > 0.21
    assert len(found["cells"][0]["logs"]) > 4
    assert found["power"] == "no cell could have found a slowdown as large as the margin"
    assert gate("noisy", "noisy", "--budget", "0").returncode == 0, "without --strict"


def test_nothing_is_left_in_the_repository(gate, repository):
    listed = subprocess.run(["git", "-C", repository, "worktree", "list"], capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 1


def test_a_study_that_measures_nothing_of_the_repository_is_refused(gate):
    process = gate("steady", "remark", study="of-another.toml")
    assert process.returncode == 2
    assert "none of the study's backends (numpy-lloyd) comes from or uses sleepy" in process.stderr
    assert process.stderr.count("\n") == 1


def test_a_plug_in_that_is_not_installed_here_is_asked_for(repository):
    command = [sys.executable, "-P", "-m", "kmbench", "gate", "steady", "remark", "--study", "gate.toml"]
    process = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert "unknown backend 'sleepy'" in process.stderr
    assert "pip install the package that provides it" in process.stderr
    assert process.stderr.count("\n") == 1


def test_a_repository_without_a_package_is_told_apart(gate, tmp_path, repository):
    git(tmp_path, "init", "--quiet")
    (tmp_path / "notes.txt").write_text("nothing to install")
    shutil.copy(repository / "gate.toml", tmp_path)
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "notes")
    process = gate("HEAD", "HEAD", folder=tmp_path)
    assert process.returncode == 2
    assert "cannot be built: it has no pyproject.toml and no setup.py" in process.stderr
    assert process.stderr.count("\n") == 1
