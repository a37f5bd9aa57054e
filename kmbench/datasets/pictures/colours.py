"""From the colours of a file to sRGB: by its ICC profile, else by its gamma."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.notes import Note, note

__all__ = ["gamma_of", "in_srgb", "profile_name", "with_gamma"]

USUAL_GAMMA = 1 / 2.2
GAMMA_SLACK = 0.05
"""Share by which a gamma may differ from the usual one and be taken for it."""

_SPACE_OF_MODE = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab"}


def profile_name(image: Any) -> str | None:
    """Return the name of the colour profile that has to be applied; None without one, and where it is sRGB's."""
    content = image.info.get("icc_profile")
    if not content:
        return None
    from PIL import ImageCms

    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        name = ImageCms.getProfileDescription(profile).strip()
    except (ImageCms.PyCMSError, OSError, ValueError):
        return "without a name"
    return None if "srgb" in name.lower() else name or "without a name"


def in_srgb(image: Any) -> tuple[Any, tuple[Note, ...]]:
    """Return an image of 8 bits as RGB or RGBA in sRGB, and what was done.

    Parameters
    ----------
    image : PIL.Image.Image
        Of any mode of 8 bits per channel.
    """
    name = profile_name(image)
    content = image.info.get("icc_profile")
    alpha = _alpha(image)
    base = _base(image, alpha is not None)
    notes: list[Note] = []
    if name is not None:
        converted, reason = _by_profile(base, content)
        if converted is None:
            notes.append(note("KM170", profile=name, reason=reason))
        else:
            notes.append(note("KM169", profile=name))
            base = converted
    if base.mode == "LAB":
        base = _from_lab(base)
    elif base.mode != "RGB":
        if base.mode not in ("L", "1"):
            notes.append(note("KM163", mode=base.mode))
        base = base.convert("RGB")
    if alpha is not None:
        base.putalpha(alpha)
    return base, tuple(notes)


def _alpha(image: Any) -> Any:
    """Return the transparency of an image as one channel, None where it has none."""
    transparent = {"A", "a"} & set(image.getbands()) or "transparency" in image.info
    if not transparent:
        return None
    return image.convert("RGBA").getchannel("A")


def _base(image: Any, transparent: bool) -> Any:
    """Return an image without transparency, its palette resolved, in the colours of its file."""
    mode = image.mode
    if mode in ("P", "PA", "RGBA", "RGBX", "RGBa") or (mode == "RGB" and transparent):
        return image.convert("RGBA").convert("RGB")
    if mode in ("LA", "La"):
        return image.convert("LA").convert("L")
    return image.convert("L") if mode == "1" else image


def _by_profile(base: Any, content: bytes) -> tuple[Any, str]:
    """Return an image converted by its profile, or None and the reason why it cannot be."""
    from PIL import ImageCms

    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        space = profile.profile.xcolor_space.strip()
        if space != _SPACE_OF_MODE.get(base.mode):
            return None, f"it is for {space}, the picture is {base.mode}"
        return ImageCms.profileToProfile(base, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"), ""
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        return None, str(error) or type(error).__name__


def _from_lab(base: Any) -> Any:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(base, lab, srgb, outputMode="RGB")


def gamma_of(image: Any) -> float | None:
    """Return the gamma that a PNG names, where it is to be applied.

    Chunks sRGB and iCCP go before it (PNG specification, 11.3.2.2). A usual gamma is what sRGB has in effect.
    """
    gamma = image.info.get("gamma")
    if not isinstance(gamma, int | float) or gamma <= 0 or "srgb" in image.info or image.info.get("icc_profile"):
        return None
    return None if abs(gamma / USUAL_GAMMA - 1) <= GAMMA_SLACK else float(gamma)


def with_gamma(values: NDArray[Any], gamma: float) -> NDArray[np.float32]:
    """Return colours from 0 to 255 of a given gamma as those of gamma 1/2.2: v becomes v^(1 / (2.2 gamma))."""
    exponent = USUAL_GAMMA / gamma
    if values.dtype == np.uint8:
        table = (255 * (np.arange(256) / 255) ** exponent).astype(np.float32)
        shown: NDArray[np.float32] = table[values]
        return shown
    return (255 * (np.asarray(values, dtype=np.float64) / 255) ** exponent).astype(np.float32)
