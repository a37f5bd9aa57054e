"""From a SPEC to rows, and from rows to the one file that all engines of a run read."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from stat import S_ISREG

import numpy as np

from kmbench.datasets.base import Arguments, FileFormat, Rows, block_rows
from kmbench.datasets.convert import ConvertedRows, Options
from kmbench.datasets.embeddings.shards import open_shards
from kmbench.datasets.moments import ColumnMoments
from kmbench.datasets.registry import BUILT_INS, FILE_FORMATS
from kmbench.datasets.spec import Spec, parse_spec
from kmbench.datasets.tables.parameters import Asked
from kmbench.datasets.tables.table import Table
from kmbench.errors import DataError, OutputError
from kmbench.notes import Note, note
from kmbench.records import DatasetInfo

__all__ = ["materialise", "read_spec", "read_table_spec"]

MOST_SHARE = 0.9
"""Share of the variance above which one column decides what the clusters are."""


def read_spec(text: str | Spec, *, shift: bool = False) -> ConvertedRows:
    """Open what a SPEC names, with its options applied.

    Parameters
    ----------
    text : str or Spec
        The SPEC.
    shift : bool
        Whether a constant may be subtracted from numbers far from the origin: see `ConvertedRows`.

    Returns
    -------
    ConvertedRows
        With ``n``, ``d``, ``source_dtype`` and ``blocks(rows)``, an iterator over C-contiguous float32 blocks.
        Values are read, and checked, as the blocks are walked; large files stream.

    Raises
    ------
    SpecError
        If the SPEC cannot be read.
    DataError
        If the file is missing, torn or of another kind, or holds no matrix of real numbers.
    """
    spec = parse_spec(text) if isinstance(text, str) else text
    return ConvertedRows(_open(spec), spec.options, spec.source, shift=shift)


def read_table_spec(spec: Spec, asked: Asked | None = None) -> Table | None:
    """Read the table that a SPEC names, with its texts; None where the SPEC names vectors, pictures or the like.

    Parameters
    ----------
    spec : Spec
    asked : Asked, optional
        What is asked of the table, in place of what the SPEC says.

    Raises
    ------
    DataError
        If the file is missing or damaged, or a column can be read in two ways.
    """
    read = None if spec.suffix is None else FILE_FORMATS[spec.suffix].table
    path = Path(spec.source)
    if read is None or _is_folder(path):
        return None
    _check_file(path)
    try:
        table = read(path, spec.arguments, asked or Asked.from_arguments(spec.arguments))
    except OSError as error:
        raise _unreadable(path, error) from None
    return table if table is None or spec.options.limit is None else table.head(spec.options.limit)


def _open(spec: Spec) -> Rows:
    if spec.suffix is None:
        return BUILT_INS[spec.source].open(spec.arguments)
    path = Path(spec.source)
    if _is_folder(path):
        return open_shards(path, spec.arguments, FILE_FORMATS, _open_file)
    return _open_file(path, FILE_FORMATS[spec.suffix], spec.arguments)


def _open_file(path: Path, kind: FileFormat, arguments: Arguments) -> Rows:
    """Open a file as what its suffix says."""
    _check_file(path)
    try:
        return kind.open(path, arguments)
    except OSError as error:
        raise _unreadable(path, error) from None


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112, Path.is_dir raises for names that are too long


def _check_file(path: Path) -> None:
    """Raise a DataError unless a path is that of a file that is not empty."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise DataError(f"{path} does not exist", "check the path") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        raise _unreadable(path, error) from None
    if not S_ISREG(status.st_mode):
        raise DataError(f"{path} is not a regular file", "copy the data to a regular file")
    if status.st_size == 0:
        raise DataError(f"{path} is empty (0 bytes)", "write or download it again")


def _unreadable(path: Path, error: Exception) -> DataError:
    words = getattr(error, "strerror", None) or error
    return DataError(f"{path} cannot be read: {words}", "check the path and its permissions")


def materialise(spec_text: str, folder: str | Path, rows: Rows | None = None, *, shift: bool = False) -> DatasetInfo:
    """Write the rows of a SPEC as ``folder/<fingerprint>.npy``: float32, C order, shape ``(n, d)``.

    The data streams through a few megabytes of memory. The file gets its name when it is complete: an error
    leaves nothing behind. The same content gives the same fingerprint whatever file it came from.

    Parameters
    ----------
    spec_text : str
        The SPEC.
    folder : str or Path
        Created where it does not exist.
    rows : Rows, optional
        What was made of the SPEC's data, and is written in its place; by default the rows of the SPEC.
    shift : bool
        Whether a constant may be subtracted from rows of the SPEC that lie far from the origin, as is best for
        squared distances: `ConvertedRows` says when, and `DatasetInfo.offset` how much.

    Returns
    -------
    DatasetInfo
        With an absolute path.

    Raises
    ------
    SpecError
        If the SPEC cannot be read.
    DataError
        If the data is missing, torn, or holds values that no engine can cluster.
    OutputError
        If the folder cannot be written or has too little space.
    """
    if rows is None:
        rows = read_spec(spec_text, shift=shift)
    elif not isinstance(rows, ConvertedRows):
        rows = ConvertedRows(rows, Options(), spec_text)
    info, moments = _written(spec_text, Path(folder).absolute(), rows)
    if rows.offset is None and rows.judge_offset(moments):  # what the first rows did not show
        Path(info.path).unlink(missing_ok=True)
        info, moments = _written(spec_text, Path(folder).absolute(), rows)
    return replace(info, notes=(*rows.notes, *_about_scale(spec_text, rows, moments)))


def _about_scale(spec: str, rows: ConvertedRows, moments: ColumnMoments) -> list[Note]:
    """Tell of a named column that holds most of the variance: in half of all tables its unit alone decides."""
    total = float(moments.variance.sum())
    if rows.columns is None or rows.d < 2 or rows.steps or not total > 0:
        return []
    place = int(np.argmax(moments.variance))
    share = float(moments.variance[place]) / total
    if share <= MOST_SHARE:
        return []
    name = rows.columns[place]
    longer = f"{spec}{',' if ':' in spec else ':'}standardize"
    return [note("KM131", column=name, share=share, spec=longer, concerns=[name])]


def _written(spec_text: str, target: Path, rows: ConvertedRows) -> tuple[DatasetInfo, ColumnMoments]:
    """Write rows; return what they are, and the moments of their columns."""
    digest = hashlib.sha256(struct.pack("<QQ", rows.n, rows.d))
    moments = ColumnMoments(rows.d)
    with _new_file(target, 4 * rows.n * rows.d) as partial:
        with partial.open("xb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": (rows.n, rows.d)}
            np.lib.format.write_array_header_1_0(file, header)
            for block in rows.blocks(block_rows(rows.d)):
                content = block.astype("<f4", copy=False).data
                digest.update(content)
                moments.update(block)
                file.write(content)
        fingerprint = digest.hexdigest()[:16]
        path = target / f"{fingerprint}.npy"
        partial.replace(path)
    spread = float(moments.variance.sum())
    info = DatasetInfo(
        spec=spec_text,
        n=rows.n,
        d=rows.d,
        source_dtype=rows.source_dtype,
        fingerprint=fingerprint,
        path=str(path),
        mean_square=spread + float(np.square(moments.mean).sum()),
        spread=spread,
        notes=rows.notes,
        offset=() if rows.offset is None else tuple(rows.offset.tolist()),
        all_equal=rows.all_equal,
    )
    return info, moments


@contextlib.contextmanager
def _new_file(folder: Path, nbytes: int) -> Iterator[Path]:
    """Hand out a temporary name in `folder`; the file is removed unless it was renamed."""
    partial = folder / f".{os.getpid()}-{secrets.token_hex(4)}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if nbytes > free:
            raise OutputError(
                f"{folder} has {free / 1e9:.3g} GB free, the data takes {nbytes / 1e9:.3g} GB",
                "free some space, choose another folder, or take fewer rows with limit=N",
            )
        yield partial
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}", "choose another folder") from None
    finally:
        with contextlib.suppress(OSError):  # the folder is at fault, and the error on its way says so
            partial.unlink(missing_ok=True)
