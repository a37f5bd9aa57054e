"""What people hold in a notebook: arrays, pandas and polars frames, torch tensors on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from kmbench.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_of", "is_frame", "is_spec", "matrix_of"]


def is_spec(data: object) -> TypeGuard[str | Path]:
    """Tell whether data is named by a path or a SPEC."""
    return isinstance(data, str | Path)


def is_frame(data: object) -> bool:
    """Tell whether something is a data frame of pandas or polars. Neither is imported to find out."""
    return _library(data) in ("pandas", "polars") and type(data).__name__ in ("DataFrame", "LazyFrame")


def frame_of(data: Any) -> pd.DataFrame:
    """Return a data frame as one of pandas.

    Raises
    ------
    DataError
        If it is a lazy frame, whose rows are not there yet.
    """
    if _library(data) == "pandas":
        found: pd.DataFrame = data
        return found
    if type(data).__name__ == "LazyFrame":
        raise DataError("this polars frame is lazy", "give frame.collect()")
    import pandas as pd

    # Column by column: polars' own way needs pyarrow for it.
    return pd.DataFrame({column.name: column.to_numpy() for column in data.iter_columns()})


def matrix_of(data: Any, name: str = "the data") -> NDArray[Any]:
    """Return what someone holds as an array of shape (n, d), without a copy where that can be had.

    Parameters
    ----------
    data : ndarray, DataFrame of pandas or polars, torch tensor on the CPU, or nested sequence
    name : str
        For messages.

    Raises
    ------
    DataError
        If it is no matrix of numbers, or lies on another device.
    """
    if is_frame(data):
        array = _frame_matrix(data, name)
    elif _library(data) == "torch":
        array = _tensor_matrix(data, name)
    elif _library(data) == "scipy":
        raise DataError(f"{name} is a sparse matrix", "give X.toarray()")
    elif callable(data) or data is None:
        raise DataError(
            f"{name} is {type(data).__name__}, not data", "give an array of shape (n, d), a path or a SPEC"
        )
    else:
        try:
            array = np.asarray(data)
        except (TypeError, ValueError) as error:
            raise DataError(f"{name} is not a matrix: {error}", "give an array of shape (n, d)") from None
    if array.dtype.kind not in "biuf":
        raise DataError(f"{name} holds {array.dtype}, not numbers", "give an array of float32 of shape (n, d)")
    if array.ndim != 2 or 0 in array.shape:
        raise DataError(f"{name} has shape {array.shape}", "give an array of shape (n, d)")
    return array


def _library(data: object) -> str:
    return type(data).__module__.partition(".")[0]


def _tensor_matrix(tensor: Any, name: str) -> NDArray[Any]:
    if tensor.device.type != "cpu":
        raise DataError(f"{name} is a tensor on {tensor.device}", "give X.cpu()")
    if tensor.is_sparse:
        raise DataError(f"{name} is a sparse tensor", "give X.to_dense()")
    tensor = tensor.detach()
    if str(tensor.dtype) == "torch.bfloat16":  # which NumPy has not; float32 holds each of its values
        tensor = tensor.float()
    array: NDArray[Any] = tensor.numpy()
    return array


def _frame_matrix(data: Any, name: str) -> NDArray[Any]:
    """Return the columns of a frame that holds nothing but numbers side by side."""
    if type(data).__name__ == "LazyFrame":
        raise DataError(f"{name} is a lazy frame of polars", "give frame.collect()")
    columns = [str(column) for column in data.columns]
    parts = []
    for place, column in enumerate(columns):
        series = data.iloc[:, place] if _library(data) == "pandas" else data.to_series(place)
        values = series.to_numpy()
        if values.dtype.kind not in "biuf":
            raise DataError(
                f"{name}: column {column!r} holds {series.dtype}, not numbers",
                "leave it out; kmbench.segment and choose_k take tables with text",
            )
        parts.append(values)
    if not parts:
        raise DataError(f"{name} has no columns", "give an array of shape (n, d)")
    return np.stack(parts, axis=1)
