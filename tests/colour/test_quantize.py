"""Pictures of all kinds through `quantize`, held against scikit-image, scikit-learn and examples by hand."""

import io
import json
import math
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image
from skimage.color import rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.cluster import KMeans
from sklearn.datasets import load_sample_image

from kmbench import quantize
from kmbench.colour.spaces import from_space, to_space
from kmbench.errors import CaseError, DataError


@pytest.fixture(scope="module")
def photo():
    return np.ascontiguousarray(load_sample_image("flower.jpg")[::4, ::4])


def opened(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


@pytest.mark.parametrize("space", ["rgb", "lab"])
def test_figures_are_those_of_scikit_image_and_the_file_holds_the_picture(photo, space):
    result = quantize(photo, 12, space=space, threads=1)
    assert len(result.palette) == 12 == len(np.unique(result.pixels.reshape(-1, 3), axis=0))
    assert result.psnr_db == pytest.approx(peak_signal_noise_ratio(photo, result.pixels), rel=1e-9)
    ssim = structural_similarity(photo, result.pixels, channel_axis=2)
    assert result.ssim == pytest.approx(ssim, rel=1e-9)
    assert np.array_equal(opened(result.png)[..., :3], result.pixels)
    assert np.array_equal(result.palette[result.labels], result.pixels)
    assert np.bincount(result.labels.ravel()) / result.labels.size == pytest.approx(result.shares)
    assert result.file_bytes == len(result.png) < 30_000


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("space", ["rgb", "lab"])
def test_the_palette_is_as_good_as_scikit_learns(photo, space):
    X = photo.reshape(-1, 3).astype(float) if space == "rgb" else rgb2lab(photo).reshape(-1, 3)
    best = KMeans(12, n_init=3, random_state=0).fit(X).inertia_
    result = quantize(photo, 12, space=space, threads=1)
    own = to_space(result.palette, space)[result.labels.ravel()]
    assert np.square(X - own).sum() <= 1.05 * best


def test_six_pixels_by_hand():
    # Two groups: dark (0, 0, 0), (2, 0, 0), (4, 0, 0) and bright (250, 250, 250) three times.
    image = np.array([[[0, 0, 0], [2, 0, 0], [4, 0, 0]], [[250] * 3] * 3], dtype=np.uint8)
    result = quantize(image, 2, threads=1)
    assert sorted(map(tuple, result.palette.tolist())) == [(2, 0, 0), (250, 250, 250)]
    # Squared errors 4 + 0 + 4 over 18 values.
    assert result.psnr_db == pytest.approx(10 * math.log10(255**2 / (8 / 18)))
    assert result.shares.tolist() == [0.5, 0.5]


def test_colours_come_back_from_both_spaces():
    every = np.random.default_rng(0).integers(0, 256, (5000, 3)).astype(np.uint8)
    for space in ("rgb", "lab"):
        assert np.array_equal(from_space(to_space(every, space), space), every)


def test_alpha_is_kept_and_hidden_pixels_have_no_say(photo, tmp_path):
    alpha = np.full(photo.shape[:2], 255, np.uint8)
    alpha[:20] = 0
    alpha[20:40] = 128
    hidden = photo.copy()
    hidden[:20] = [255, 0, 255]  # a colour that would take a place in the palette
    path = tmp_path / "alpha.png"
    Image.fromarray(np.dstack([hidden, alpha])).save(path)
    result = quantize(path, 6, threads=1)
    assert np.array_equal(opened(result.png)[..., 3], alpha)
    assert [255, 0, 255] not in result.palette.tolist()
    assert (result.labels[:20] == -1).all()
    shown = quantize(photo[20:], 6, threads=1)
    assert result.psnr_db == pytest.approx(shown.psnr_db)


def test_a_sample_of_the_pixels_finds_nearly_the_same_colours(photo):
    whole, part = quantize(photo, 8, threads=1), quantize(photo, 8, sample=2000, threads=1)
    assert part.psnr_db > whole.psnr_db - 0.5
    assert any("2,000 of" in note for note in map(str, part.notes))


def save(path, image, **options):
    image.save(path, **options)
    return path


def test_kinds_of_pictures(photo, tmp_path):
    image = Image.fromarray(photo)
    deep = (np.arange(64 * 64, dtype=np.uint16) * 16).reshape(64, 64)
    made = {
        "grey": save(tmp_path / "grey.png", image.convert("L")),
        "palette": save(tmp_path / "palette.gif", image.convert("P")),
        "cmyk": save(tmp_path / "cmyk.jpg", image.convert("CMYK")),
        "deep": save(tmp_path / "deep.png", Image.fromarray(deep)),
        "bilevel": save(tmp_path / "bilevel.png", image.convert("1")),
        "jpeg": save(tmp_path / "photo.jpg", image),
    }
    results = {name: quantize(path, 4, threads=1) for name, path in made.items()}
    assert results["grey"].pixels.shape == photo.shape
    assert (np.ptp(results["grey"].palette.astype(int), axis=1) == 0).all()
    assert any("CMYK" in note for note in map(str, results["cmyk"].notes))
    assert any("8 bits" in note for note in map(str, results["deep"].notes))
    assert results["deep"].palette.max() > 200
    assert results["bilevel"].psnr_db == math.inf
    assert any("only 2 colours" in note for note in map(str, results["bilevel"].notes))
    assert results["jpeg"].source_bytes == made["jpeg"].stat().st_size


def deep_png(path, image, kind):
    """Write 16 bits per channel, which Pillow reads but does not write."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    height, width = image.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in image)
    head = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    whole = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(whole))


def test_colours_of_16_bits_are_told_to_be_read_with_8(tmp_path):
    deep = np.random.default_rng(0).integers(0, 2**16, (12, 9, 3)).astype(np.uint16)
    transparent = np.dstack([deep, np.full((12, 9), 2**15, np.uint16)])
    deep_png(tmp_path / "rgb.png", deep, 2)
    deep_png(tmp_path / "rgba.png", transparent, 6)
    for compression in (None, "zlib"):
        for order in "<>":
            name = tmp_path / f"{compression}-{order == '<'}.tif"
            tifffile.imwrite(name, deep, photometric="rgb", byteorder=order, compression=compression)
    (tmp_path / "x.ppm").write_bytes(b"P6 9 12 65535 " + deep.astype(">u2").tobytes())
    tifffile.imwrite(tmp_path / "eight.tif", (deep >> 8).astype(np.uint8), photometric="rgb")
    for path in tmp_path.iterdir():
        result = quantize(path, 200, threads=1)
        shallow = result.palette[result.labels]
        assert np.abs(shallow.astype(int) - deep / 257).max() < 1.01, path.name
        assert sum("8 bits per channel" in note for note in map(str, result.notes)) == (path.stem != "eight"), (
            path.name
        )


def test_planes_of_16_bits_which_pillow_misreads(tmp_path):
    deep = np.random.default_rng(0).integers(0, 2**16, (3, 12, 9)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "x.tif", deep, photometric="rgb", planarconfig="separate")
    result = quantize(tmp_path / "x.tif", 200, threads=1)
    assert np.abs(result.palette[result.labels] - deep.transpose(1, 2, 0) / 257).max() < 0.51


def test_a_picture_lies_as_its_camera_was_held(tmp_path):
    image = Image.fromarray(np.zeros((4, 10, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    assert quantize(save(tmp_path / "turned.jpg", image, exif=exif), 2, threads=1).pixels.shape == (10, 4, 3)


def test_one_pixel_and_more_colours_than_there_are():
    one = quantize(np.array([[[9, 8, 7]]], np.uint8), 16, threads=1)
    assert one.palette.tolist() == [[9, 8, 7]]
    assert (one.psnr_db, one.ssim) == (math.inf, None)
    assert opened(one.png)[0, 0].tolist() == [9, 8, 7, 255]
    assert any("only 1 colour:" in note for note in map(str, one.notes))


def test_bad_pictures_are_one_clear_error(tmp_path, photo):
    torn = tmp_path / "torn.png"
    torn.write_bytes(b"\x89PNG\r\n\x1a\nxxxx")
    hdr = save(tmp_path / "hdr.tiff", Image.fromarray(np.full((5, 5), -3.0, np.float32)))
    empty = save(tmp_path / "empty.png", Image.fromarray(np.zeros((4, 4, 4), np.uint8)))
    for path, words in [(torn, "not a readable image"), (hdr, "not colours"), (empty, "fully transparent"),
                        (tmp_path / "none.png", "does not exist"), (tmp_path, "folder")]:  # fmt: skip
        with pytest.raises(DataError, match=words):
            quantize(path, 4)
    with pytest.raises(DataError, match="float64, not uint8"):
        quantize(photo / 255.0, 4)
    for wrong in ({"k": 0}, {"k": 4, "space": "hsv"}, {"k": 4, "sample": 0}, {"k": 4, "iterations": 0}):
        with pytest.raises(CaseError):
            quantize(photo, **wrong)


def test_the_command_writes_the_picture_and_tells(kmbench, tmp_path, photo):
    Image.fromarray(photo).save(tmp_path / "photo.png")
    process = kmbench("quantize", "photo.png", "--k", 8, "--output", "out.png", "--threads", 1)
    assert process.returncode == 0, process.stderr
    assert "PSNR" in process.stdout
    assert max(map(len, process.stdout.splitlines())) <= 80
    assert len(np.unique(np.asarray(Image.open(tmp_path / "out.png").convert("RGB")).reshape(-1, 3), axis=0)) == 8
    told = json.loads(kmbench("quantize", "photo.png", "--k", 8, "--threads", 1, "--json").stdout)
    assert told["colours"] == 8 == len(told["palette"])
    assert f"{told['psnr_db']:.2f} dB" in process.stdout
    for arguments in (("photo.png", "--output", "out.jpg"), ("nope.png",), ("photo.png", "--backend", "nope")):
        process = kmbench("quantize", *arguments)
        assert process.returncode == 2
        assert len(process.stderr.strip().splitlines()) == 1
