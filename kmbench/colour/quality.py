"""How close a picture in few colours comes to the original, and the file it takes."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmbench.colour.picture import Bytes, Picture
from kmbench.colour.spaces import packed, unpacked

__all__ = ["Likeness", "compare", "painted", "png_bytes"]

SSIM_WINDOW = 7
"""Side of the window that scikit-image compares; smaller pictures take the largest odd one that fits."""

PALETTE_COLOURS = 256
"""Most colours of a PNG with a palette."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two pictures are; pixels that cannot be seen do not count.

    Attributes
    ----------
    psnr_db : float
        Peak signal-to-noise ratio over all channels; infinite where the pictures are the same.
    ssim : float or None
        Mean structural similarity over the channels, 1 for the same picture; None where a side is below 3 pixels.
    delta_e : float
        Mean CIEDE2000 difference; about 1 can just be seen.
    """

    psnr_db: float
    ssim: float | None
    delta_e: float


def compare(picture: Picture, pixels: Bytes) -> Likeness:
    """Compare a picture with another version of its pixels, shape (height, width, 3)."""
    seen = picture.visible
    original, other = picture.pixels.reshape(-1, 3)[seen], pixels.reshape(-1, 3)[seen]
    if np.array_equal(original, other):
        return Likeness(math.inf, 1.0 if min(picture.pixels.shape[:2]) >= 3 else None, 0.0)
    from skimage.color import deltaE_ciede2000, rgb2lab
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    psnr = float(peak_signal_noise_ratio(original, other, data_range=255))
    side = min(picture.pixels.shape[:2])
    window = min(SSIM_WINDOW, side - 1 + side % 2)
    ssim = None
    if window >= 3:
        shown = np.where(seen.reshape(*picture.pixels.shape[:2], 1), pixels, picture.pixels)
        found = structural_similarity(picture.pixels, shown, channel_axis=2, data_range=255, win_size=window)
        ssim = float(found)
    # Few colours differ, of many pixels: each pair of them is compared once.
    both = (packed(original).astype(np.uint64) << np.uint64(32)) | packed(other)
    pairs, counts = np.unique(both, return_counts=True)
    one, two = unpacked(pairs >> np.uint64(32)), unpacked(pairs & np.uint64(0xFFFFFFFF))
    differences = deltaE_ciede2000(rgb2lab(one[None]), rgb2lab(two[None]))[0]
    return Likeness(psnr, ssim, float(np.average(differences, weights=counts)))


def painted(picture: Picture, palette: Bytes, labels: NDArray[np.int32]) -> Bytes:
    """Return the pixels in the colours of a palette; those that cannot be seen take its first colour.

    Parameters
    ----------
    picture : Picture
    palette : ndarray of uint8, shape (k, 3)
    labels : ndarray of int32
        Place in the palette of each of `Picture.colours`.
    """
    flat = np.empty((picture.pixels.shape[0] * picture.pixels.shape[1], 3), dtype=np.uint8)
    flat[:] = palette[0]
    flat[picture.visible] = palette[labels]
    return flat.reshape(picture.pixels.shape)


def png_bytes(picture: Picture, palette: Bytes, labels: NDArray[np.int32]) -> bytes:
    """Return the picture in the colours of a palette as a PNG, with a palette where it has room, and with its alpha.

    A PNG with a palette has no alpha for each pixel, and 256 colours at most; otherwise it is written in full.
    """
    from PIL import Image

    if picture.alpha is None and len(palette) <= PALETTE_COLOURS:
        order = np.argsort(-np.bincount(labels, minlength=len(palette)), kind="stable")
        place = np.empty(len(palette), dtype=np.uint8)
        place[order] = np.arange(len(palette))
        image = Image.fromarray(place[labels].reshape(picture.pixels.shape[:2]))
        image.putpalette(palette[order].tobytes())
    else:
        pixels = painted(picture, palette, labels)
        whole = pixels if picture.alpha is None else np.dstack([pixels, picture.alpha])
        image = Image.fromarray(whole)
    with io.BytesIO() as file:
        image.save(file, "PNG", optimize=True)
        return file.getvalue()
