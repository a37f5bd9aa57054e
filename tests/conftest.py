"""What several rooms' tests share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROGUES = Path(__file__).parent / "rogues"


@pytest.fixture(scope="session")
def rogues(tmp_path_factory):
    """The environment in which the package of rogue backends is installed, as a third party's would be."""
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, "--target", str(target), str(ROGUES)], check=True, capture_output=True, text=True)
    path = os.pathsep.join(filter(None, [str(target), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONWARNINGS": ""}


@pytest.fixture
def kmbench(rogues, tmp_path):
    """Run the command `kmbench` in a folder of its own and return the finished process."""

    def run(*arguments, timeout=300):
        return subprocess.run(
            [sys.executable, "-P", "-m", "kmbench", *map(str, arguments)],
            cwd=tmp_path,
            env=rogues,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run
