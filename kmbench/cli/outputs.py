"""Files that commands write: checked before the work begins, whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from kmbench.errors import OutputError
from kmbench.whole_file import whole_file

__all__ = ["check_writable", "write_bytes", "write_integers"]


def check_writable(option: str, path: Path | None) -> None:
    """Refuse a path that cannot be written, before anything is computed.

    Raises
    ------
    OutputError
        If it is a folder, or the nearest folder that exists cannot be written.
    """
    if path is None:
        return
    if path.is_dir():
        raise OutputError(f"{option} {path} is a folder", "give the name of a file")
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise OutputError(f"{option} {path} cannot be written", "choose another folder")


def write_bytes(option: str, path: Path, content: bytes) -> None:
    """Write a file.

    Raises
    ------
    OutputError
        If it cannot be written. Until it is whole, an older one stays.
    """
    _write(option, path, lambda file: file.write(content))


def write_integers(option: str, path: Path, values: NDArray[Any]) -> None:
    """Write integers as ``.npy``, or as text with a row a line for any other suffix.

    Raises
    ------
    OutputError
        If the file cannot be written. Until it is whole, an older one stays.
    """

    def save(file: BinaryIO) -> None:
        if path.suffix.lower() == ".npy":
            np.save(file, values)
        else:
            np.savetxt(file, values, fmt="%d", delimiter=",")

    _write(option, path, save)


def _write(option: str, path: Path, save: Callable[[BinaryIO], object]) -> None:
    with (
        whole_file(path, "choose another place", shown=f"{option} {path}") as temporary,
        temporary.open("wb") as file,
    ):
        save(file)
