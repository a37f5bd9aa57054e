"""Pictures of more than 8 bits per channel, and of floating point: what is white in them, and TIFF read in full."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.errors import DataError
from kmbench.notes import Note, note

__all__ = ["DeepPicture", "read_tiff", "scaled"]

WHITES = (1.0, 255.0, 65535.0)
"""What is white in a picture of floating point that does not say so."""
TWELVE_BITS = 4095

_ORIENTATION, _SMAX = 274, 341
"""Tags of TIFF."""
_TURNS: dict[int, tuple[bool, bool, bool]] = {
    1: (False, False, False), 2: (False, False, True), 3: (False, True, True), 4: (False, True, False),
    5: (True, False, False), 6: (True, False, True), 7: (True, True, True), 8: (True, True, False),
}  # fmt: skip
"""Whether rows and columns change places, and then which of them run backwards, by the tag of the orientation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepPicture:
    """Values as they are stored.

    Attributes
    ----------
    values : ndarray, shape (height, width) or (height, width, 3)
    alpha : ndarray of float32, shape (height, width), or None
        From 0 to 255.
    white : float or None
        The value that is white, where the file says so.
    frames : int
    profile : bytes or None
        Its ICC profile.
    """

    values: NDArray[Any]
    alpha: NDArray[np.float32] | None = None
    white: float | None = None
    frames: int = 1
    profile: bytes | None = None


def scaled(
    values: NDArray[Any], where: str, white: float | None = None
) -> tuple[NDArray[np.float32], tuple[Note, ...]]:
    """Bring values to the scale from 0 to 255.

    Parameters
    ----------
    values : ndarray of integers or floats
    where : str
        For messages.
    white : float, optional
        The value that is white. Default: 65535 for integers; for floats the smallest of 1, 255 and 65535 that none
        is above.

    Returns
    -------
    ndarray of float32, and notes

    Raises
    ------
    DataError
        If a value is below 0, above white, or no number.
    """
    low, high = float(values.min()), float(values.max())
    notes: list[Note] = []
    if white is None:
        fitting = [one for one in WHITES if high <= one]
        if values.dtype.kind == "f" and fitting:
            white = fitting[0]
            notes.append(note("KM172", high=high, white=white))
        else:
            white = WHITES[-1]
    if values.dtype.kind in "ui" and white == WHITES[-1] and 255 < high <= TWELVE_BITS:
        notes.append(note("KM173", high=high, share=100 * high / white))
    if not (low >= 0 and high <= white):  # also where a value is no number
        raise DataError(
            f"{where} holds values from {low:g} to {high:g}, which are not colours", "save it with 8 or 16 bits"
        )
    return (values.astype(np.float64) * (255 / white)).astype(np.float32), tuple(notes)


def read_tiff(path: Path, most_pixels: int) -> DeepPicture | None:
    """Read the first page of a TIFF in its full depth; None where tifffile is missing or does not read it.

    Raises
    ------
    DataError
        If it has too many pixels.
    """
    if importlib.util.find_spec("tifffile") is None:
        return None
    import tifffile

    with _silent("tifffile"):
        try:
            with tifffile.TiffFile(path) as file:
                page: Any = file.pages[0]
                if page.imagewidth * page.imagelength > most_pixels:
                    raise DataError(
                        f"{path} has {page.imagewidth:,} x {page.imagelength:,} pixels, the limit is {most_pixels:,}",
                        "scale it down, or save its pixels as .npy",
                    )
                return _page(page, len(file.pages))
        except DataError:
            raise
        except Exception:  # a damaged file, or a compression that it has no decoder for: each in its own way
            return None


def _page(page: Any, frames: int) -> DeepPicture | None:
    values, axes = page.asarray(), page.axes
    if axes.startswith("S"):
        values, axes = np.moveaxis(values, 0, -1), axes[1:] + "S"
    photometric = int(page.photometric)
    if axes not in ("YX", "YXS") or photometric not in (0, 1, 2) or values.dtype.kind not in "uif":
        return None
    colours, alpha = (3 if photometric == 2 else 1), None
    bits = int(page.bitspersample)
    smax = page.tags.get(_SMAX)
    white = float(2**bits - 1) if values.dtype.kind == "u" and bits <= 16 else None
    if smax is not None and values.dtype.kind == "f":
        white = float(np.max(smax.value))
    if axes == "YXS" and values.shape[2] < colours:
        return None
    if axes == "YXS":
        if values.shape[2] > colours and page.extrasamples:
            alpha = values[..., colours].astype(np.float64) * (255 / _alpha_white(values, white))
        values = values[..., :colours] if colours == 3 else values[..., 0]
        if alpha is not None and int(page.extrasamples[0]) == 1:  # associated: colours were multiplied by it
            share = np.where(alpha > 0, alpha, 255.0)[..., np.newaxis] / 255
            values = values / (share if values.ndim == 3 else share[..., 0])
            values = np.minimum(values, white) if white is not None else values
    if photometric == 0 and white is not None:
        values = white - values
    orientation = page.tags.get(_ORIENTATION)
    turn = int(orientation.value) if orientation is not None else 1
    profile = page.tags.get(34675)
    return DeepPicture(
        values=_turned(values, turn),
        alpha=None if alpha is None else _turned(alpha.astype(np.float32), turn),
        white=white,
        frames=frames,
        profile=None if profile is None else bytes(profile.value),
    )


def _alpha_white(values: NDArray[Any], white: float | None) -> float:
    return white or (1.0 if values.dtype.kind == "f" else WHITES[-1])


def _turned(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return rows of pixels the way up that a camera noted."""
    swap, backwards, mirrored = _TURNS.get(orientation, _TURNS[1])
    if swap:
        values = values.swapaxes(0, 1)
    if backwards:
        values = values[::-1]
    return values[:, ::-1] if mirrored else values


@contextmanager
def _silent(name: str) -> Iterator[None]:
    """Keep a library's remarks about odd files out of the terminal."""
    logger = logging.getLogger(name)
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before
