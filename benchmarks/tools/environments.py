"""What asv's environments are made of, read from `asv.conf.json` and `requirements.txt`.

python benchmarks/tools/environments.py pinned          # name of the history's environment
python benchmarks/tools/environments.py fetch FOLDER    # all wheels, so that it can be made without a network
"""

import json
import re
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).parents[2]

TOOLS = ["pip", "wheel", "build", "hatchling", "asv_runner", "pympler", "setuptools"]
"""What asv installs into each environment besides."""


def load_config():
    """Return asv.conf.json, whose comments stand on lines of their own."""
    text = re.sub(r"^\s*//.*$", "", (HOME / "asv.conf.json").read_text(), flags=re.MULTILINE)
    return json.loads(text)


def combinations(config):
    """Return the library versions of each environment, the pinned one first."""
    pinned = {name: versions[0] for name, versions in config["matrix"]["req"].items()}
    return [pinned, *(entry["req"] for entry in config["include"])]


def environment_name(config, versions):
    """Return how asv calls the environment of these versions."""
    pins = [f"{name}{version}" for name, version in sorted(versions.items())]
    return "-".join([config["environment_type"], f"py{config['pythons'][0]}", *pins])


def fetch(folder):
    """Download the wheels of all environments, and asv's tools in the versions of constraints.txt."""
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--dest", folder]
    requirements = ["--no-deps", "--requirement", str(HOME / "benchmarks" / "requirements.txt")]
    for versions in combinations(load_config()):
        pins = [f"{name}=={version}" for name, version in versions.items()]
        subprocess.run([*download, *requirements, *pins], check=True)
    subprocess.run([*download, "--constraint", str(HOME / "constraints.txt"), *TOOLS], check=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["pinned"]:
            config = load_config()
            print(environment_name(config, combinations(config)[0]))
        case ["fetch", folder]:
            fetch(folder)
        case _:
            sys.exit(__doc__)
