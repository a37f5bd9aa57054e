"""The spaces in which colours are clustered, and the way back to what a file can hold."""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kmbench.colour.picture import Bytes

__all__ = ["SPACES", "Space", "counted", "from_space", "hexadecimal", "packed", "to_space", "unpacked"]

Space = Literal["rgb", "lab"]
SPACES: tuple[Space, ...] = ("rgb", "lab")

_BLOCK = 2**18


def to_space(colours: NDArray[Any], space: Space) -> NDArray[np.float32]:
    """Return colours as coordinates.

    Parameters
    ----------
    colours : ndarray of uint8 or float32, shape (n, 3)
        From 0 to 255.
    space : {"rgb", "lab"}
        ``rgb``: red, green, blue of sRGB, 0 to 255. ``lab``: CIELAB for the illuminant D65 by scikit-image, where
        distances are close to what people see as differences.

    Returns
    -------
    ndarray of float32, shape (n, 3), C order
    """
    if space == "rgb":
        return colours.astype(np.float32)
    from skimage.color import rgb2lab

    out = np.empty(colours.shape, dtype=np.float32)
    for start in range(0, len(colours), _BLOCK):
        part = colours[start : start + _BLOCK]
        part = part if part.dtype == np.uint8 else part / np.float32(255)
        out[start : start + _BLOCK] = rgb2lab(part[None])[0]
    return out


def from_space(coordinates: NDArray[Any], space: Space) -> Bytes:
    """Return the nearest colours of 8 bits, shape (n, 3); what lies outside sRGB is clipped."""
    values = np.asarray(coordinates, dtype=np.float64)
    if space == "lab":
        from skimage.color import lab2rgb

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of scikit-image, about colours outside sRGB: they are clipped below
            values = 255 * lab2rgb(values[None])[0]
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def packed(colours: Bytes) -> NDArray[np.uint32]:
    """Return each colour as one number, 0xrrggbb: millions of numbers sort at once, rows do not."""
    red, green, blue = colours.astype(np.uint32).T
    one: NDArray[np.uint32] = np.asarray((red << 16) | (green << 8) | blue, dtype=np.uint32)
    return one


def counted(numbers: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the different colours among `packed` ones, in order; a table of all colours takes no sorting."""
    seen = np.zeros(2**24, dtype=np.bool_)
    seen[numbers] = True
    return np.flatnonzero(seen).astype(np.uint32)


def unpacked(numbers: NDArray[np.unsignedinteger]) -> Bytes:
    """Return the colours of `packed` numbers, shape (n, 3)."""
    return np.stack([(numbers >> shift) & 255 for shift in (16, 8, 0)], axis=1).astype(np.uint8)


def hexadecimal(colours: Bytes) -> list[str]:
    """Return colours as ``#rrggbb``."""
    return ["#{:02x}{:02x}{:02x}".format(*colour) for colour in colours.tolist()]
