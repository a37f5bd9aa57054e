"""FAISS is an extra, and the tuner is built on it: say so before anything is read."""

from __future__ import annotations

from kmbench.backends.faiss_build import why_no_faiss
from kmbench.errors import TuneError

__all__ = ["need_faiss"]


def need_faiss() -> None:
    """Raise unless FAISS can be imported here.

    Raises
    ------
    TuneError
        With the command that installs it.
    """
    reason = why_no_faiss()
    if reason is not None:
        raise TuneError(f"tune needs FAISS: {reason}")
