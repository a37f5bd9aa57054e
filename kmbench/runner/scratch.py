"""A folder for the files that workers share during a run; removed at its end, or by the next run after a kill."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import getpid
from pathlib import Path

import psutil

__all__ = ["scratch_folder"]

_NAME = re.compile(r"kmbench-(\d+)-.*")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder under the system's temporary folder (``TMPDIR`` moves it) and remove it afterwards."""
    root = Path(tempfile.gettempdir())
    for left in root.glob("kmbench-*"):
        match = _NAME.fullmatch(left.name)
        if match is not None and not psutil.pid_exists(int(match[1])):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"kmbench-{getpid()}-", dir=root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
