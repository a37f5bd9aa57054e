"""Where a native run starts: ``random``, ``k-means++``, ``sample[fraction=0.1]`` or ``array[file=START.npy]``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

__all__ = [
    "Init",
    "Start",
    "parse_start",
    "read_start",
    "sample_of",
    "start_of",
    "why_no_restarts",
    "why_no_start",
    "why_not_from_a_file",
]

FloatMatrix = NDArray[np.float32]

FRACTION = 0.1
_KINDS = ("random", "k-means++", "sample", "array")
_TEXT = re.compile(r"(?P<kind>[^\[\]]+?)\s*(?:\[\s*(?P<name>\w+)\s*=\s*(?P<value>[^\[\]]+?)\s*\])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How initial centroids are found.

    Attributes
    ----------
    kind : {"random", "k-means++", "sample", "array"}
        Random rows; k-means++; the result of exact k-means on a random sample of the rows; centroids of a file.
    fraction : float
        Share of the rows in the sample.
    file : str
        Path of the array.
    """

    kind: Literal["random", "k-means++", "sample", "array"]
    fraction: float = FRACTION
    file: str = ""


def parse_start(text: str) -> Start:
    """Read ``random``, ``k-means++``, ``sample``, ``sample[fraction=F]`` or ``array[file=PATH.npy]``.

    Raises
    ------
    ValueError
        With what would be right.
    """
    match = _TEXT.fullmatch(text.strip())
    kind = match["kind"].strip() if match is not None else ""
    if match is None or kind not in _KINDS:
        raise ValueError(f"use random, k-means++, sample[fraction={FRACTION}] or array[file=START.npy]")
    name, value = match["name"], match["value"]
    if kind == "sample" and name in (None, "fraction"):
        try:
            fraction = FRACTION if value is None else float(value)
        except ValueError:
            fraction = math.nan
        if not 0 < fraction <= 1:
            raise ValueError("the fraction of a sample is above 0 and at most 1")
        return Start(kind="sample", fraction=fraction)
    if kind == "array" and name == "file":
        return Start(kind="array", file=value)
    if kind == "array":
        raise ValueError("name the file of the centroids: array[file=START.npy]")
    if name is not None:  # also of a sample
        raise ValueError(f"{kind} has no parameter {name}")
    return Start(kind="random" if kind == "random" else "k-means++")


def _checked(text: str) -> str:
    parse_start(text)
    return text


Init = Annotated[
    Annotated[str, AfterValidator(_checked)] | None,
    Field(description="random, k-means++, sample[fraction=F] or array[file=F.npy]; native only"),
]
"""Type of the parameter ``init``; None leaves it to the library."""


def start_of(init: str | None) -> Start | None:
    """Return the start that a parameter asks for; None where it is left to the library."""
    return None if init is None else parse_start(init)


def why_no_restarts(init: str | None, restarts: int | None) -> str | None:
    """Return why several restarts cannot share one start, or None."""
    if init is not None and parse_start(init).kind in ("sample", "array") and (restarts or 1) > 1:
        return f"init={init} is one start: several restarts would all begin from it"
    return None


def why_no_start(init: str | None, k: int, d: int) -> str | None:
    """Return why there is no such start for k clusters of rows with d columns, or None."""
    start = start_of(init)
    if start is None or start.kind != "array":
        return None
    try:
        read_start(start.file, k, d)
    except ValueError as error:
        return str(error)
    return None


def why_not_from_a_file(init: str | None) -> str | None:
    """Return why a start cannot be found while the rows stay in their file, or None."""
    start = start_of(init)
    if start is None or start.kind in ("random", "array"):
        return None
    return f"init={init} needs all rows in memory, and they stay in their file here: use init=random"


def sample_of(X: FloatMatrix, k: int, fraction: float, seed: int) -> FloatMatrix:
    """Return a random share of the rows, k at least, in their order.

    Parameters
    ----------
    X : ndarray of float32, shape (n, d)
    k : int
        At most n.
    fraction : float
    seed : int
    """
    count = min(len(X), max(k, round(fraction * len(X))))
    rows = np.random.default_rng([seed, 31]).choice(len(X), count, replace=False)
    return np.ascontiguousarray(X[np.sort(rows)])


def read_start(file: str, k: int, d: int) -> FloatMatrix:
    """Read initial centroids of shape (k, d) from a ``.npy`` file.

    Raises
    ------
    ValueError
        If the file cannot be read, or holds anything else.
    """
    try:
        array = np.load(Path(file).expanduser(), allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"init=array: {file} cannot be read: {error}") from None
    if not isinstance(array, np.ndarray) or array.shape != (k, d) or array.dtype.kind not in "iuf":
        shape = getattr(array, "shape", "an archive")
        raise ValueError(f"init=array: {file} holds {shape}, k={k} and d={d} ask for ({k}, {d})")
    start: FloatMatrix = np.ascontiguousarray(array, dtype=np.float32)
    if not np.isfinite(start).all():
        raise ValueError(f"init=array: {file} holds NaN or infinity")
    return start
