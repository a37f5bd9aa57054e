"""What a file of pixels is that Pillow does not know, and what reads it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from kmbench.errors import DataError

__all__ = ["is_tiff", "refuse_raw", "register_heic", "unknown_kind"]

_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"mif1", b"msf1")
_RAW = (".dng", ".nef", ".cr2", ".cr3", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw")


def register_heic(path: Path) -> None:
    """Teach Pillow HEIC where the file is one.

    Raises
    ------
    DataError
        If the file is one, and the package that reads it is not installed.
    """
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] != b"ftyp" or head[8:12] not in _HEIC_BRANDS:
        return
    if importlib.util.find_spec("pillow_heif") is None:
        raise DataError(f"{path} is HEIC, which needs pillow-heif", "pip install 'kmbench[heic]', or save it as .png")
    import pillow_heif

    pillow_heif.register_heif_opener()


def refuse_raw(path: Path) -> None:
    """Refuse the raw file of a camera: some are TIFF, and Pillow reads the small preview in them.

    Raises
    ------
    DataError
        If the suffix is that of one.
    """
    if path.suffix.lower() in _RAW:
        raise DataError(f"{path} is a raw camera file", "export it as .png, .tif or .jpg")


def is_tiff(path: Path) -> bool:
    """Tell whether a file begins as TIFF or BigTIFF does."""
    with path.open("rb") as file:
        return file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def unknown_kind(path: Path) -> DataError:
    """Return the error for a file that Pillow does not know."""
    with path.open("rb") as file:
        head = file.read(64)
    kinds = {
        "JPEG XL": head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")),
        "AVIF, which this Pillow was built without": head[4:12] in (b"ftypavif", b"ftypavis"),
        "SVG, which has no pixels": head.lstrip().startswith((b"<svg", b"<?xml")),
        "PDF": head.startswith(b"%PDF"),
        "a film": head[4:8] == b"ftyp" or head.startswith(b"\x1aE\xdf\xa3"),
        "OpenEXR": head.startswith(b"v/1\x01"),
        "Radiance HDR": head.startswith((b"#?RADIANCE", b"#?RGBE")),
    }
    kind = next((name for name, fits in kinds.items() if fits), None)
    reason = "Pillow does not know its kind" if kind is None else f"it is {kind}"
    return DataError(f"{path} is not a readable image: {reason}", "save it as .png or .jpg")
