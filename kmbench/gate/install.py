"""Install a package into a folder by its own build, without what it depends on."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

from kmbench.errors import GateError

__all__ = ["install", "modules_of"]

NOT_MODULES = ("bin", "include", "share", "lib", "lib64", "etc", "..", "__pycache__")
"""What a wheel puts beside its modules."""


def install(source: Path, tree: Path, what: str, *, isolated: bool = True) -> None:
    """Build and install the package in `source` into the folder `tree`.

    Parameters
    ----------
    source, tree : Path
    what : str
        Names it in messages.
    isolated : bool
        Whether pip installs what the build needs, apart from the running interpreter; that may take a network.

    Raises
    ------
    GateError
        With what the build said.
    """
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]
    if not isolated:
        command += ["--no-build-isolation", "--no-index"]
    done = subprocess.run([*command, "--target", str(tree), str(source)], capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["pip printed no message"]
        said = next((line for line in reversed(lines) if "rror" in line), lines[-1]).strip()
        if isolated:
            hint = "without a network, install the build requirements and use --no-build-isolation"
        else:
            hint = "install the build requirements, or leave --no-build-isolation out"
        raise GateError(f"{what} cannot be built: {said}", hint)


def modules_of(tree: Path) -> tuple[str, ...]:
    """Return the import names of what is installed in a folder."""
    found: dict[str, None] = {}
    for distribution in distributions(path=[str(tree)]):
        for file in distribution.files or ():
            first = file.parts[0]
            if first in NOT_MODULES or first.endswith((".dist-info", ".data", ".libs", ".pth")):
                continue
            name = first if len(file.parts) > 1 else first.split(".")[0]
            if len(file.parts) > 1 or first.endswith((".py", ".so", ".pyd")):
                found.setdefault(name)
    return tuple(name for name in found if name.isidentifier())
