"""Codebooks: what turns an embedding into an ID, and the one file that keeps them."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kmbench.errors import DataError
from kmbench.whole_file import whole_file

__all__ = ["METRICS", "Codebooks", "Metric"]

Metric = Literal["cosine", "l2"]
METRICS: tuple[Metric, ...] = ("cosine", "l2")

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Codebooks:
    """The centroids of every level.

    Attributes
    ----------
    centroids : ndarray of float32, shape (levels, codes, d)
        Level by level; each codes what the levels before it left.
    metric : {"cosine", "l2"}
        Under cosine, rows are brought to norm 1 before the first level.
    """

    centroids: NDArray[np.float32]
    metric: Metric

    @property
    def levels(self) -> int:
        """Digits of an ID."""
        return int(self.centroids.shape[0])

    @property
    def codes(self) -> int:
        """Values of a digit."""
        return int(self.centroids.shape[1])

    @property
    def d(self) -> int:
        """Columns of an embedding."""
        return int(self.centroids.shape[2])

    def save(self, path: Path) -> None:
        """Write the codebooks as ``.npz``.

        Raises
        ------
        OutputError
            If the file cannot be written. Until it is whole, an older one stays.
        """
        with whole_file(path, "give another path") as temporary, temporary.open("wb") as file:
            np.savez(file, centroids=self.centroids, metric=np.array(self.metric), format=np.array(FORMAT))

    @classmethod
    def load(cls, path: Path) -> Codebooks:
        """Read what `save` wrote.

        Raises
        ------
        DataError
            If the file is missing, damaged, or something else.
        """
        if not path.is_file():
            raise DataError(f"{path} does not exist", "write codebooks with --save FILE.npz")
        if not zipfile.is_zipfile(path):
            raise DataError(f"{path} is not an .npz file, or is cut short", "write it with --save FILE.npz")
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                if "centroids" not in file.files:
                    raise DataError(f"{path} holds no codebooks", "write them with --save FILE.npz")
                found = {name: file[name] for name in ("centroids", "metric", "format")}
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise DataError(f"{path} cannot be read as codebooks: {error}", "write them with --save again") from None
        centroids, metric = found["centroids"], str(found["metric"])
        if int(found["format"]) != FORMAT or metric not in METRICS:
            raise DataError(f"{path} was written by another version of kmbench", "write it again with --save")
        if centroids.ndim != 3 or centroids.dtype != np.float32 or not np.isfinite(centroids).all():
            raise DataError(f"{path} holds damaged codebooks", "write them with --save again")
        return cls(centroids=np.ascontiguousarray(centroids), metric="cosine" if metric == "cosine" else "l2")
