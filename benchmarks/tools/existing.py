"""Measure this commit in the running interpreter's environment, such as that of a GPU host whose libraries asv cannot
install, and file the result under the versions that are really there.

    python benchmarks/tools/existing.py [OPTIONS OF asv run]

asv records nothing about an environment that exists: no versions, and a name that is a path of the machine.
"""

import json
import subprocess
import sys

from environments import HOME, load_config
from machine import register

from kmbench.instruments.software import package_versions

LIBRARIES = ("numpy", "scipy", "scikit-learn", "faiss-cpu", "faiss-gpu", "faiss-gpu-cuvs")


def main(options):
    git = ["git", "-C", str(HOME), "rev-parse", "HEAD"]
    commit = subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip()
    config = load_config()
    machine = register()
    asv = [sys.executable, "-m", "asv", "run", "--environment", "existing", "--set-commit-hash", commit]
    ended = subprocess.run([*asv, "--machine", machine, "--record-samples", *options], cwd=HOME, check=False)
    folder = HOME / config["results_dir"] / machine
    for file in folder.glob(f"{commit[: config['hash_length']]}-existing-py_*.json"):
        print(name_by_versions(file))
    return ended.returncode


def name_by_versions(file):
    """Put the versions into a result file and its name, as asv does with environments of its own."""
    result = json.loads(file.read_text())
    installed = package_versions()
    versions = {name: installed[name] for name in LIBRARIES if name in installed}
    python = ".".join(map(str, sys.version_info[:2]))
    pins = [f"{name}{version}" for name, version in sorted(versions.items())]
    name = "-".join(["existing", f"py{python}", *pins])
    result |= {"requirements": versions, "python": python, "env_name": name}
    result["params"] |= versions | {"python": python}
    target = file.with_name(f"{file.name.partition('-')[0]}-{name}.json")
    file.unlink()
    target.write_text(json.dumps(result, indent=1))
    return target


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
