"""The SPEC, one line of text that says where data comes from: ``blobs:n=1M,d=64`` or ``file.npy:normalize``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from kmbench.datasets.base import BuiltIn, FileFormat
from kmbench.datasets.bigann import CROPPED
from kmbench.datasets.convert import Options, Step
from kmbench.datasets.embeddings.refused import refusal
from kmbench.datasets.embeddings.shards import shard_format
from kmbench.datasets.parameters import Parameter, Value, complete, nearest
from kmbench.datasets.registry import BUILT_INS, FILE_FORMATS
from kmbench.errors import DataError, SpecError

__all__ = ["OPTIONS_HELP", "Spec", "parse_spec"]

OPTIONS_HELP = "normalize, center, standardize, raw, limit=N, dtype=float16|float32|float64"
"""The options that every source has."""

_LIMIT = Parameter(name="limit", kind="integer", low=1, high=10**12)
_DTYPE = Parameter(name="dtype", kind="text", choices=("float16", "float32", "float64"))
_STEPS: tuple[Step, ...] = get_args(Step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """Where data comes from and what is done to it.

    Two specs are equal when they ask for the same, however they are written.

    Attributes
    ----------
    text : str
        As written.
    source : str
        Name of a built-in source, or the path of a file with ``~`` expanded.
    suffix : str or None
        Key of the file's format; None for built-in sources.
    arguments : Mapping
        Every parameter of the source with its value, defaults included.
    options : Options
        What is done to the rows.
    """

    text: str = field(compare=False)
    source: str
    suffix: str | None
    arguments: Mapping[str, Value] = field(hash=False)
    options: Options

    @property
    def canonical(self) -> str:
        """The spec with every argument spelled out; it reads as an equal spec."""
        items = [f"{name}={value}" for name, value in self.arguments.items() if value is not None]
        if self.options.limit is not None:
            items.append(f"limit={self.options.limit}")
        if self.options.dtype is not None:
            items.append(f"dtype={self.options.dtype}")
        items += self.options.steps
        items += ["raw"] if self.options.raw else []
        return f"{self.source}:{','.join(items)}" if items else self.source


def parse_spec(text: str) -> Spec:
    """Read a SPEC: ``NAME[:key=value,...]`` for built-in sources, ``PATH[:option,...]`` for files.

    A text that is the path of a file as a whole is that path. Otherwise a path ends at the last colon whose
    left side has a known suffix, so paths may hold colons, commas and equal signs. Whole numbers may be
    written ``1e5``, ``100_000``, ``100k`` or ``1M``. All sources take ``normalize``, ``center``, ``standardize``,
    ``raw``, ``limit=N`` and ``dtype=``, see `Options`. Files are not opened.

    Parameters
    ----------
    text : str
        The SPEC.

    Returns
    -------
    Spec

    Raises
    ------
    SpecError
        If the source, a parameter or an option does not exist, or a value is out of bounds.
    DataError
        If the home folder that ``~`` stands for is not known, or the path is a folder.
    """
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate: how Python holds bytes of a file name that are no UTF-8
        raise SpecError(f"{text!a} is not UTF-8", "rename the file") from None
    name, _, rest = text.strip().partition(":")
    if name in BUILT_INS:
        built_in = BUILT_INS[name]
        arguments, options = _read_items(built_in, rest, name)
        return Spec(text=text, source=name, suffix=None, arguments=arguments, options=options)
    path, rest = _split_path(text.strip())
    suffix = _suffix(path)
    refused = refusal(_expanded(path)) or refusal(_expanded(path.partition(":")[0]))
    if refused is not None and not _is_file_of(path, suffix):
        raise refused
    folder = _folder(path, rest)
    if folder is not None:
        path, rest = folder
        suffix = shard_format(Path(_expanded(path)), FILE_FORMATS).suffixes[0]
    if suffix is None:
        raise _unknown(text.strip())
    arguments, options = _read_items(FILE_FORMATS[suffix], rest, path)
    return Spec(text=text, source=_expanded(path), suffix=suffix, arguments=arguments, options=options)


def _read_items(source: BuiltIn | FileFormat, rest: str, where: str) -> tuple[dict[str, Value], Options]:
    """Read what stands behind the colon."""
    parameters = {parameter.name: parameter for parameter in (*source.parameters, _LIMIT, _DTYPE)}
    given: dict[str, Value] = {}
    steps: list[Step] = []
    raw = False
    for item in filter(None, (item.strip() for item in rest.split(","))):
        name, equals, value = (part.strip() for part in item.partition("="))
        if name in given or name in steps or (raw and name == "raw"):
            raise SpecError(f"{where}: {name} is given twice", "leave one out")
        if name in parameters:
            if not equals:
                raise SpecError(f"{where}: {name} needs a value", f"write {name}=...")
            given[name] = parameters[name].read(value, where)
        elif name in _STEPS or name == "raw":
            if equals:
                raise SpecError(f"{where}: {name} takes no value", f"write only {name}")
            raw = raw or name == "raw"
            steps += [step for step in _STEPS if step == name]
        else:
            known = [*parameters, *_STEPS, "raw"]
            raise SpecError(f"{where}: no parameter {name}{nearest(name, known)}", f"known: {', '.join(known)}")
    arguments = complete(source.parameters, given, where)
    limit, dtype = given.get("limit"), given.get("dtype")
    assert limit is None or isinstance(limit, int)
    assert dtype is None or isinstance(dtype, str)
    return arguments, Options(limit=limit, dtype=dtype, steps=tuple(steps), raw=raw)


def _split_path(text: str) -> tuple[str, str]:
    """Return path and options."""
    if _is_file(_expanded(text)):
        return text, ""
    end = len(text)
    while (end := text.rfind(":", 0, end)) >= 0:
        if _suffix(text[:end]) is not None:
            return text[:end], text[end + 1 :]
    return text, ""


def _is_file_of(path: str, suffix: str | None) -> bool:
    """Tell whether a path is a file of a format that is read, whatever stands before its colons."""
    return suffix is not None and _is_file(_expanded(path))


def _folder(path: str, rest: str) -> tuple[str, str] | None:
    """Return path and options where a path, as a whole or up to one of its colons, is a folder."""
    if os.path.isdir(_expanded(path)):  # noqa: PTH112, as below
        return path, rest
    end = len(path)
    while (end := path.rfind(":", 0, end)) > 0:
        if os.path.isdir(_expanded(path[:end])):  # noqa: PTH112, as below
            return path[:end], path[end + 1 :]
    return None


def _suffix(path: str) -> str | None:
    suffix = Path(CROPPED.sub("", path)).suffix.lower()
    return suffix if suffix in FILE_FORMATS else None


def _expanded(path: str) -> str:
    expanded = os.path.expanduser(path)  # noqa: PTH111, Path would also rewrite what is no path
    if expanded.startswith("~"):
        raise DataError(f"{path}: the home folder is not known", "write the full path")
    return expanded


def _is_file(path: str) -> bool:
    return os.path.isfile(path)  # noqa: PTH113, Path.is_file raises for names that are too long


def _unknown(text: str) -> SpecError | DataError:
    """Return the error for a text that is no built-in source and has no known suffix."""
    path = _expanded(text)
    if os.path.isdir(path):  # noqa: PTH112, as above
        return DataError(f"{text} is a folder", "give one file")
    head = text.partition(":")[0]
    suffixes = ", ".join(FILE_FORMATS)
    if _is_file(path) or _is_file(_expanded(head)) or Path(head).suffix or "/" in head:
        return SpecError(f"{text}: unknown suffix", f"known: {suffixes}")
    shown = head or "(nothing)"
    names = ", ".join(BUILT_INS)
    return SpecError(
        f"no data source {shown}{nearest(head, BUILT_INS)}", f"known: {names}, or a file with suffix {suffixes}"
    )
