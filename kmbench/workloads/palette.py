"""The workload `palette`: the colours of a picture, and how good it looks in them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kmbench.backends.base import Params
from kmbench.colour.picture import Bytes, Picture, read_picture
from kmbench.colour.quality import compare, painted, png_bytes
from kmbench.colour.spaces import Space, from_space, hexadecimal, to_space
from kmbench.datasets import ArrayRows, Options, Rows, parse_spec
from kmbench.datasets.images import IMAGE
from kmbench.datasets.samples import photo_path
from kmbench.errors import WorkloadError
from kmbench.workloads.artefacts import swatch
from kmbench.workloads.base import Answer, Figure, Task, TaskResult, Workload

__all__ = ["Palette"]

SHOWN_SIDE = 640
"""Longest side, in pixels, of the pictures that are kept for the page."""


class PaletteParams(Params):
    """Parameters of the workload."""

    space: Space = Field("rgb", description="where colours are clustered: rgb or lab (CIELAB)")


class Palette(Workload):
    """Colour quantization: rows are the pixels of a picture that can be seen."""

    name = "palette"
    summary = "a picture in k colours"
    requires = ("skimage",)
    install = "pip install 'kmbench[images]'"
    figures = (
        Figure(
            name="psnr_db",
            title="PSNR",
            unit="dB",
            better="higher",
            summary="Peak signal-to-noise ratio of the picture in its palette, in 8-bit RGB.",
        ),
        Figure(
            name="ssim",
            title="SSIM",
            better="higher",
            summary="Mean structural similarity to the original, over the channels; 1 is the same.",
        ),
        Figure(
            name="delta_e",
            title="ΔE",
            better="lower",
            summary="Mean colour difference CIEDE2000; about 1 can just be seen.",
        ),
        Figure(name="png_bytes", title="file", unit="B", better="lower", summary="Size of the picture as a PNG."),
        Figure(
            name="colours",
            title="colours",
            better=None,
            summary="Number of different colours after rounding to 8 bits.",
        ),
    )
    Params = PaletteParams

    def rows(self, spec: str) -> Rows:
        """Return the colours of the pixels that can be seen, in the space of the parameter."""
        return ArrayRows(to_space(_picture(spec).fine_colours, self._space))

    @property
    def _space(self) -> Space:
        assert isinstance(self.params, PaletteParams)
        return self.params.space

    def score(self, task: Task, answer: Answer) -> TaskResult:
        """Paint the picture in the palette and compare it with the original."""
        picture = _picture(task.spec)
        palette, labels = from_space(answer.centroids, self._space), answer.labels
        pixels = painted(picture, palette, labels)
        likeness = compare(picture, pixels)
        counts = np.bincount(labels, minlength=len(palette))
        order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
        used = palette[order]
        figures = {"psnr_db": likeness.psnr_db, "delta_e": likeness.delta_e}
        if likeness.ssim is not None:
            figures["ssim"] = likeness.ssim
        figures["png_bytes"] = float(len(png_bytes(picture, palette, labels)))
        figures["colours"] = float(len(np.unique(used, axis=0)))
        title = f"{len(used)} colours by their share of the picture"
        return TaskResult(
            figures,
            {
                "picture.png": _shown(picture, pixels, "PNG"),
                "palette.json": swatch(title, hexadecimal(used), (counts[order] / len(labels)).tolist()),
            },
        )

    def common(self, task: Task) -> dict[str, bytes]:
        """Return the original."""
        picture = _picture(task.spec)
        kind = "JPEG" if picture.alpha is None else "PNG"
        return {f"original.{'jpg' if kind == 'JPEG' else 'png'}": _shown(picture, picture.pixels, kind)}


def _picture(spec: str) -> Picture:
    """Read the picture that a SPEC names.

    Raises
    ------
    WorkloadError
        If it names other data, or changes the pixels.
    """
    parsed = parse_spec(spec)
    if parsed.options != Options():
        raise WorkloadError(f"workload palette takes whole pictures, not {spec}", "leave out what follows the colon")
    if parsed.source == "photo" and parsed.suffix is None:
        return read_picture(photo_path(parsed.arguments))
    if parsed.suffix not in IMAGE.suffixes:
        raise WorkloadError(f"workload palette needs a picture, not {spec}", "use photo, or FILE.png, .jpg, …")
    return read_picture(Path(parsed.source))


def _shown(picture: Picture, pixels: Bytes, kind: str) -> bytes:
    """Return pixels as a small image file; of large pictures every n-th pixel, so that no new colours come in."""
    from PIL import Image

    step = -(-max(pixels.shape[:2]) // SHOWN_SIDE)
    whole: NDArray[np.uint8] = pixels if picture.alpha is None else np.dstack([pixels, picture.alpha])
    image = Image.fromarray(np.ascontiguousarray(whole[::step, ::step]))
    with io.BytesIO() as file:
        if kind == "JPEG":
            image.save(file, kind, quality=90)
        elif picture.alpha is None and len(image.getcolors(2**24) or ()) <= 256:
            image.quantize(256, dither=Image.Dither.NONE).save(file, kind, optimize=True)
        else:
            image.save(file, kind, optimize=True)
        return file.getvalue()
