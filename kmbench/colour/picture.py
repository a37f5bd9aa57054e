"""A picture whose colours are to be found, with its transparency."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.pictures.load import Bytes, load_picture
from kmbench.errors import DataError
from kmbench.notes import Note, note

__all__ = ["Bytes", "Picture", "picture_of_array", "read_picture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture in 8-bit RGB.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
    alpha : ndarray of uint8, shape (height, width), or None
        255 is opaque; None where every pixel is.
    fine : ndarray of float32, shape (height, width, 3), or None
        The pixels before they were rounded to 8 bits, from 0 to 255, where the file holds more.
    source_bytes : int or None
        Size of the file it came from.
    notes : tuple of Note
        What was done to have it so.
    """

    pixels: Bytes
    alpha: Bytes | None
    fine: NDArray[np.float32] | None = None
    source_bytes: int | None = None
    notes: tuple[Note, ...] = ()

    @property
    def visible(self) -> NDArray[np.bool_]:
        """Which pixels are not fully transparent, shape (height * width,)."""
        if self.alpha is None:
            return np.ones(self.pixels.shape[0] * self.pixels.shape[1], dtype=np.bool_)
        return self.alpha.ravel() > 0

    @property
    def colours(self) -> Bytes:
        """Colours of the pixels that can be seen, row by row from the top, shape (visible, 3)."""
        return self.pixels.reshape(-1, 3)[self.visible]

    @property
    def fine_colours(self) -> NDArray[Any]:
        """The same, from 0 to 255, with all the digits that the file has."""
        return self.colours if self.fine is None else self.fine.reshape(-1, 3)[self.visible]


def read_picture(path: Path) -> Picture:
    """Read a picture; of several frames the first, the way up that its camera noted.

    Raises
    ------
    DataError
        If it is no picture that is read, is cut short, shows nothing, or holds values that are no colours.
    """
    loaded = load_picture(path)
    alpha, notes = loaded.alpha, loaded.notes
    if alpha is not None and not alpha.any():
        raise DataError(f"{path} is fully transparent: it shows no colour", "give a picture with visible pixels")
    if alpha is not None and bool((alpha == 255).all()):
        alpha = None
    if loaded.fine is not None:
        grey = bool((loaded.fine == loaded.fine[..., :1]).all())
        notes = (*notes, note("KM164") if grey else note("KM174"))
    return Picture(pixels=loaded.pixels, alpha=alpha, fine=loaded.fine, source_bytes=path.stat().st_size, notes=notes)


def picture_of_array(array: NDArray[Any]) -> Picture:
    """Take a picture from an array of uint8, shape (height, width), or with 3 (RGB) or 4 (RGBA) channels.

    Raises
    ------
    DataError
        For any other shape or type.
    """
    if array.dtype != np.uint8:
        raise DataError(f"the picture is an array of {array.dtype}, not uint8", "scale its values to 0..255")
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (3, 4) or array.size == 0:
        raise DataError(f"the picture is an array of shape {array.shape}", "give (height, width, 3) or (…, 4)")
    alpha = array[..., 3].copy() if array.shape[2] == 4 and (array[..., 3] < 255).any() else None
    if alpha is not None and not alpha.any():
        raise DataError("the picture is fully transparent: it shows no colour", "give one with visible pixels")
    return Picture(pixels=np.ascontiguousarray(array[..., :3]), alpha=alpha)
