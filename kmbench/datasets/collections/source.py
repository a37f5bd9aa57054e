"""The SPEC ``ann:name=NAME``: a public set that was fetched. Reading it never touches the network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kmbench.datasets.base import Arguments, BuiltIn, Rows
from kmbench.datasets.bigann import BIN
from kmbench.datasets.collections.catalogue import PublicFile, find_set
from kmbench.datasets.collections.fetch import set_folder
from kmbench.datasets.hdf5 import HDF5
from kmbench.datasets.parameters import Parameter
from kmbench.errors import DataError, SpecError

__all__ = ["ANN", "FetchedSet", "fetched_set"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedSet:
    """The files of a set in the cache.

    Attributes
    ----------
    base : Path
    queries, truth : Path or None
        None where the base holds them.
    metric : str
    """

    base: Path
    queries: Path | None
    truth: Path | None
    metric: str


def fetched_set(name: object) -> FetchedSet:
    """Return the files of a set.

    Raises
    ------
    SpecError
        If no name is given.
    DataError
        If there is no such set, or it was not fetched.
    """
    if not isinstance(name, str):
        raise SpecError("ann: name needs a value", "write ann:name=NAME; `kmbench fetch` lists the names")
    wanted, folder = find_set(name), set_folder(name)

    def place(file: PublicFile | None) -> Path | None:
        if file is None:
            return None
        path = folder / file.name
        if not path.is_file():
            raise DataError(f"ann:name={name} has not been fetched", f"kmbench fetch {name}")
        return path

    base = place(wanted.base)
    assert base is not None
    return FetchedSet(base=base, queries=place(wanted.queries), truth=place(wanted.truth), metric=wanted.metric)


def _open(arguments: Arguments) -> Rows:
    path = fetched_set(arguments["name"]).base
    kind = HDF5 if path.suffix == ".hdf5" else BIN
    return kind.open(path, {parameter.name: parameter.default for parameter in kind.parameters})


ANN = BuiltIn(
    name="ann",
    syntax="ann:name=NAME",
    summary="a public data set that `kmbench fetch NAME` has fetched, such as glove-100-angular",
    open=_open,
    parameters=(Parameter(name="name", kind="text"),),
)
