"""The sets of ann-benchmarks and big-ann-benchmarks: where their files are, and what they hold.

Sources: the README of ann-benchmarks (table "Data sets"), and ``benchmark/datasets.py`` of big-ann-benchmarks.
Neither publishes hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kmbench.datasets.parameters import nearest
from kmbench.errors import DataError

__all__ = ["PUBLIC_SETS", "PublicFile", "PublicSet", "find_set"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFile:
    """A file of a public set.

    Attributes
    ----------
    name : str
        What it is called once it is here.
    url : str
    first_bytes : int or None
        Only the first so many are wanted; None for all.
    sha256 : str or None
        Where one is published.
    """

    name: str
    url: str
    first_bytes: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSet:
    """A set of vectors with queries and their true neighbours.

    Attributes
    ----------
    name : str
    base : PublicFile
        An HDF5 file holds queries and neighbours as well.
    n, d : int
        Shape of the base.
    metric : {"l2", "ip", "cosine"}
    queries, truth : PublicFile or None
    """

    name: str
    base: PublicFile
    n: int
    d: int
    metric: str
    queries: PublicFile | None = None
    truth: PublicFile | None = None

    @property
    def files(self) -> tuple[PublicFile, ...]:
        """All files, the largest last."""
        return tuple(file for file in (self.queries, self.truth, self.base) if file is not None)


_HDF5 = {
    "deep-image-96-angular": (9_990_000, 96),
    "fashion-mnist-784-euclidean": (60_000, 784),
    "gist-960-euclidean": (1_000_000, 960),
    "glove-25-angular": (1_183_514, 25),
    "glove-50-angular": (1_183_514, 50),
    "glove-100-angular": (1_183_514, 100),
    "glove-200-angular": (1_183_514, 200),
    "lastfm-64-dot": (292_385, 65),
    "mnist-784-euclidean": (60_000, 784),
    "nytimes-256-angular": (290_000, 256),
    "sift-128-euclidean": (1_000_000, 128),
}
_METRIC = {"angular": "cosine", "euclidean": "l2", "dot": "cosine"}  # lastfm is augmented: its attribute is angular

_OF_SETS = ("kosarak-jaccard", "movielens10m-jaccard")
_META = "https://dl.fbaipublicfiles.com/billion-scale-ann-benchmarks"
_YANDEX = "https://storage.yandexcloud.net/yandex-research/ann-datasets"
_TURING = "https://comp21storage.z5.web.core.windows.net/comp21/MSFT-TURING-ANNS"
_MILLIONS = {10: "10M", 100: "100M", 1000: "1B"}


def _ann_benchmarks(name: str) -> PublicSet:
    n, d = _HDF5[name]
    file = PublicFile(name=f"{name}.hdf5", url=f"https://ann-benchmarks.com/{name}.hdf5")
    return PublicSet(name=name, base=file, n=n, d=d, metric=_METRIC[name.rpartition("-")[2]])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Family:
    """Sets of big-ann-benchmarks that share a file of a billion rows; `parts`: neighbours among its first rows."""

    base: str
    queries: str
    truth: str
    parts: str
    d: int
    value_bytes: int
    metric: str


_FAMILIES = {
    "bigann": _Family(
        base=f"{_META}/bigann/base.1B.u8bin",
        queries=f"{_META}/bigann/query.public.10K.u8bin",
        truth=f"{_META}/bigann/GT.public.1B.ibin",
        parts=_META + "/GT_{part}/bigann-{part}",
        d=128, value_bytes=1, metric="l2",
    ),
    "deep": _Family(
        base=f"{_YANDEX}/DEEP/base.1B.fbin",
        queries=f"{_YANDEX}/DEEP/query.public.10K.fbin",
        truth=f"{_YANDEX}/deep_new_groundtruth.public.10K.bin",
        parts=_META + "/GT_{part}/deep-{part}",
        d=96, value_bytes=4, metric="l2",
    ),
    "text2image": _Family(
        base=f"{_YANDEX}/T2I/base.1B.fbin",
        queries=f"{_YANDEX}/T2I/query.public.100K.fbin",
        truth=f"{_YANDEX}/t2i_new_groundtruth.public.100K.bin",
        parts=_META + "/GT_{part}/text2image-{part}",
        d=200, value_bytes=4, metric="ip",
    ),
    "msturing": _Family(
        base=f"{_TURING}/base1b.fbin",
        queries=f"{_TURING}/query100K.fbin",
        truth=f"{_TURING}/query_gt100.bin",
        parts=_TURING + "/msturing-gt-{part}",
        d=100, value_bytes=4, metric="l2",
    ),
}  # fmt: skip


def _big_ann_benchmarks(family: str, millions: int) -> PublicSet:
    """Return the first rows of a file of a billion, or all of it."""
    of, part, n = _FAMILIES[family], _MILLIONS[millions], millions * 10**6
    whole = millions == 1000
    called = _last(of.base)
    return PublicSet(
        name=f"{family}-{part}",
        base=PublicFile(
            name=called if whole else f"{called}.crop_nb_{n}",
            url=of.base,
            first_bytes=None if whole else 8 + n * of.d * of.value_bytes,
        ),
        queries=PublicFile(name=_last(of.queries), url=of.queries),
        truth=PublicFile(
            name=f"{family}-{part}-neighbours.ibin", url=of.truth if whole else of.parts.format(part=part)
        ),
        n=n,
        d=of.d,
        metric=of.metric,
    )


def _last(url: str) -> str:
    return url.rpartition("/")[2]


PUBLIC_SETS: Mapping[str, PublicSet] = MappingProxyType(
    {
        one.name: one
        for one in [
            *map(_ann_benchmarks, _HDF5),
            *(_big_ann_benchmarks(family, millions) for millions in _MILLIONS for family in _FAMILIES),
        ]
    }
)
"""All sets by name."""


def find_set(name: str) -> PublicSet:
    """Return the set of a name.

    Raises
    ------
    DataError
        If there is none, or it holds no vectors.
    """
    if name in _OF_SETS:
        raise DataError(
            f"{name} holds sets of numbers (type=sparse, for the Jaccard distance), not vectors",
            "kmbench has no distance for sets: use data with L2, cosine or inner product",
        )
    if name not in PUBLIC_SETS:
        raise DataError(
            f"no public data set {name}{nearest(name, PUBLIC_SETS)}", f"known: {', '.join(sorted(PUBLIC_SETS))}"
        )
    return PUBLIC_SETS[name]
