"""Where X comes from: one file per kind of source behind one SPEC syntax, and the start all engines share."""

from kmbench.datasets.base import ArrayRows, BuiltIn, FileFormat, Rows
from kmbench.datasets.convert import LARGEST_VALUE, ConvertedRows, Options
from kmbench.datasets.reading import materialise, read_spec, read_table_spec
from kmbench.datasets.registry import BUILT_INS, FILE_FORMATS, describe_sources
from kmbench.datasets.spec import OPTIONS_HELP, Spec, parse_spec
from kmbench.datasets.start import draw_start, initial_centroids

__all__ = [
    "BUILT_INS",
    "FILE_FORMATS",
    "LARGEST_VALUE",
    "OPTIONS_HELP",
    "ArrayRows",
    "BuiltIn",
    "ConvertedRows",
    "FileFormat",
    "Options",
    "Rows",
    "Spec",
    "describe_sources",
    "draw_start",
    "initial_centroids",
    "materialise",
    "parse_spec",
    "read_spec",
    "read_table_spec",
]
