"""`quantize`: a picture in k colours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from kmbench.backends.training import Trainer, check_numbers, one_backend
from kmbench.colour.picture import Bytes, Picture, picture_of_array, read_picture
from kmbench.colour.quality import compare, painted, png_bytes
from kmbench.colour.spaces import Space, counted, from_space, packed, to_space, unpacked
from kmbench.errors import CaseError, WorkloadError
from kmbench.instruments import default_threads
from kmbench.metrics import evaluate
from kmbench.notes import Note, note
from kmbench.shown import Shown
from kmbench.wording import count_text

__all__ = ["ITERATIONS", "QuantizeResult", "needs_skimage", "quantize"]

ITERATIONS = 25
"""Lloyd iterations: on photographs later ones no longer change the colours of 8 bits."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class QuantizeResult(Shown):
    """A picture in few colours.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width, 3), or 4 channels where the picture has transparency
    palette : ndarray of uint8, shape (colours, 3)
        The most frequent colour first; each of them occurs, and all differ.
    shares : ndarray of float64, shape (colours,)
        Share of the pixels that can be seen.
    labels : ndarray of int32, shape (height, width)
        Place in the palette; -1 where a pixel cannot be seen.
    psnr_db, ssim, delta_e : float
        See `kmbench.colour.quality.Likeness`; `ssim` may be None.
    colours_before : int
        Number of different colours in the original.
    file_bytes, source_bytes : int
        Size of `png`, and of the file that was read (None for an array).
    png : bytes
        The picture as a PNG file.
    notes : tuple of Note
        What a user should know about how it was done.
    """

    shown_by = "kmbench.colour.shown"
    own_suffixes = (".png",)

    pixels: Bytes
    palette: Bytes
    shares: NDArray[np.float64]
    labels: NDArray[np.int32]
    space: Space
    backend: str
    psnr_db: float
    ssim: float | None
    delta_e: float
    colours_before: int
    file_bytes: int
    source_bytes: int | None
    png: bytes
    notes: tuple[Note, ...]


def needs_skimage() -> str | None:
    """Return why pictures cannot be compared here, or None."""
    import importlib.util

    if importlib.util.find_spec("skimage") is not None:
        return None
    return "scikit-image is not installed: pip install 'kmbench[images]'"


def quantize(
    image: str | Path | NDArray[Any],
    k: int,
    *,
    space: Space = "rgb",
    backend: str = "numpy-lloyd",
    sample: int | None = None,
    iterations: int = ITERATIONS,
    seed: int = 0,
    threads: int | None = None,
) -> QuantizeResult:
    """Reduce a picture to k colours by k-means.

    Parameters
    ----------
    image : path, or ndarray of uint8
        Any picture that Pillow can read, or an array of shape (height, width), (height, width, 3) or (…, 4).
    k : int
        Number of colours, at least 1. A picture that has no more colours stays as it is.
    space : {"rgb", "lab"}
        Colour space to cluster in: see `kmbench.colour.spaces.to_space`.
    backend : str
        A k-means backend with its parameters.
    sample : int, optional
        Number of random pixels to find the palette from; all pixels are then recoloured. Default: all.
    iterations : int
        Lloyd iterations.
    seed : int
        Random seed.
    threads : int, optional
        Default: all cores.

    Returns
    -------
    QuantizeResult

    Raises
    ------
    KmbenchError
        If the picture cannot be read, a value is out of bounds, or the backend fails.

    Examples
    --------
    >>> from kmbench import quantize
    >>> result = quantize("photo.jpg", 16, space="lab")  # doctest: +SKIP
    >>> result.psnr_db, len(result.palette)  # doctest: +SKIP
    """
    if space not in get_args(Space):
        raise CaseError(f"space {space!r} is not a known colour space", f"use {' or '.join(get_args(Space))}")
    check_numbers(k=k, sample=sample, iterations=iterations, seed=seed, threads=threads)
    missing = needs_skimage()
    if missing is not None:
        raise WorkloadError(f"pictures cannot be compared: {missing}")
    choice = one_backend(backend)
    picture = picture_of_array(image) if isinstance(image, np.ndarray) else read_picture(Path(image).expanduser())
    notes = list(picture.notes)
    colours = picture.colours
    numbers = packed(colours)
    distinct = counted(numbers)
    if len(distinct) <= k:
        palette, labels = unpacked(distinct), np.searchsorted(distinct, numbers).astype(np.int32)
        if len(distinct) < k:
            notes.append(note("KM165", colours=count_text(len(distinct), "colour")))
    else:
        X = to_space(picture.fine_colours, space)
        part = X
        if sample is not None and sample < len(X):
            chosen = np.random.default_rng([seed, 5]).choice(len(X), max(sample, k), replace=False)
            part = np.ascontiguousarray(X[np.sort(chosen)])
            notes.append(note("KM166", sampled=len(part), pixels=len(X)))
        trainer = Trainer(choice, iterations=iterations, threads=threads or default_threads())
        centroids = trainer(part, k, seed=seed).centroids
        palette = from_space(centroids, space)
        labels = evaluate(X, centroids).labels
    palette, labels, shares = _tidy(palette, labels)
    if len(palette) < min(k, len(distinct)):
        notes.append(note("KM167", left=len(palette), asked=k))
    pixels = painted(picture, palette, labels)
    likeness = compare(picture, pixels)
    png = png_bytes(picture, palette, labels)
    return QuantizeResult(
        pixels=pixels if picture.alpha is None else np.dstack([pixels, picture.alpha]),
        palette=palette,
        shares=shares,
        labels=_placed(picture, labels),
        space=space,
        backend=backend,
        psnr_db=likeness.psnr_db,
        ssim=likeness.ssim,
        delta_e=likeness.delta_e,
        colours_before=len(distinct),
        file_bytes=len(png),
        source_bytes=picture.source_bytes,
        png=png,
        notes=tuple(notes),
    )


def _tidy(palette: Bytes, labels: NDArray[np.int32]) -> tuple[Bytes, NDArray[np.int32], NDArray[np.float64]]:
    """Join equal colours, leave out those that do not occur, and put the most frequent first."""
    distinct, joined = np.unique(palette, axis=0, return_inverse=True)
    merged = joined.ravel()[labels]
    counts = np.bincount(merged, minlength=len(distinct))
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    place = np.zeros(len(distinct), dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return distinct[order], place[merged], counts[order] / len(labels)


def _placed(picture: Picture, labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return labels in the shape of the picture."""
    height, width = picture.pixels.shape[:2]
    whole = np.full(height * width, -1, dtype=np.int32)
    whole[picture.visible] = labels
    return whole.reshape(height, width)
