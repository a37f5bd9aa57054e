"""`compare_callables`: functions of a notebook through the runner, judged like every backend."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kmbench.api import run
from kmbench.backends.callables import FOLDER_VARIABLE
from kmbench.errors import CaseError
from kmbench.records import CALLABLE
from kmbench.results import Results

__all__ = ["compare_callables"]

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


def compare_callables(
    functions: Mapping[str, Callable[..., Any]],
    X: Any,
    k: int | Sequence[int],
    *,
    backends: str | Sequence[str] = (),
    baseline: str | None = None,
    **options: Any,
) -> Results:
    """Measure functions on the same data from the same start, and judge their answers like those of a backend.

    Parameters
    ----------
    functions : mapping of str to callable
        Each is called as ``f(X, k, init)`` with X float32 of shape (n, d), which it must not change, and init float32
        of shape (k, d), and returns centroids of shape (k, d). One that has a parameter ``iterations`` is told how
        many Lloyd iterations all do. Functions are sent to other processes with cloudpickle.
    X : array, data frame, tensor, path or SPEC
        As `kmbench.run` takes it.
    k : int or sequence of int
    backends : str or sequence of str
        Backends of kmbench that take part, such as ``"sklearn-lloyd"``.
    baseline : str, optional
        What speed-ups are relative to; by default the last function.
    **options
        Those of `kmbench.run`.

    Returns
    -------
    Results
        An exception, or centroids of a wrong shape, become a row with a reason. kmbench knows nothing about a
        function, so its inertia is shown relative to the reference but does not have to match it.

    Raises
    ------
    KmbenchError
        If a name, a function or the data will not do, before anything is measured.

    Examples
    --------
    >>> from kmbench import compare_callables
    >>> compare_callables({"mine": f, "theirs": g}, X, 64)  # doctest: +SKIP
    """
    if not functions:
        raise CaseError("there is no function to compare", 'give {"mine": f, "theirs": g}')
    names = list(functions)
    others = [backends] if isinstance(backends, str) else list(backends)
    asked = [*(f"{CALLABLE}[name={name}]" for name in names), *others]
    with _pickled(functions):
        return run(None, data=X, k=k, backends=asked, baseline=baseline or names[-1], **options)


@contextmanager
def _pickled(functions: Mapping[str, Callable[..., Any]]) -> Iterator[None]:
    """Put the functions where workers find them, for as long as they are measured."""
    with tempfile.TemporaryDirectory(prefix="kmbench-callables-") as folder:
        for name, function in functions.items():
            (Path(folder) / f"{_checked(name)}.pkl").write_bytes(_bytes_of(name, function))
        before = os.environ.get(FOLDER_VARIABLE)
        os.environ[FOLDER_VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER_VARIABLE]
            if before is not None:
                os.environ[FOLDER_VARIABLE] = before


def _checked(name: str) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise CaseError(f"{name!r} is not a valid name for a function", "use letters, digits, '_', '.' and '-'")
    return name


def _bytes_of(name: str, function: Any) -> bytes:
    import cloudpickle

    if not callable(function):
        raise CaseError(f"{name} is {type(function).__name__}, not a function", "give f(X, k, init) -> centroids")
    try:
        found: bytes = cloudpickle.dumps(function)
    except Exception as error:  # whatever a captured object raises
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CaseError(
            f"the function {name} cannot be sent to another process: {reason}",
            "create what it needs inside the function instead of capturing it",
        ) from None
    return found
