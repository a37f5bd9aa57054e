"""Data in a folder: its files of one format, one after another in the order of their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from kmbench.datasets.base import Arguments, FileFormat, Matrix, Rows, rechunk
from kmbench.errors import DataError
from kmbench.notes import Note, note

__all__ = ["ShardRows", "open_shards", "shard_format"]

_ONE_SET = "keep the files of each data set in their own folder"
_DESCRIPTIONS = {"dataset_info.json", "state.json", "dataset_dict.json", "config.json", "metadata.json"}


class ShardRows(Rows):
    """The rows of several sources, joined."""

    def __init__(self, parts: list[Rows], notes: tuple[Note, ...]) -> None:
        dtype = np.result_type(*(part.dtype for part in parts))
        super().__init__(sum(part.n for part in parts), parts[0].d, dtype, parts[0].columns)
        self._parts, self._own = parts, notes
        self.notes = self._all_notes()

    @property
    def source_dtype(self) -> str:
        """Name of the data type in the files."""
        names = {part.source_dtype for part in self._parts}
        return names.pop() if len(names) == 1 else self.dtype.name

    def blocks(self, rows: int) -> Iterator[Matrix]:
        """Yield blocks of `rows` rows each."""
        yield from rechunk((block for part in self._parts for block in part.blocks(rows)), rows)
        self.notes = self._all_notes()

    def _all_notes(self) -> tuple[Note, ...]:
        return tuple(dict.fromkeys([*self._own, *(one for part in self._parts for one in part.notes)]))


def shard_format(folder: Path, formats: Mapping[str, FileFormat]) -> FileFormat:
    """Return the one format that the files of a folder have.

    Raises
    ------
    DataError
        If it holds none that is read, or several.
    """
    try:
        kinds = {formats[path.suffix.lower()].name: formats[path.suffix.lower()] for path in _files(folder, formats)}
        inside = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}", "check the path and its permissions") from None
    if not kinds:
        hint = f"give one of its folders: {', '.join(inside[:6])}" if inside else "give one file, or a folder of them"
        raise DataError(f"{folder} is a folder without files that kmbench reads", hint)
    if len(kinds) > 1:
        raise DataError(f"{folder} is a folder with files of several formats: {', '.join(sorted(kinds))}", _ONE_SET)
    return next(iter(kinds.values()))


def open_shards(
    folder: Path,
    arguments: Arguments,
    formats: Mapping[str, FileFormat],
    open_file: Callable[[Path, FileFormat, Arguments], Rows],
) -> Rows:
    """Open the files of a folder as one source.

    Raises
    ------
    DataError
        If a file cannot be read, or has another number of columns or other names of columns than the first.
    """
    found = shard_format(folder, formats)
    files = _files(folder, formats)
    opened = [(path, open_file(path, found, arguments)) for path in files if path.stat().st_size]
    filled = [(path, part) for path, part in opened if part.n]
    if not filled:
        raise DataError(f"{folder} contains only empty files", "write them again")
    first_path, first = filled[0]
    for path, part in filled:
        if part.d != first.d:
            raise DataError(f"{path} has {part.d} columns, {first_path.name} has {first.d}", _ONE_SET)
        if part.columns != first.columns:
            raise DataError(f"{path} has other columns than {first_path.name}", _ONE_SET)
    if len(files) == 1:
        return first
    kind = "KM155" if sorted(files, key=_by_number) != files else "KM154"
    joined = note(kind, count=len(files), first=files[0].name, second=files[1].name, last=files[-1].name)
    return ShardRows([part for _, part in filled], (joined,))


def _files(folder: Path, formats: Mapping[str, FileFormat]) -> list[Path]:
    """Return the files that may hold rows, in the order of their names; those hidden, or beginning with _, do not."""
    found = [
        path
        for path in folder.iterdir()
        if not path.name.startswith((".", "_"))
        and path.suffix.lower() in formats
        and path.name not in _DESCRIPTIONS
        and path.is_file()
    ]
    return sorted(found, key=lambda path: path.name)


def _by_number(path: Path) -> list[tuple[int, str]]:
    """Return a key that sorts part-2 before part-10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", path.name)]
