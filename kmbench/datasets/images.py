"""Images as data: each pixel is a row of red, green and blue."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.base import Arguments, ArrayRows, FileFormat, Rows
from kmbench.errors import DataError

__all__ = ["IMAGE", "read_pixels"]


def read_pixels(path: Path) -> NDArray[np.uint8]:
    """Read an image as its pixels, row by row from the top.

    Parameters
    ----------
    path : Path
        Any image that Pillow reads; of several frames, the first. Transparency is left out.

    Returns
    -------
    ndarray of uint8, shape (height * width, 3)

    Raises
    ------
    DataError
        If it is no such image, is cut short, or has more than 8 bits per channel.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow, about images of more than 89 million pixels
            with Image.open(path) as image:
                deep = image.mode.startswith(("I", "F"))
                pixels = np.asarray(image.convert("RGB"))
    except Image.DecompressionBombError:
        raise DataError(f"{path} is too large an image", "save its pixels as .npy") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{path} is not a readable image: {error}", "save it as .png or .jpg") from None
    if deep:
        raise DataError(f"{path} has more than 8 bits per channel", "save it with 8, or its pixels as .npy")
    return pixels.reshape(-1, 3)


def _open_image(path: Path, arguments: Arguments) -> Rows:
    return ArrayRows(read_pixels(path))


IMAGE = FileFormat(
    name="image",
    syntax="FILE.png",
    summary="an image (.png .jpg .bmp .webp .tif .gif): one row of red, green, blue per pixel",
    suffixes=(".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif"),
    open=_open_image,
)
