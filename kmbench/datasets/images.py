"""Images as data: each pixel is a row of red, green and blue."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.base import Arguments, ArrayRows, FileFormat, Rows
from kmbench.errors import DataError

__all__ = ["IMAGE", "LoadedImage", "load_image", "read_pixels"]

_BITS_PER_SAMPLE, _PLANAR_CONFIGURATION = 258, 284
"""Tags of TIFF."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedImage:
    """An image as Pillow has it in memory.

    Attributes
    ----------
    image : PIL.Image.Image
        The first frame, the way up that its camera noted.
    deep : bool
        The file holds more than 8 bits per channel. Pillow keeps them for grey images (modes ``I`` and ``F``), and
        keeps the upper 8 of colours without a word.
    frames : int
        How many the file has.
    """

    image: Any
    deep: bool
    frames: int


def load_image(path: Path) -> LoadedImage:
    """Read an image of any kind that Pillow reads.

    Raises
    ------
    DataError
        If it does not exist, is no image, is damaged, or is one that Pillow is known to read wrongly.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow, about images of more than 89 million pixels
            with Image.open(path) as image:
                deep = _is_deep(image)  # before the pixels are there: then Pillow has forgotten
                planes = getattr(image, "tag_v2", {}).get(_PLANAR_CONFIGURATION) == 2
                if deep and planes and image.mode[0] not in "IF":
                    raise DataError(
                        f"{path} holds its channels one after another with more than 8 bits, which Pillow misreads",
                        "save it with 8 bits, or its channels interleaved",
                    )
                frames = getattr(image, "n_frames", 1)
                image.load()
                upright = ImageOps.exif_transpose(image)
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path} does not exist", "check the path") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder", "give one image") from None
    except UnidentifiedImageError:
        raise _unreadable(path, "Pillow does not know its kind") from None
    except Image.DecompressionBombError:
        raise DataError(f"{path} is too large an image", "scale it down, or save its pixels as .npy") from None
    except Exception as error:  # a damaged file: each of Pillow's formats stumbles in its own way
        words = getattr(error, "strerror", None)
        if words is not None:
            raise DataError(f"{path} cannot be read: {words}", "check the path and its permissions") from None
        raise _unreadable(path, str(error) or type(error).__name__) from None
    return LoadedImage(image=upright if upright is not None else image, deep=deep, frames=frames)


def _unreadable(path: Path, reason: str) -> DataError:
    return DataError(f"{path} is not a readable image: {reason}", "save it as .png or .jpg")


def _is_deep(image: Any) -> bool:
    """Tell whether the file of an image that was opened, but not loaded, has more than 8 bits per channel."""
    if image.mode[0] in "IF":
        return True
    if max(getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (8,))) > 8:
        return True
    for decoder, _, _, arguments in image.tile:
        if decoder.startswith("ppm") and arguments[1] > 255:
            return True
        layout = arguments if isinstance(arguments, str) else str(next(iter(arguments or ()), ""))
        if layout.endswith((";16B", ";16L", ";16N")):  # but not BGR;16: that is 16 bits of a whole pixel
            return True
    return False


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
    loaded = load_image(path)
    if loaded.deep:
        raise DataError(f"{path} has more than 8 bits per channel", "save it with 8, or its pixels as .npy")
    return np.asarray(loaded.image.convert("RGB")).reshape(-1, 3)


def _open_image(path: Path, arguments: Arguments) -> Rows:
    return ArrayRows(read_pixels(path))


IMAGE = FileFormat(
    name="image",
    syntax="FILE.png",
    summary="an image (.png .jpg .bmp .webp .tif .gif): one row of red, green, blue per pixel",
    suffixes=(".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif"),
    open=_open_image,
)
