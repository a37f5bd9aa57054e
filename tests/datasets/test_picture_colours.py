"""Colours of pictures come out as sRGB: by profile, by gamma, from every depth; each decision has its note."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from kmbench.datasets.pictures.load import load_picture
from kmbench.errors import DataError

RNG = np.random.default_rng(8)
PIXELS = RNG.integers(0, 256, (16, 20, 3)).astype(np.uint8)
WIDE = np.array([[0.6097, 0.2053, 0.1492], [0.3111, 0.6257, 0.0632], [0.0195, 0.0609, 0.7446]])
"""Adobe RGB (1998) to XYZ under D50, columns red, green, blue: annex C.1 of its specification."""
SRGB = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7142]])
"""sRGB to XYZ under D50, as in IEC 61966-2-1's profile."""
GAMMA = 563 / 256


def fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def profile(name: str, space: bytes = b"RGB ") -> bytes:
    """Return an ICC profile of version 2: three primaries, one gamma (ICC.1:2001-04, 6.1 to 6.5)."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(GAMMA * 256)) + b"\0\0"
    words = name.encode() + b"\0"
    text = b"desc\0\0\0\0" + struct.pack(">I", len(words)) + words + bytes(78)
    tags = {b"desc": text, b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": xyz(0.9642, 1, 0.8249)}
    if space == b"RGB ":
        for letter, column in zip(b"rgb", WIDE.T, strict=True):
            tags[bytes([letter]) + b"XYZ"] = xyz(*column)
            tags[bytes([letter]) + b"TRC"] = curve
    else:
        tags[b"kTRC"] = curve
    table, body, begin = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for signature, content in tags.items():
        content += bytes(-len(content) % 4)
        table += signature + struct.pack(">II", begin + len(body), len(content))
        body += content
    head = struct.pack(">I4sI4s4s4s", begin + len(body), b"lcms", 0x02400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + fixed(0.9642) + fixed(1) + fixed(0.8249)
    return head + bytes(128 - len(head)) + table + body


def xyz(x: float, y: float, z: float) -> bytes:
    return b"XYZ \0\0\0\0" + fixed(x) + fixed(y) + fixed(z)


def companded(linear: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1, from linear light."""
    clipped = np.clip(linear, 0, 1)
    return 255 * np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055)


def in_srgb(wide: np.ndarray) -> np.ndarray:
    return companded((wide / 255.0) ** GAMMA @ WIDE.T @ np.linalg.inv(SRGB).T)


def codes(picture) -> list[str]:
    return [one.code for one in picture.notes]


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "avif"])
def test_a_profile_is_applied_whatever_the_format(tmp_path: Path, suffix: str) -> None:
    # Large fields: what compression does to them is less than what the profile does.
    fields = np.kron(RNG.integers(30, 226, (2, 3, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    exact = {
        "jpg": {"quality": 100, "subsampling": 0},
        "webp": {"lossless": True},
        "avif": {"quality": 100, "subsampling": "4:4:4"},
    }
    Image.fromarray(fields).save(tmp_path / f"x.{suffix}", icc_profile=profile("Wide"), **exact.get(suffix, {}))
    loaded = load_picture(tmp_path / f"x.{suffix}")
    expected = in_srgb(fields)
    assert np.abs(expected - fields).max() > 20, "the profile must matter"
    slack = 1.01 if suffix in ("png", "tif", "webp") else 4
    np.testing.assert_allclose(loaded.pixels.astype(float), expected, atol=slack)
    assert codes(loaded) == ["KM169"]
    assert "Wide" in loaded.notes[0].text


def test_profiles_go_with_palettes_alpha_and_grey(tmp_path: Path) -> None:
    few = PIXELS.reshape(-1, 3)[RNG.integers(0, 8, (16, 20))]
    Image.fromarray(few).quantize(8, dither=Image.Dither.NONE).save(tmp_path / "p.png", icc_profile=profile("Wide"))
    shown = np.asarray(Image.open(tmp_path / "p.png").convert("RGB"))
    np.testing.assert_allclose(load_picture(tmp_path / "p.png").pixels.astype(float), in_srgb(shown), atol=1.01)
    alpha = RNG.integers(0, 256, (16, 20, 1)).astype(np.uint8)
    Image.fromarray(np.dstack([PIXELS, alpha])).save(tmp_path / "a.png", icc_profile=profile("Wide"))
    loaded = load_picture(tmp_path / "a.png")
    np.testing.assert_allclose(loaded.pixels.astype(float), in_srgb(PIXELS), atol=1.01)
    np.testing.assert_array_equal(loaded.alpha, alpha[..., 0])
    Image.fromarray(PIXELS[..., 0]).save(tmp_path / "g.png", icc_profile=profile("Grey", b"GRAY"))
    grey = load_picture(tmp_path / "g.png").pixels
    expected = companded((PIXELS[..., :1] / 255.0) ** GAMMA)
    np.testing.assert_allclose(grey.astype(float), np.repeat(expected, 3, axis=2), atol=2.01)


def test_a_profile_that_does_not_fit_is_told_and_not_applied(tmp_path: Path) -> None:
    for name, content in {"grey.png": profile("Grey", b"GRAY"), "torn.png": profile("Wide")[:200]}.items():
        Image.fromarray(PIXELS).save(tmp_path / name, icc_profile=content)
        loaded = load_picture(tmp_path / name)
        np.testing.assert_array_equal(loaded.pixels, PIXELS)
        assert codes(loaded) == ["KM170"]


def test_srgb_and_no_profile_change_nothing(tmp_path: Path) -> None:
    from PIL import ImageCms

    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, options in {"with.png": {"icc_profile": own}, "without.png": {}}.items():
        Image.fromarray(PIXELS).save(tmp_path / name, **options)
        loaded = load_picture(tmp_path / name)
        np.testing.assert_array_equal(loaded.pixels, PIXELS)
        assert not loaded.notes


def with_gamma(path: Path, gamma: float, *, srgb: bool = False) -> None:
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"gAMA", struct.pack(">I", round(gamma * 1e5)))
    if srgb:
        chunks.add(b"sRGB", b"\0")
    Image.fromarray(PIXELS).save(path, pnginfo=chunks)


def test_a_gamma_is_applied_unless_it_is_the_usual_one_or_srgb_is_named(tmp_path: Path) -> None:
    with_gamma(tmp_path / "linear.png", 1.0)
    loaded = load_picture(tmp_path / "linear.png")
    np.testing.assert_allclose(loaded.pixels.astype(float), 255 * (PIXELS / 255) ** (1 / 2.2), atol=0.51)
    assert codes(loaded) == ["KM171"]
    with_gamma(tmp_path / "usual.png", 0.45455)
    with_gamma(tmp_path / "named.png", 1.0, srgb=True)
    for name in ("usual.png", "named.png"):
        loaded = load_picture(tmp_path / name)
        np.testing.assert_array_equal(loaded.pixels, PIXELS)
        assert not loaded.notes


@pytest.mark.parametrize(("high", "white"), [(1.0, 1), (0.4, 1), (255.0, 255), (90.0, 255), (60000.0, 65535)])
@pytest.mark.parametrize("channels", [1, 3])
def test_white_of_floating_point(tmp_path: Path, high: float, white: float, channels: int) -> None:
    values = RNG.uniform(0, high, (12, 10, channels)).astype(np.float32)
    values.flat[0] = high
    photometric = "rgb" if channels == 3 else "minisblack"
    tifffile.imwrite(tmp_path / "x.tif", values if channels == 3 else values[..., 0], photometric=photometric)
    loaded = load_picture(tmp_path / "x.tif")
    expected = np.broadcast_to(255 * values.astype(float) / white, (12, 10, 3))
    np.testing.assert_allclose(loaded.fine, expected, rtol=1e-5, atol=1e-4)
    assert "KM172" in codes(loaded)


def test_twelve_bits_in_sixteen_are_told(tmp_path: Path) -> None:
    deep = RNG.integers(0, 4096, (12, 10)).astype(np.uint16)
    deep[0, 0] = 4095
    Image.fromarray(deep).save(tmp_path / "x.png")
    loaded = load_picture(tmp_path / "x.png")
    assert codes(loaded) == ["KM173"]
    np.testing.assert_allclose(loaded.fine[..., 0], deep / 257, rtol=1e-6)


def test_sixteen_bits_with_a_profile_are_converted_in_eight_and_told(tmp_path: Path) -> None:
    deep = PIXELS.astype(np.uint16) * 257
    tag = [(34675, 7, len(profile("Wide")), profile("Wide"), True)]
    tifffile.imwrite(tmp_path / "x.tif", deep, photometric="rgb", extratags=tag)
    loaded = load_picture(tmp_path / "x.tif")
    np.testing.assert_allclose(loaded.pixels.astype(float), in_srgb(PIXELS), atol=1.01)
    assert codes(loaded) == ["KM169", "KM162"]


@pytest.mark.parametrize(("suffix", "slack", "options"), [
    ("jp2", 0, {"irreversible": False}), ("avif", 6, {"quality": 100, "subsampling": "4:4:4"}),
])  # fmt: skip
def test_formats_of_today(tmp_path: Path, suffix: str, slack: float, options: dict[str, object]) -> None:
    fields = np.kron(RNG.integers(0, 256, (2, 3, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    Image.fromarray(fields).save(tmp_path / f"x.{suffix}", **options)
    np.testing.assert_allclose(load_picture(tmp_path / f"x.{suffix}").pixels.astype(float), fields, atol=slack)


def test_heic_is_read_or_its_extra_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    fields = np.kron(RNG.integers(0, 256, (2, 3, 3)), np.ones((32, 32, 1))).astype(np.uint8)
    pillow_heif.from_pillow(Image.fromarray(fields)).save(tmp_path / "x.heic", quality=-1, chroma=444)
    loaded = load_picture(tmp_path / "x.heic").pixels
    np.testing.assert_allclose(loaded[8:-8:16, 8:-8:16].astype(float), fields[8:-8:16, 8:-8:16], atol=8)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(DataError, match=r"kmbench\[heic\]"):
        load_picture(tmp_path / "x.heic")


def test_too_many_pixels_name_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "x.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DataError, match=r"320 pixels.*200"):
        load_picture(tmp_path / "x.png")
