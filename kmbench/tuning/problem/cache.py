"""True neighbours that were found before, kept by the content of the data."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import zipfile
from pathlib import Path

import numpy as np

from kmbench.tuning.problem.truth import Truth

__all__ = ["cache_folder", "content_key", "load_truth", "store_truth"]

VERSION = 1


def cache_folder() -> Path:
    """Return ``$XDG_CACHE_HOME/kmbench/neighbours``, in ``~/.cache`` where the variable is not set."""
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(home) / "kmbench" / "neighbours"


def content_key(*parts: object) -> str:
    """Return a name for what the parts describe."""
    return hashlib.sha256("\n".join(map(str, (VERSION, *parts))).encode()).hexdigest()[:24]


def load_truth(key: str) -> Truth | None:
    """Return what is kept under a key, or None; a damaged file counts as none."""
    path = cache_folder() / f"{key}.npz"
    damaged = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
    # Opened here: numpy leaves a damaged file open.
    with contextlib.suppress(*damaged), path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return Truth(
            k=int(stored["k"]),
            ids=stored["ids"].astype(np.int64),
            tied=int(stored["tied"]),
            cut=int(stored["cut"]),
            cached=True,
        )
    return None


def store_truth(key: str, truth: Truth) -> None:
    """Keep neighbours under a key. A folder that cannot be written costs the next run time, and no more."""
    folder = cache_folder()
    partial = folder / f".{os.getpid()}-{secrets.token_hex(4)}.npz"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            np.savez(partial, k=truth.k, ids=truth.ids, tied=truth.tied, cut=truth.cut)
            partial.replace(folder / f"{key}.npz")
        finally:
            partial.unlink(missing_ok=True)
