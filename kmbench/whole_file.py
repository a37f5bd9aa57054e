"""Files that are whole or not there: written under another name, and then renamed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from kmbench.errors import OutputError

__all__ = ["whole_file"]


@contextlib.contextmanager
def whole_file(path: Path, hint: str, *, shown: str | None = None) -> Iterator[Path]:
    """Hand out the name to write to; the file takes its own when the block ends without an error.

    The folder is made where it is missing. Until the new file is whole, an older one stays.

    Parameters
    ----------
    path : Path
        Where the file is to be.
    hint : str
        What the user can do where it cannot be written.
    shown : str, optional
        What it is called in the message, such as an option with its value; by default the path.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        blocking = next((part for part in path.parents if part.is_file()), None)
        reason = error.strerror or error if blocking is None else f"{blocking} is a file"
        raise OutputError(f"cannot write {shown or path}: {reason}", hint) from None
    finally:
        with contextlib.suppress(OSError):  # such as a path below a file: the error on its way says so
            temporary.unlink(missing_ok=True)
