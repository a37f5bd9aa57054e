"""The release workflow refuses a tag that is not the version, or a version that the changelog does not tell of."""

import os
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"


@pytest.mark.parametrize(
    ("tag", "heading", "complaint"),
    [
        ("v1.2.0", "## 1.2.0, 2026-12-01", None),
        ("v1.2.1", "## 1.2.0, 2026-12-01", "tag v1.2.1, version 1.2.0"),
        ("v1.2.0", "## Unreleased", "has no heading ## 1.2.0"),
    ],
)
def test_the_tag_is_the_version(tmp_path, tag, heading, complaint):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "kmbench"\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n{heading}\n")
    done = checked(tag, tmp_path)
    assert (done.returncode == 0) == (complaint is None), done
    assert complaint is None or complaint in done.stdout


def test_the_repository_can_be_tagged_as_it_is():
    """The changelog tells of the version that `pyproject.toml` has."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    done = checked(f"v{version}", ROOT)
    assert done.returncode == 0, done.stdout


def checked(tag, folder):
    """Run the step of the workflow that compares a tag with the files of a folder."""
    steps = yaml.safe_load(WORKFLOW.read_text())["jobs"]["build"]["steps"]
    (script,) = [step["run"] for step in steps if step.get("name") == "The tag is the version"]
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env=os.environ | {"GITHUB_REF_NAME": tag},
        capture_output=True,
        text=True,
        check=False,
    )
