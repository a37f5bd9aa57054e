"""`.ci/run` measures coverage only where it is asked for, and the workflow asks once and shows the result."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"


@pytest.fixture
def stubs(tmp_path):
    """A folder with programs that do nothing but write down how they were called."""
    for name in ("make", "chromium", "java"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\nprintf "%s " {name} "$@" >> {tmp_path}/calls\necho >> {tmp_path}/calls\n')
        program.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "call"),
    [(None, "make test"), ("", "make test"), ("1", "make test OPTIONS=--cov --cov-report=")],
)
def test_coverage_is_measured_where_it_is_asked_for(stubs, asked, call):
    environment = {name: value for name, value in os.environ.items() if name != "KMBENCH_COVERAGE"}
    environment |= {"PATH": f"{stubs}{os.pathsep}{os.environ['PATH']}"}
    environment |= {} if asked is None else {"KMBENCH_COVERAGE": asked}
    subprocess.run(["bash", str(ROOT / ".ci" / "run")], env=environment, check=True, capture_output=True)
    calls = [line.strip() for line in (stubs / "calls").read_text().splitlines()]
    assert calls == ["make lint", "make docs", call]


def test_one_job_measures_it_and_shows_it():
    job = yaml.safe_load(WORKFLOW.read_text())["jobs"]["test"]
    [run] = [step for step in job["steps"] if step.get("run") == "bash .ci/run"]
    [shows] = [step for step in job["steps"] if "GITHUB_STEP_SUMMARY" in step.get("run", "")]
    asked = re.findall(r"matrix\.(\w+) == '([^']+)'", run["env"]["KMBENCH_COVERAGE"])
    assert asked == re.findall(r"matrix\.(\w+) == '([^']+)'", shows["if"])
    matrix = job["strategy"]["matrix"]
    assert all(value in matrix[axis] for axis, value in asked)
    assert len(asked) == 2
