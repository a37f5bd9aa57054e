"""Segments for new rows: the same columns, prepared in the same way, and the nearest centroid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.tables.parameters import Asked
from kmbench.datasets.tables.table import Column
from kmbench.errors import DataError
from kmbench.segments.features import Encoder, Missing
from kmbench.segments.tables import table_from

__all__ = ["SegmentModel"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentModel:
    """What gives a new row its segment.

    Attributes
    ----------
    encoders : list of Encoder
        One for each feature, in the order of the centroids' columns.
    centroids : ndarray of float32, shape (k, features)
        Of segment 1, 2 and on.
    missing : str
        What becomes of missing values, as `segment` was asked.
    decimal : str or None
        As `segment` was asked.
    """

    encoders: list[Encoder]
    centroids: NDArray[np.float32]
    missing: Missing
    decimal: Any

    def predict(self, table: Any) -> NDArray[np.int32]:
        """Return the segment of each row of a table, from 1; 0 for rows that ``missing="drop"`` leaves out."""
        names = list(dict.fromkeys(encoder.column for encoder in self.encoders))
        found = table_from(table, Asked(decimal=self.decimal))
        columns = {column.name: column for column in found.columns}
        absent = [name for name in names if name not in columns]
        if absent:
            raise DataError(f"the new rows have no column {absent[0]!r}", f"needed: {', '.join(names)}")
        gaps = np.zeros(found.n, dtype=np.bool_)
        for name in names:
            gap = columns[name].missing
            if gap is not None and gap.any():
                if self.missing == "refuse":
                    raise DataError(f"the new rows lack values in {name}", "fill them in, or segment with missing=")
                gaps |= gap
        X = np.stack([_encoded(encoder, columns[encoder.column]) for encoder in self.encoders], axis=1)
        distances = (self.centroids.astype(np.float64) ** 2).sum(axis=1) - 2 * X @ self.centroids.T.astype(np.float64)
        labels: NDArray[np.int32] = distances.argmin(axis=1).astype(np.int32) + np.int32(1)
        if self.missing == "drop":
            labels[gaps] = 0
        return labels


def _encoded(encoder: Encoder, column: Column) -> NDArray[np.float64]:
    """Return one feature of the new rows."""
    if encoder.level is None:
        if column.numbers is None:
            raise DataError(
                f"column {column.name!r} of the new rows is {column.how or column.kind}",
                "it held numbers where the segments were made",
            )
        values = np.where(np.isnan(column.numbers), encoder.filler, column.numbers)
        scaled: NDArray[np.float64] = (values - encoder.mean) / encoder.deviation
        return scaled
    if column.codes is None:
        raise DataError(
            f"column {column.name!r} of the new rows is {column.how or column.kind}",
            "it held texts where the segments were made",
        )
    places = {level: place for place, level in enumerate(column.levels)}
    codes = np.where(column.codes < 0, places.get(str(encoder.filler), -2), column.codes)
    filled = (column.codes < 0) & (encoder.filler == encoder.level)
    ones: NDArray[np.float64] = ((codes == places.get(encoder.level, -3)) | filled).astype(np.float64)
    return ones
