"""All sources by name and by suffix. A new one is a file of its own and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from kmbench.datasets.arrays import NPY, NPZ
from kmbench.datasets.base import BuiltIn, FileFormat
from kmbench.datasets.bigann import BIN
from kmbench.datasets.collections.source import ANN
from kmbench.datasets.csv_text import CSV
from kmbench.datasets.customers import CUSTOMERS
from kmbench.datasets.embeddings.arrow_files import ARROW
from kmbench.datasets.embeddings.json_lines import JSON_LINES
from kmbench.datasets.embeddings.safetensors import SAFETENSORS
from kmbench.datasets.embeddings.word_vectors import WORD_VECTORS
from kmbench.datasets.hdf5 import HDF5
from kmbench.datasets.images import IMAGE
from kmbench.datasets.parquet import PARQUET
from kmbench.datasets.samples import DIGITS, PHOTO
from kmbench.datasets.synthetic import BLOBS, EMBEDDINGS, UNIFORM
from kmbench.datasets.texmex import VECS
from kmbench.datasets.text import DOCSTRINGS

__all__ = ["BUILT_INS", "FILE_FORMATS", "describe_sources"]

_FORMATS = (
    NPY, NPZ, VECS, BIN, HDF5, PARQUET, ARROW, JSON_LINES, SAFETENSORS, WORD_VECTORS, CSV, IMAGE,
)  # fmt: skip

BUILT_INS: Mapping[str, BuiltIn] = MappingProxyType(
    {source.name: source for source in (DIGITS, PHOTO, CUSTOMERS, DOCSTRINGS, BLOBS, UNIFORM, EMBEDDINGS, ANN)}
)
"""Sources that a SPEC names."""

FILE_FORMATS: Mapping[str, FileFormat] = MappingProxyType(
    {suffix: source for source in _FORMATS for suffix in source.suffixes}
)
"""Kinds of files by suffix, in lower case with the dot."""


def describe_sources() -> list[tuple[str, str, str]]:
    """Return ``(name, syntax, summary)`` of every source, built-in ones first, for help texts."""
    sources: list[BuiltIn | FileFormat] = [*BUILT_INS.values(), *_FORMATS]
    return [(source.name, source.syntax, source.summary) for source in sources]
