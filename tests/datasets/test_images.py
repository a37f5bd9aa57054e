"""Images that are deep, damaged or odd: right pixels or an error of ours, whichever of Pillow's formats it is."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from dataset_files import rows_of
from PIL import Image

from kmbench.colour.picture import read_picture
from kmbench.datasets.images import read_pixels
from kmbench.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 31, 3)).astype(np.uint8)


def encoded(kind: str, **options: object) -> bytes:
    with io.BytesIO() as file:
        Image.fromarray(PIXELS).save(file, kind, **options)
        return file.getvalue()


def test_deep_colours_and_greys_keep_their_digits(tmp_path: Path) -> None:
    deep = np.random.default_rng(1).integers(0, 2**16, (24, 31, 3)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "rgb.tif", deep, photometric="rgb")
    tifffile.imwrite(tmp_path / "planes.tif", deep.transpose(2, 0, 1), photometric="rgb", planarconfig="separate")
    tifffile.imwrite(tmp_path / "grey.tif", deep[..., 0])
    Image.fromarray(deep[..., 0]).save(tmp_path / "grey.png")
    tifffile.imwrite(tmp_path / "eight.tif", PIXELS, photometric="rgb")
    for name in ("rgb.tif", "planes.tif"):
        np.testing.assert_allclose(rows_of(tmp_path / name), deep.reshape(-1, 3) / 257, rtol=1e-6)
    for name in ("grey.tif", "grey.png"):
        grey = np.repeat(deep[..., :1].reshape(-1, 1), 3, axis=1)
        np.testing.assert_allclose(rows_of(tmp_path / name), grey / 257, rtol=1e-6)
    np.testing.assert_array_equal(rows_of(tmp_path / "eight.tif"), PIXELS.reshape(-1, 3))


def test_an_animation_is_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (2, 2), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(rows_of(tmp_path / "x.gif"), [[255, 0, 0]] * 4)


@pytest.mark.parametrize("read", [read_pixels, read_picture])
def test_damage_is_our_error_whatever_pillow_stumbles_over(tmp_path: Path, read: object) -> None:
    turned = Image.Exif()
    turned[0x0112], turned[0x010F] = 6, "a maker"
    files = {
        "x.png": encoded("PNG"),
        "x.jpg": encoded("JPEG", exif=turned),
        "x.tif": encoded("TIFF"),
        "x.gif": encoded("GIF"),
    }
    # Bytes of the offset of a second directory: Pillow looks there for further frames.
    frames = bytearray(files["x.tif"])
    directory = int.from_bytes(frames[4:8], "little")
    entries = int.from_bytes(frames[directory : directory + 2], "little")
    frames[directory + 2 + 12 * entries] = 3
    files["frames.tif"] = bytes(frames)
    # A tag of the camera's whose type is made another: it cannot be written back when the picture is turned.
    maker = bytearray(files["x.jpg"])
    maker[maker.index(b"\x01\x0f\x00\x02") + 3] = 3
    files["maker.jpg"] = bytes(maker)
    random = np.random.default_rng(0)
    for name, whole in files.items():
        for trial in range(60):
            content = bytearray(whole)
            if trial:
                for place in random.integers(0, 400, size=3):
                    content[place] = random.integers(0, 256)
            if trial % 5 == 1:
                del content[random.integers(0, len(content)) :]
            (tmp_path / name).write_bytes(content)
            with contextlib.suppress(DataError):
                read(tmp_path / name)  # type: ignore[operator]
