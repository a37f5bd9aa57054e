"""A picture from its file: the first frame, the way up that its camera noted, its colours in sRGB."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.pictures.colours import gamma_of, in_srgb, profile_name, with_gamma
from kmbench.datasets.pictures.deep import DeepPicture, read_tiff, scaled
from kmbench.datasets.pictures.kinds import is_tiff, refuse_raw, register_heic, unknown_kind
from kmbench.errors import DataError
from kmbench.notes import Note, note

__all__ = ["Bytes", "LoadedPicture", "load_picture"]

Bytes = NDArray[np.uint8]

_BITS_PER_SAMPLE, _PLANAR_CONFIGURATION = 258, 284
"""Tags of TIFF."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPicture:
    """A picture in sRGB.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
    alpha : ndarray of uint8, shape (height, width), or None
        255 is opaque; None where the file has no transparency.
    fine : ndarray of float32, shape (height, width, 3), or None
        The pixels from 0 to 255 before they were rounded, where the file holds more than 8 bits per channel.
    notes : tuple of Note
        What was done to have it so.
    """

    pixels: Bytes
    alpha: Bytes | None = None
    fine: NDArray[np.float32] | None = None
    notes: tuple[Note, ...] = ()


def load_picture(path: Path) -> LoadedPicture:
    """Read a picture of any kind that Pillow reads, HEIC where pillow-heif is installed, and deep TIFF by tifffile.

    Raises
    ------
    DataError
        If it does not exist, is no picture, is damaged, is too large, or holds values that are no colours.
    """
    from PIL import Image

    try:
        refuse_raw(path)
        register_heic(path)
        return _load(path)
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path} does not exist", "check the path") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder", "give one file") from None
    except Image.DecompressionBombError as error:
        raise DataError(f"{path} is too large an image: {error}", "scale it down, or save it as .npy") from None
    except Exception as error:  # a damaged file: each of Pillow's formats stumbles in its own way
        words = getattr(error, "strerror", None)
        if words is not None:
            raise DataError(f"{path} cannot be read: {words}", "check the path and its permissions") from None
        reason = str(error) or type(error).__name__
        raise DataError(f"{path} is not a readable image: {reason}", "save it as .png or .jpg") from None


def _load(path: Path) -> LoadedPicture:
    from PIL import Image, ImageOps, UnidentifiedImageError

    most_pixels = 2 * (Image.MAX_IMAGE_PIXELS or 2**60)  # where Pillow refuses
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about images of more than 89 million pixels
        try:
            opened = Image.open(path)
        except UnidentifiedImageError:
            # Pillow has no mode for RGB of floating point.
            found = read_tiff(path, most_pixels) if is_tiff(path) else None
            if found is None:
                raise unknown_kind(path) from None
            return _from_deep(found, str(path))
        with opened as image:
            deep = _is_deep(image)  # before the pixels are there: then Pillow has forgotten
            if deep and image.format == "TIFF":
                found = read_tiff(path, most_pixels)
                if found is not None:
                    return _from_deep(found, str(path))
                if getattr(image, "tag_v2", {}).get(_PLANAR_CONFIGURATION) == 2 and image.mode[0] not in "IF":
                    raise DataError(
                        f"{path} stores its channels separately with more than 8 bits, which Pillow misreads",
                        "pip install 'kmbench[images]' for tifffile, or save it with 8 bits",
                    )
            frames = getattr(image, "n_frames", 1)
            image.load()
            upright = ImageOps.exif_transpose(image) or image
    return _from_image(upright, deep, frames, str(path))


def _from_deep(deep: DeepPicture, where: str) -> LoadedPicture:
    """Return a picture of deep values, converted by its profile in 8 bits, for which alone there is a converter."""
    from PIL import Image

    grey_or_rgb, notes = scaled(deep.values, where, deep.white)
    frames = (note("KM161", frames=deep.frames),) if deep.frames > 1 else ()
    alpha = None if deep.alpha is None else _rounded(deep.alpha)
    shallow = Image.fromarray(_rounded(grey_or_rgb))
    shallow.info["icc_profile"] = deep.profile
    if profile_name(shallow) is not None:
        image, told = in_srgb(shallow)
        return LoadedPicture(pixels=np.array(image), alpha=alpha, notes=(*notes, *told, note("KM162"), *frames))
    fine = _three(grey_or_rgb)
    return LoadedPicture(pixels=_rounded(fine), alpha=alpha, fine=fine, notes=(*notes, *frames))


def _from_image(image: Any, deep: bool, frames: int, where: str) -> LoadedPicture:
    last = (note("KM161", frames=frames),) if frames > 1 else ()
    gamma = gamma_of(image)
    told = () if gamma is None else (note("KM171", gamma=gamma),)
    if image.mode.startswith(("I", "F")):
        values, notes = scaled(np.asarray(image), where)
        fine = _three(values if gamma is None else with_gamma(values, gamma))
        return LoadedPicture(pixels=_rounded(fine), fine=fine, notes=(*notes, *told, *last))
    cut = (note("KM162"),) if deep else ()
    converted, notes = in_srgb(image)
    whole = np.array(converted)
    pixels = np.ascontiguousarray(whole[..., :3])
    alpha = whole[..., 3].copy() if whole.shape[2] == 4 else None
    if gamma is not None:
        pixels = _rounded(with_gamma(pixels, gamma))
    return LoadedPicture(pixels=pixels, alpha=alpha, notes=(*cut, *notes, *told, *last))


def _three(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.repeat(values[..., np.newaxis], 3, axis=2) if values.ndim == 2 else np.ascontiguousarray(values)


def _rounded(values: NDArray[np.float32]) -> Bytes:
    return np.rint(values).astype(np.uint8)


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
