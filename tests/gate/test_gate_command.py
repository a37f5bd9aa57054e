"""The real thing: two commits of a throw-away repository that is a copy of this one."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]

STUDY = """
data = ["digits:limit=400"]
k = [4]
threads = [1]
repeats = 4
backends = ["numpy-lloyd", "faiss-cpu"]
"""

OPTIONS = ("--study", "tiny.toml", "--no-build-isolation")

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(repository, *arguments):
    identity = {f"GIT_{who}_{what}": "test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(repository), *arguments]
    subprocess.run(command, env=os.environ | identity, check=True, capture_output=True)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Commits tagged `as-it-is`, `harmless`, `broken` (numpy-lloyd raises) and `foreign` (another protocol)."""
    folder = tmp_path_factory.mktemp("history")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(HOME / name, folder)
    shutil.copytree(HOME / "kmbench", folder / "kmbench", ignore=shutil.ignore_patterns("__pycache__"))
    git(folder, "init", "--quiet")
    backend, channel = folder / "kmbench/backends/numpy_lloyd/backend.py", folder / "kmbench/runner/channel.py"
    whole, protocol = backend.read_text(), channel.read_text()
    assert "\nPROTOCOL = " in protocol
    fit = '"""Run Lloyd\'s algorithm afresh, and label the rows by the final centroids."""\n'
    assert fit in whole
    steps = {
        "as-it-is": (backend, whole),
        "harmless": (backend, whole + "\n# A remark.\n"),
        "broken": (backend, whole.replace(fit, fit + '        raise ValueError("planted")\n')),
        "foreign": (channel, protocol.replace("\nPROTOCOL = ", "\nPROTOCOL = 1000 + ")),
    }
    for tag, (file, text) in steps.items():
        file.write_text(text)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", tag)
        git(folder, "tag", tag)
    (folder / "tiny.toml").write_text(STUDY)
    return folder


@pytest.fixture(scope="module")
def gate(repository):
    def run(*arguments):
        command = [
            sys.executable,
            "-P",
            "-m",
            "kmbench",
            "gate",
            *arguments,
            "--study",
            "tiny.toml",
            "--no-build-isolation",
        ]
        environment = os.environ | {"COLUMNS": "80", "NO_COLOR": "1", "PYTHONWARNINGS": ""}
        return subprocess.run(
            command, cwd=repository, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    return run


def test_a_harmless_commit_passes(gate, repository):
    process = gate("as-it-is", "harmless", "--margin", "400", "--markdown", "gate.md", "--output", "kept")
    assert process.returncode == 0, process.stderr
    assert "pass" in process.stdout
    assert max(map(len, process.stdout.splitlines())) <= 80
    assert (repository / "gate.md").read_text().count("| pass |") == 2
    records = [json.loads(line) for line in (repository / "kept/first/records.jsonl").read_text().splitlines()]
    assert len({record["revision"] for record in records}) == 2
    fits = {(record["revision"], record["epoch"]) for record in records if record["kind"] == "fit"}
    assert len(fits) == 8, "both revisions in all four epochs"


def test_the_worker_of_each_cell_runs_its_own_commits_code(gate):
    process = gate("harmless", "broken", "--margin", "400", "--json")
    assert process.returncode == 1, process.stderr
    found = json.loads(process.stdout)
    cells = {cell["label"]: cell for cell in found["cells"]}
    assert cells["numpy-lloyd"]["outcome"] == "regression"
    assert cells["numpy-lloyd"]["findings"][0]["text"] == "base was ok, head is error (ValueError: planted)"
    assert cells["faiss-cpu"]["outcome"] == "pass"
    assert found["repeated"] == 1
    assert "tree" not in found["head"], "folders of this machine are nobody's business"


def test_a_commit_of_another_worker_protocol_cannot_be_measured(gate):
    process = gate("harmless", "foreign")
    assert process.returncode == 2
    assert "speaks protocol 1003, and this kmbench speaks 3" in process.stderr
    assert process.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "base 'nowhere' is not a commit here"),
        (("as-it-is", "--margin", "-1"), "--margin -1"),
        (("as-it-is", "--budget", "-1"), "--budget -1"),
        (("as-it-is", "--markdown", "none/such.md"), "cannot write"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(gate, arguments, said):
    process = gate(*arguments)
    assert process.returncode == 2
    assert said in process.stderr
    assert process.stderr.count("\n") == 1
