"""Files that hold vectors and are not read, each with what to write instead."""

from __future__ import annotations

import os
from pathlib import Path

from kmbench.errors import DataError

__all__ = ["refusal"]

_PICKLE = "a pickle, which is never unpickled: that would run code from the file"
_TORCH = (f"is PyTorch's and {_PICKLE}", "write safetensors.torch.save_file({'X': tensor}, 'x.safetensors')")
_PYTHON = (f"is {_PICKLE}", "write numpy.save('x.npy', array), or DataFrame.to_parquet('x.parquet')")

_REFUSED: dict[str, tuple[str, str]] = {
    **dict.fromkeys((".pt", ".pth", ".ckpt"), _TORCH),
    **dict.fromkeys((".pkl", ".pickle", ".joblib", ".p"), _PYTHON),
    ".lance": (
        "is a Lance data set, which kmbench does not read",
        "write pyarrow.parquet.write_table(lance.dataset(path).to_table(columns=['vector']), 'x.parquet')",
    ),
    ".bin": (
        "can have many formats",
        "name it .fbin, .u8bin, .i8bin or .f16bin if it begins with n and d; word2vec: save it with "
        "save_word2vec_format('x.vec', binary=False)",
    ),
    ".mat": ("is MATLAB's", "write numpy.save('x.npy', scipy.io.loadmat(path)['X'])"),
    **dict.fromkeys(
        (".faiss", ".index"), ("is a FAISS index", "write numpy.save('x.npy', index.reconstruct_n(0, index.ntotal))")
    ),
    ".zarr": ("is a Zarr store", "write numpy.save('x.npy', zarr.open(path)[:])"),
    ".gguf": ("is a quantised model", "use its .safetensors"),
    ".orc": ("is ORC", "write pyarrow.parquet.write_table(pyarrow.orc.read_table(path), 'x.parquet')"),
    ".tfrecord": ("is TensorFlow's", "write the vectors with numpy.save('x.npy', array)"),
}


def refusal(path: str) -> DataError | None:
    """Return the error for a file or folder of a known format that is not read; None for any other."""
    suffix = Path(path).suffix.lower()
    if os.path.isdir(f"{path}/_versions"):  # noqa: PTH112, Path.is_dir raises for names that are too long
        suffix = ".lance"
    if suffix not in _REFUSED:
        return None
    what, hint = _REFUSED[suffix]
    return DataError(f"{path} {what}", hint)
