"""Pictures as people have them: grey, with a palette, CMYK, 16 bits, turned by a camera, with transparency."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.images import load_image
from kmbench.errors import DataError
from kmbench.notes import Note, note

__all__ = ["Bytes", "Picture", "picture_of_array", "read_picture"]

Bytes = NDArray[np.uint8]

DEEP_WHITE = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture in 8-bit RGB.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
    alpha : ndarray of uint8, shape (height, width), or None
        255 is opaque; None where every pixel is.
    source_bytes : int or None
        Size of the file it came from.
    notes : tuple of Note
        What was done to have it so.
    """

    pixels: Bytes
    alpha: Bytes | None
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


def read_picture(path: Path) -> Picture:
    """Read a picture; of several frames the first, the way up that its camera noted.

    Raises
    ------
    DataError
        If it is no picture that Pillow reads, is cut short, or holds values that are no colours.
    """
    loaded = load_image(path)
    picture = _converted(loaded.image, str(path), loaded.deep)
    notes = picture.notes if loaded.frames == 1 else (*picture.notes, note("KM161", frames=loaded.frames))
    return Picture(pixels=picture.pixels, alpha=picture.alpha, source_bytes=path.stat().st_size, notes=notes)


def _converted(image: Any, where: str, deep: bool) -> Picture:
    mode, notes = image.mode, []
    if mode.startswith(("I", "F")):
        return _deep(np.asarray(image), where)
    if deep:
        notes.append(note("KM162"))
    transparent = "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info
    if mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        notes.append(note("KM163", mode=mode))
    if not transparent:
        return Picture(pixels=np.array(image.convert("RGB")), alpha=None, notes=tuple(notes))
    whole = np.array(image.convert("RGBA"))
    alpha = whole[..., 3]
    opaque = bool((alpha == 255).all())
    if not alpha.any():
        raise DataError(f"{where} is fully transparent: it shows no colour", "give a picture with something on it")
    return Picture(pixels=whole[..., :3].copy(), alpha=None if opaque else alpha.copy(), notes=tuple(notes))


def _deep(values: NDArray[Any], where: str) -> Picture:
    """Return grey values of more than 8 bits in 8, as a viewer shows them."""
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= DEEP_WHITE):
        raise DataError(
            f"{where} holds values from {low:g} to {high:g}, which are no colours", "save it with 8 or 16 bits"
        )
    white = 1.0 if values.dtype.kind == "f" and high <= 1.0 else DEEP_WHITE
    grey = np.rint(values.astype(np.float64) * (255 / white)).astype(np.uint8)
    return Picture(pixels=np.repeat(grey[..., None], 3, axis=2), alpha=None, notes=(note("KM164"),))


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
        raise DataError("the picture is fully transparent: it shows no colour", "give one with something on it")
    return Picture(pixels=np.ascontiguousarray(array[..., :3]), alpha=alpha)
