"""The text inside a file: plain, gzip, or the one member of a zip. What it is, its first bytes say."""

from __future__ import annotations

import contextlib
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from kmbench.errors import DataError

__all__ = ["content_kind", "open_bytes"]


def content_kind(path: Path) -> str:
    """Return ``text``, ``gzip``, ``zip``, ``xlsx``, ``xls``, ``parquet``, ``arrow`` or ``arrow stream``.

    Raises
    ------
    DataError
        If the file is of a kind that holds no table that kmbench reads.
    """
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        with _archive(path) as archive:
            names = archive.namelist()
        return "xlsx" if any(name.startswith("xl/") for name in names) or "content.xml" in names else "zip"
    kinds = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow stream",
             b"\xd0\xcf\x11\xe0": "xls"}  # fmt: skip
    for mark, kind in kinds.items():
        if head.startswith(mark):
            return kind
    others = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"Rar!": "rar", b"7z\xbc\xaf": "7-zip",
              b"%PDF": "PDF", b"SQLite format": "SQLite"}  # fmt: skip
    for mark, kind in others.items():
        if head.startswith(mark):
            raise DataError(f"{path} is a {kind} file, not a table", "unpack or export it as .csv first")
    return "text"


@contextlib.contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open the text inside a file, as bytes.

    Raises
    ------
    DataError
        If a gzip or zip file is cut short, holds several members or takes a password.
    """
    kind = content_kind(path)
    try:
        if kind == "gzip":
            with gzip.open(path, "rb") as file:
                yield io.BufferedReader(file)
        elif kind == "zip":
            with _archive(path) as archive, archive.open(_member(path, archive)) as member:
                yield member
        else:
            with path.open("rb") as plain:
                yield plain
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is cut short or damaged: {error}", "copy or download it again") from None


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise DataError(f"{path} is cut short or damaged: {error}", "copy or download it again") from None


def _member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the one table in an archive; folders and what macOS adds do not count."""
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    if len(members) != 1:
        names = ", ".join(member.filename for member in members[:5]) or "none"
        raise DataError(f"{path} holds {len(members)} files, not one: {names}", "unpack it and give one of them")
    if members[0].flag_bits & 0x1:
        raise DataError(f"{path} needs a password", "unpack it first")
    return members[0]
