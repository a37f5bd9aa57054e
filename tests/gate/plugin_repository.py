"""A small repository that holds a backend plug-in, with a build of its own that takes the version from git's tags."""

import os
import subprocess
import sys

PYPROJECT = """
[build-system]
requires = []
build-backend = "its_build"
backend-path = ["."]
"""

BUILD = """
import pathlib, subprocess, zipfile

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    told = subprocess.run(["git", "describe", "--tags", "--match", "v*"], capture_output=True, text=True, check=True)
    version = told.stdout.strip().removeprefix("v").partition("-")[0]
    info = f"sleepy-{version}.dist-info"
    files = {
        "sleepy.py": pathlib.Path("sleepy.py").read_text(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: sleepy\\nVersion: {version}\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: its_build\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        f"{info}/entry_points.txt": "[kmbench.backends]\\nsleepy = sleepy:Sleepy\\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\\n" for name in [*files, f"{info}/RECORD"])
    name = f"sleepy-{version}-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / name, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
    return name
"""

BACKEND = """
import os, time
import numpy as np
from kmbench.backends.numpy_lloyd import NumpyLloyd

class Sleepy(NumpyLloyd):
    name = "sleepy"
    summary = "sleeps, so that its time is known"

    def fit(self):
        super().fit()
        time.sleep(SECONDS)

"""

STUDY = """
data = ["digits:limit=200"]
k = [4]
threads = [1]
repeats = 4
backends = ["sleepy"]
"""

STEADY, SLOWER = "SECONDS = 0.06\n", "SECONDS = 0.06 * 1.25 + 0.005\n"

NOISY = """
from pathlib import Path

# Head takes e times as long as base in one process, and an e-th of that in the next: noise without luck.
FILE = Path(__file__)
COUNT = FILE.with_name("count")
STARTS = int(COUNT.read_text()) if COUNT.exists() else 0
COUNT.write_text(str(STARTS + 1))
SECONDS = 0.02 * np.exp((-1) ** STARTS if FILE.parent.name == "head" else 0)
"""


def git(repository, *arguments):
    identity = {f"GIT_{who}_{what}": "test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(repository), *arguments]
    subprocess.run(command, env=os.environ | identity, check=True, capture_output=True)


def make_repository(folder):
    """Make commits tagged `steady`, `remark`, `slower` and `noisy` in a folder."""
    git(folder, "init", "--quiet", "--initial-branch", "main")
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "its_build.py").write_text(BUILD)
    (folder / "gate.toml").write_text(STUDY)
    (folder / "of-another.toml").write_text(STUDY.replace("sleepy", "numpy-lloyd"))
    steps = {"steady": STEADY, "remark": STEADY + "# A remark.\n", "slower": SLOWER, "noisy": NOISY}
    for tag, text in steps.items():
        (folder / "sleepy.py").write_text(BACKEND + text)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", tag)
        if tag == "steady":
            git(folder, "tag", "v1.2")
        git(folder, "tag", tag)
    return folder


def install_here(repository, target):
    """Install the plug-in as its author has it, and return the environment of a command that sees it."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(repository)]
    subprocess.run([*pip, "--disable-pip-version-check"], check=True, capture_output=True)
    paths = [str(target), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "PYTHONWARNINGS": "",
    }
