"""Help is there for every command, at once, and bad input to any of them is one line."""

import json
import re
import subprocess
import sys

import pytest

HEAVY = ("pandas", "scipy", "matplotlib", "seaborn", "sklearn", "faiss", "PIL", "torch", "pyarrow")

BAD = {
    "run": ("--data", "missing.npy", "--k", 3),
    "tune": ("missing.npy",),
    "choose-k": ("missing.npy",),
    "semantic-ids": ("missing.npy", "--output", "ids.npy"),
    "backends": ("--no-such",),
    "quantize": ("missing.png", "--output", "out.png"),
    "segment": ("missing.csv", "--output", "out.csv"),
    "workloads": ("--no-such",),
    "data": ("missing.npy",),
    "fetch": ("no-such-set",),
    "host": ("--no-such",),
    "explain": ("KM999",),
    "selftest": ("--no-such",),
    "compare": ("missing", "missing"),
    "report": ("missing",),
    "gallery": ("missing",),
    "gate": ("HEAD", "HEAD", "--margin", "-1"),
    "asv-frame": ("missing",),
    "history": ("missing",),
}
"""Every command, with what it must refuse."""

ASK = """
import json, sys
from typer.testing import CliRunner
from kmbench.cli.main import app
told = {}
for name in [command.name for command in app.registered_commands]:
    result = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "80", "NO_COLOR": "1"})
    told[name] = [result.exit_code, result.output]
print(json.dumps({"told": told, "imported": sorted(sys.modules)}))
"""


@pytest.fixture(scope="module")
def answers():
    process = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    return json.loads(process.stdout)


def test_every_command_has_help_with_an_example(answers):
    assert answers["told"].keys() == BAD.keys()
    for name, (code, text) in answers["told"].items():
        assert code == 0
        assert re.search(r"Examples?\b", text), name
        assert f"kmbench {name}" in text


def test_help_imports_nothing_heavy(answers):
    assert [name for name in HEAVY if name in answers["imported"]] == []


@pytest.mark.parametrize("name", BAD)
def test_every_command_refuses_bad_input_in_a_line(kmbench, name):
    process = kmbench(name, *BAD[name])
    assert process.returncode == 2
    assert "Traceback" not in process.stderr
    if BAD[name] != ("--no-such",):  # which typer answers, in a box
        *progress, last = process.stderr.strip().splitlines()
        assert last.startswith("kmbench: ")
        assert progress in ([], ["data"])
