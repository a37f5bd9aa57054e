"""A public set brought into a folder: its size is known first, its files are checked, what is there is kept."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kmbench.datasets.collections.catalogue import PublicFile, PublicSet
from kmbench.datasets.collections.download import OpenFile, Progress, ResumingDownloader, remote_bytes
from kmbench.errors import DataError, OutputError

__all__ = ["FileProgress", "bytes_to_fetch", "fetch_set", "set_folder"]

FileProgress = Callable[[str, int, int | None], None]
"""Told the name of a file, how many bytes of it are here, and how many there are where that is known."""

_RECORD = "kmbench-fetched.json"


def set_folder(name: str) -> Path:
    """Return where a set is kept: ``$XDG_CACHE_HOME/kmbench/datasets/NAME``, by default in ``~/.cache``."""
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(home) / "kmbench" / "datasets" / name


def bytes_to_fetch(wanted: PublicSet, folder: Path) -> int | None:
    """Return how many bytes are still to be fetched; None where a server does not tell.

    Raises
    ------
    DataError
        If pooch is not installed, or a server cannot be reached.
    """
    _pooch()
    total = 0
    for file in wanted.files:
        if (folder / file.name).is_file():
            continue
        size = file.first_bytes or remote_bytes(file.url)
        if size is None:
            return None
        total += size - _size(folder / f"{file.name}.part")
    return max(0, total)


def fetch_set(
    wanted: PublicSet,
    folder: Path,
    *,
    progress: FileProgress = lambda name, done, total: None,
    to_fetch: int | None = None,
    open_file: OpenFile = lambda path, mode: path.open(mode),
    wait: Callable[[float], None] = time.sleep,
) -> list[Path]:
    """Fetch the files of a set that are not in a folder yet, and check all of them.

    A file is checked by its hash where one is published. Otherwise the hash and the shape of what was first fetched
    are recorded, and later held against it: a file that has changed is fetched again.

    Parameters
    ----------
    wanted : PublicSet
    folder : Path
        Created where it does not exist.
    progress : callable
        See `FileProgress`.
    to_fetch : int, optional
        From `bytes_to_fetch`: fewer free bytes are refused before anything is fetched.
    open_file, wait : callable
        See `ResumingDownloader`.

    Returns
    -------
    list of Path
        Queries and neighbours first, the base last.

    Raises
    ------
    DataError
        If pooch is not installed, a server fails, or a file is not what it should be.
    OutputError
        If the folder cannot be written, has too little space, or another process fetches into it.
    """
    _pooch()
    with _locked(folder):
        free = shutil.disk_usage(folder).free
        if to_fetch is not None and to_fetch > free:
            raise OutputError(
                f"{folder} has {free / 1e9:.3g} GB free, {wanted.name} takes {to_fetch / 1e9:.3g} GB more",
                "free some space, or use --to with another folder",
            )
        paths = [_fetch_file(file, wanted, folder, progress, open_file, wait) for file in wanted.files]
        _check_shape(wanted, paths[-1])
    return paths


def _fetch_file(
    file: PublicFile,
    wanted: PublicSet,
    folder: Path,
    progress: FileProgress,
    open_file: OpenFile,
    wait: Callable[[float], None],
) -> Path:
    pooch = _pooch()
    record = _read_record(folder)
    known = file.sha256 or record.get(file.name)
    path = folder / file.name
    told: Progress = lambda done, total: progress(file.name, done, total)  # noqa: E731
    downloader = ResumingDownloader(
        folder / f"{file.name}.part", first_bytes=file.first_bytes, progress=told, open_file=open_file, wait=wait
    )

    def get(url: str, output_file: str, store: object) -> None:
        downloader(url, output_file, store)
        if file.first_bytes is not None:
            _crop_header(Path(output_file), wanted)

    store = pooch.create(path=folder, base_url="", registry={file.name: known}, urls={file.name: file.url})
    try:
        store.fetch(file.name, downloader=get)
    except ValueError:
        raise DataError(
            f"{file.url} is not the expected file: its SHA-256 is not {known}",
            f"it was damaged on the way, or has changed; delete {folder / _RECORD} to accept the new file"
            if file.sha256 is None
            else "try again",
        ) from None
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}", "use --to") from None
    if known is None:
        _write_record(folder, {**record, file.name: f"sha256:{pooch.file_hash(str(path))}"})
    return path


def _crop_header(path: Path, wanted: PublicSet) -> None:
    """Write the number of rows that are there into the header of the first part of a file."""
    with path.open("r+b") as file:
        d = int(np.frombuffer(file.read(8), dtype="<u4")[1])
        if d != wanted.d:
            raise DataError(f"{wanted.base.url} has {d} columns, not {wanted.d}", "it has changed: report it")
        file.seek(0)
        file.write(np.array([wanted.n], dtype="<u4").tobytes())


def _check_shape(wanted: PublicSet, path: Path) -> None:
    from kmbench.datasets.reading import read_spec

    try:
        rows = read_spec(str(path))
    except DataError as error:
        raise DataError(f"{error.what}", f"delete {path} and fetch it again") from None
    if (rows.n, rows.d) != (wanted.n, wanted.d):
        raise DataError(
            f"{path} holds {rows.n:,} x {rows.d}, but {wanted.name} has {wanted.n:,} x {wanted.d}",
            "delete it and fetch it again",
        )


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep a folder for this process while it is written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".kmbench-fetch").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OutputError(f"another process fetches into {folder}", "wait until it is done") from None
            yield
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}", "use --to DIR") from None


def _read_record(folder: Path) -> dict[str, str]:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return {str(name): str(value) for name, value in found.items()}
    return {}


def _write_record(folder: Path, record: dict[str, str]) -> None:
    partial = folder / f".{_RECORD}.partial"
    partial.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    partial.replace(folder / _RECORD)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _pooch() -> Any:
    try:
        import pooch
    except ImportError:
        raise DataError("fetching needs pooch", "pip install 'kmbench[fetch]'") from None
    pooch.get_logger().setLevel("ERROR")  # what is fetched is told through `progress`
    return pooch
