"""What lies beside the records of a run: the study as it was run, and the host."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kmbench.errors import OutputError

__all__ = ["HOST_FILE", "STUDY_FILE", "check_same_host", "differing_fields", "read_host", "read_study"]

HOST_FILE, STUDY_FILE = "host.json", "study.toml"

CHANGING = ("at", "fingerprint", "git", "load_average", "passive_wait", "sessions")
"""What differs between runs of one host."""


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
        raise OutputError(
            f"{file} cannot be read: {words}", "it is incomplete or was edited by hand: restore it"
        ) from None
    return host if isinstance(host, dict) else {}


def check_same_host(folders: Sequence[Path], hosts: Sequence[dict[str, Any]], hint: str) -> None:
    """Refuse runs that were not made on one host with one set of versions.

    Parameters
    ----------
    folders : sequence of Path
    hosts : sequence of dict
        Their ``host.json``, in the same order.
    hint : str
        What to do with such runs instead.

    Raises
    ------
    OutputError
        With the fields in which the first that differs does so.
    """
    for folder, host in zip(folders[1:], hosts[1:], strict=True):
        if host.get("fingerprint") != hosts[0].get("fingerprint"):
            fields = ", ".join(differing_fields(hosts[0], host)) or "the fingerprints themselves"
            raise OutputError(f"{folders[0]} and {folder} have different hosts or versions: {fields}", hint)


def differing_fields(before: dict[str, Any], after: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the fields in which two host descriptions differ, with both values."""
    for name in sorted(before.keys() | after.keys()):
        if not prefix and name in CHANGING:
            continue
        one, other = before.get(name), after.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from differing_fields(one, other, f"{prefix}{name}.")
        elif one != other:
            yield f"{prefix}{name} ({one} and {other})"
