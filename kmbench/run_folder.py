"""What lies beside the records of a run: the study as it was run, and the host."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from kmbench.errors import OutputError

__all__ = ["HOST_FILE", "STUDY_FILE", "read_host", "read_study"]

HOST_FILE, STUDY_FILE = "host.json", "study.toml"


def read_study(folder: Path) -> dict[str, Any]:
    """Return what the ``study.toml`` of a run folder says, unchecked; empty where there is none.

    Raises
    ------
    OutputError
        If it cannot be read.
    """
    file = folder / STUDY_FILE
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise OutputError(f"{file} cannot be read: {error}", "restore it, or remove it") from None


def read_host(folder: Path, *, strict: bool = True) -> dict[str, Any]:
    """Return the ``host.json`` of a run folder; empty where there is none.

    Parameters
    ----------
    folder : Path
    strict : bool
        Whether one that cannot be read is an error. A page says as much as it can, and is not.

    Raises
    ------
    OutputError
        If it cannot be read, and `strict`.
    """
    file = folder / HOST_FILE
    try:
        host = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        if not strict:
            return {}
        words = getattr(error, "strerror", None) or "it is not JSON"
        raise OutputError(f"{file} cannot be read: {words}", "it was changed by hand, or torn: restore it") from None
    return host if isinstance(host, dict) else {}
