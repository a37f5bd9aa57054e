"""Real data that ships with scikit-learn: its digits, and the pixels of one of its sample images."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

import numpy as np

from kmbench.datasets.base import Arguments, ArrayRows, BuiltIn, Rows
from kmbench.datasets.images import read_pixels
from kmbench.datasets.parameters import Parameter
from kmbench.errors import DataError

__all__ = ["DIGITS", "PHOTO", "photo_path"]


def _open_digits(arguments: Arguments) -> Rows:
    path = _shipped("digits.csv.gz", "data", "digits")
    with gzip.open(path, "rt", encoding="ascii") as lines:
        table = np.loadtxt(lines, delimiter=",")
    return ArrayRows(table[:, :-1])  # the last column is the digit that was written


def _open_photo(arguments: Arguments) -> Rows:
    return ArrayRows(read_pixels(photo_path(arguments))[0])


def photo_path(arguments: Arguments) -> Path:
    """Return the file of a sample photograph."""
    return _shipped(f"{arguments['name']}.jpg", "images", "photo")


def _shipped(file: str, folder: str, source: str) -> Path:
    """Return the path of a file in scikit-learn's package, which is not imported: that costs seconds."""
    package = importlib.util.find_spec("sklearn")
    if package is None or not package.submodule_search_locations:
        raise DataError(f"{source} ships with scikit-learn, which is not installed", "pip install scikit-learn")
    path = Path(package.submodule_search_locations[0]) / "datasets" / folder / file
    if not path.is_file():
        raise DataError(f"{source}: {path} is missing", "pip install --force-reinstall scikit-learn")
    return path


DIGITS = BuiltIn(
    name="digits",
    syntax="digits",
    summary="8 x 8 images of handwritten digits, from scikit-learn: 1797 x 64",
    open=_open_digits,
)

PHOTO = BuiltIn(
    name="photo",
    syntax="photo:name=china",
    summary="the pixels of scikit-learn's sample image china.jpg, or of flower.jpg: 273280 x 3",
    open=_open_photo,
    parameters=(Parameter(name="name", kind="text", default="china", choices=("china", "flower")),),
)
