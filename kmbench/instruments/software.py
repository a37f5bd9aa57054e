"""What runs here: package versions, the environment variables that matter, the commit of the project."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["describe_git", "package_versions", "relevant_environment"]

_PACKAGES = (
    "kmbench",
    "numpy",
    "scipy",
    "scikit-learn",
    "faiss-cpu",
    "faiss-gpu",
    "faiss-gpu-cuvs",
    "faiss-cuda",
    "torch",
    "triton",
    "cuvs-cu12",
    "cuvs-cu13",
    "flash-kmeans",
    "pandas",
    "threadpoolctl",
)

_PREFIXES = ("OMP_", "OPENBLAS_", "GOTO_", "MKL_", "BLIS_", "GOMP_", "KMP_", "FAISS_", "MALLOC_")
_NAMES = frozenset(
    {"GLIBC_TUNABLES", "LD_PRELOAD", "CUDA_VISIBLE_DEVICES", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"}
)


def package_versions() -> dict[str, str]:
    """Return the versions of the installed packages whose code is measured, without importing any."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def relevant_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables that change how fast numeric code runs, fit to be published.

    Of a path only the file name is kept, and of a GPU's UUID only that it is one.

    Parameters
    ----------
    environment : mapping of str, optional
        Where they are taken from; this process's by default. Some libraries set variables when they are
        imported (scikit-learn: ``KMP_*``), so ask before.
    """
    if environment is None:
        environment = os.environ
    home = environment.get("HOME", "")
    return {
        name: _published(environment[name], home)
        for name in sorted(environment)
        if name.startswith(_PREFIXES) or name in _NAMES
    }


def describe_git(folder: str | Path | None = None) -> dict[str, Any] | None:
    """Tell the commit of the checkout that a folder is in, and whether tracked files differ from it.

    Parameters
    ----------
    folder : path, optional
        The current folder by default.

    Returns
    -------
    dict or None
        ``commit`` (None before the first one) and ``dirty``; None outside of a checkout, or without git.
    """
    command = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}  # read only: take no lock
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=5,
            check=True,
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.SubprocessError):
        return None
    commit = re.search(r"^# branch\.oid ([0-9a-f]{7,64})$", done.stdout, re.MULTILINE)
    changed = re.search(r"^[^#]", done.stdout, re.MULTILINE)
    return {"commit": commit[1] if commit else None, "dirty": changed is not None}


def _published(value: str, home: str) -> str:
    if len(home) > 1:  # first, because its name may hold what ends a path below
        value = value.replace(home, "~")
    value = re.sub(r"[^\s:,;=]*/", "", value)
    return re.sub(r"\b(GPU|MIG)-[0-9a-fA-F-]{8,}", r"\1-uuid", value)
