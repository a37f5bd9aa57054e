"""The study: what a TOML file or the command line asks for, validated where it comes in."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from kmbench.backends.cluster import Cluster, parse_cluster
from kmbench.errors import StudyError
from kmbench.instruments import Placement

__all__ = ["Block", "Study", "parse_bytes"]

_UNITS = {"": 1, "B": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def parse_bytes(value: Any) -> Any:
    """Read a size such as ``800M``, ``4GiB`` or a number of bytes; K, M, G and T are powers of 1024."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", value, re.IGNORECASE)
    if match is None:
        raise ValueError("write a size such as 800M or 4G")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def _listed(value: Any) -> Any:
    if isinstance(value, bool):  # which pydantic would take for 0 or 1
        raise ValueError("write a number or a text")
    return value if isinstance(value, list | tuple) else [value]


def _backend_list(value: Any) -> Any:
    """Accept a list of items or one text with commas; both become one text in the syntax of the grid."""
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        value = ",".join(value)
    if isinstance(value, str) and not value.strip(" ,"):
        raise ValueError("name at least one, or leave it out")
    return value


def _named_or_all(value: Any) -> Any:
    """Accept true, one name or a list of names."""
    return [value] if isinstance(value, str) else value


def _checked_cluster(text: str) -> str:
    if text not in ("tcp://", "spark://"):  # as a run folder has it, without the address
        parse_cluster(text)
    return text


ITERATIONS = {"matched": 10, "native": None, "target": 64}
"""What a protocol does unless the study sets it; None leaves it to each library."""

SEEDS = 5
"""Starts of the protocol ``target``: the fewest from which an interval over starts says much."""

Clusters = Annotated[int, Field(ge=1, le=2**24)]
ThreadCount = Annotated[int, Field(ge=1, le=1024)]


class Block(BaseModel):
    """The settings of one group of cases; None is filled in from the study.

    Attributes
    ----------
    data : list of str
        Data SPECs.
    k : list of int
        Numbers of clusters.
    workload : str
        The task to score the clusters by, with its parameters, such as ``palette[space=lab]``; several values of a
        parameter make several cases. None: k-means on the data as it is.
    backends : str
        Backends with their grids, in the syntax of `kmbench.backends.grid`.
    iterations : int
        (assign, update) iterations of a matched run; the maximum of a native one.
    protocol : {"matched", "native", "target"}
        What makes the comparison fair. ``target`` climbs a ladder of matched runs, up to `iterations`.
    threads : list of int
        Thread counts, an axis of the grid.
    seed : int
        Random seed for the start of a case and for whatever an engine draws itself.
    seeds : int
        Starts of each case of the protocol ``target``, drawn from `seed` and the following numbers.
    margin : float
        Percent by which a time may grow in `kmbench gate`; a run ignores it.
    tracked : bool or list of str
        Cells whose regressions a gate reports without failing: all of the block, or those of the named backends, with
        or without their parameters.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)] | None = None
    k: Annotated[list[Clusters], BeforeValidator(_listed), Field(min_length=1)] | None = None
    workload: Annotated[str, BeforeValidator(_backend_list)] | None = None
    backends: Annotated[str, BeforeValidator(_backend_list)] | None = None
    iterations: Annotated[int, Field(ge=1, le=100_000)] | None = None
    protocol: Literal["matched", "native", "target"] | None = None
    threads: Annotated[list[ThreadCount], BeforeValidator(_listed), Field(min_length=1)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31 - 1000)] | None = None
    seeds: Annotated[int, Field(ge=1, le=1000)] | None = None
    margin: Annotated[float, Field(ge=0, le=1000)] | None = None
    tracked: Annotated[bool | list[str], BeforeValidator(_named_or_all)] | None = None


class Study(Block):
    """A whole study: defaults for its blocks, and how to run it.

    Attributes
    ----------
    name : str
        Name of the folder under ``results/``.
    repeats : int or None
        Epochs; in each, every backend of a case is measured in a fresh process. None: until the intervals are
        narrow enough, at least 10 and at most 30.
    quick : bool
        Three epochs, unless `repeats` says otherwise.
    precise : bool
        Intervals of ±2 % instead of ±5 %.
    budget : float
        Seconds after which no further epoch of a case is started.
    blas_coretype : str or None
        Kernel architecture that all OpenBLAS libraries of all workers should use.
    timeout : float
        Seconds that one step of a worker may take before it is stopped.
    memory_limit : int or None
        Bytes that a worker may hold before it is stopped; None: four fifths of the free memory at the start.
    baseline : str or None
        Backend that speed-ups are relative to; None: ``sklearn-lloyd`` if it takes part, otherwise the first.
    pages : {"warm", "cold"}
        ``warm``: memory is touched right before each timed fit. ``cold``: it is left as a first call in a fresh
        process finds it.
    cores : {"same-l3", "spread"} or None
        Workers are bound to as many cores as a case has threads: those of one L3 cache, or spread over several. None:
        they are not bound.
    cluster : str or None
        Where distributed backends run: ``local:N``, ``tcp://HOST:PORT`` or ``spark://HOST:PORT``. None: as many local
        workers as a case has threads. A run folder records it without the address.
    cases : list of Block
        Groups of cases; without any, there is one group with the defaults.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = "run"
    repeats: Annotated[int, Field(ge=1, le=1000)] | None = None
    quick: bool = False
    precise: bool = False
    budget: Annotated[float, Field(gt=0, le=30 * 86400)] = 600.0
    blas_coretype: Annotated[
        Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{2,32}$")] | None,
        Field(validation_alias=AliasChoices("blas_coretype", "blas-coretype")),
    ] = None
    timeout: Annotated[float, Field(gt=0, le=7 * 86400)] = 600.0
    memory_limit: Annotated[
        Annotated[int, Field(ge=2**20)] | None,
        BeforeValidator(parse_bytes),
        Field(validation_alias=AliasChoices("memory_limit", "memory-limit")),
    ] = None
    baseline: str | None = None
    pages: Literal["warm", "cold"] = "warm"
    cores: Placement | None = None
    cluster: Annotated[str, AfterValidator(_checked_cluster)] | None = None
    cases: list[Block] = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_data(self) -> Self:
        for number, block in enumerate(self.blocks(), start=1):
            if block.data is None:
                where = f"cases[{number}]" if self.cases else "the study"
                raise ValueError(f"{where} names no data: give data = [SPEC, …] or --data SPEC")
            if block.k is None:
                raise ValueError("the number of clusters is missing: give k = [K, …] or --k K")
            if block.seeds is not None and block.protocol != "target":
                raise ValueError('seeds is only for protocol = "target"; other cases have one seed')
        try:
            self.to_toml().encode()
        except UnicodeEncodeError as error:
            near = ascii(error.object[max(0, error.start - 20) : error.end])
            raise ValueError(f"{near} is not UTF-8: rename the file") from None
        return self

    def blocks(self) -> list[Block]:
        """Return the blocks with the study's defaults filled in."""
        shared = {name: getattr(self, name) for name in Block.model_fields}
        shared["backends"] = shared["backends"] or "numpy-lloyd,sklearn-lloyd,faiss-cpu"
        shared["protocol"] = shared["protocol"] or "matched"
        shared["seed"] = 0 if shared["seed"] is None else shared["seed"]
        blocks = []
        for own in self.cases or [Block()]:
            given = {name: value for name, value in own if value is not None}
            merged = shared | given
            if merged["iterations"] is None:
                merged["iterations"] = ITERATIONS[merged["protocol"]]
            if merged["protocol"] == "target" and merged["seeds"] is None:
                merged["seeds"] = SEEDS
            blocks.append(Block.model_validate(merged))
        return blocks

    def overridden(self, given: dict[str, Any]) -> Study:
        """Return the study with the options of a command line, which also replace those of its blocks."""
        given = {name: value for name, value in given.items() if value is not None}
        cases = [{n: v for n, v in block if v is not None and n not in given} for block in self.cases]
        own = {name: value for name, value in self if value is not None and name != "cases"}
        merged: list[dict[str, Any]] = []
        for case in cases:  # blocks that no longer differ are one
            if case not in merged:
                merged.append(case)
        return Study.build(own | given | {"cases": merged}, "the command line")

    @classmethod
    def build(cls, values: dict[str, Any], source: str) -> Study:
        """Validate values that came from `source`.

        Raises
        ------
        StudyError
            With the key, the value and the bound.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise StudyError(f"{source}: {_first_complaint(error)}") from None

    @classmethod
    def from_file(cls, path: str | Path) -> Study:
        """Read a study from a TOML file; its name is the file's unless it gives one.

        Raises
        ------
        StudyError
            If the file cannot be read, is not TOML, or does not describe a study.
        """
        path = Path(path).expanduser()
        if not path.exists():
            hint = "check the path; a data SPEC goes after --data" if path.suffix != ".toml" else "check the path"
            raise StudyError(f"study file {path} does not exist", hint)
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise StudyError(f"study file {path} cannot be read: {error}") from None
        except tomllib.TOMLDecodeError as error:
            raise StudyError(f"study file {path} is not valid TOML: {error}") from None
        values.setdefault("name", re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).lstrip("-._") or "run")
        return cls.build(values, f"study file {path}")

    @classmethod
    def builtin(cls, name: str) -> Study:
        """Return a study that comes with kmbench, such as ``quick``."""
        text = resources.files("kmbench.study").joinpath("builtin", f"{name}.toml").read_text(encoding="utf-8")
        return cls.build(tomllib.loads(text), f"built-in study {name}")

    def cluster_asked(self) -> Cluster | None:
        """Return the cluster, or None.

        Raises
        ------
        StudyError
            If the study comes from a run folder, which does not keep addresses.
        """
        if self.cluster in ("tcp://", "spark://"):
            raise StudyError(
                f"the study does not say where its cluster is ({self.cluster})", "give it with --cluster"
            )
        return None if self.cluster is None else parse_cluster(self.cluster)

    def recorded(self) -> Study:
        """Return the study as a run folder has it: without the address of a cluster."""
        if self.cluster is None or self.cluster in ("tcp://", "spark://"):
            return self
        return self.model_copy(update={"cluster": parse_cluster(self.cluster).public})

    def to_toml(self) -> str:
        """Return the study as TOML that `from_file` reads back."""
        lines = []
        for name, value in self:
            if name != "cases" and value is not None:
                lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
        for block in self.cases:
            lines.append("\n[[cases]]")
            lines += [f"{n} = {json.dumps(v, ensure_ascii=False)}" for n, v in block if v is not None]
        return "\n".join(lines) + "\n"


def _first_complaint(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    if not where:
        return message
    if first["type"] == "extra_forbidden":
        return f"unknown key {where!r}; known: {', '.join([*Study.model_fields])}"
    return f"{where} = {first['input']!r}: {message[0].lower()}{message[1:]}"
