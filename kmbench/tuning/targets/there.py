"""What a database was measured to do, beside what was promised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kmbench.notes import Note
from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.problem.space import FloatMatrix
from kmbench.tuning.recall.curve import Curve
from kmbench.tuning.targets.base import Centroids
from kmbench.tuning.timing.cost import CostModel, ModelError

__all__ = ["BuildThere", "Promise", "Spot", "There"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Promise:
    """What the tuner found for lists of its own.

    Attributes
    ----------
    kind : Kind
    nlist, nprobe, k_factor : int
        The chosen setting.
    curve : Curve
        Of that kind, nlist and k_factor.
    centroids : ndarray of float32, shape (nlist, d)
        In the space of the index.
    """

    kind: Kind
    nlist: int
    nprobe: int
    k_factor: int
    curve: Curve
    centroids: FloatMatrix


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildThere:
    """One build of the index in the database.

    Attributes
    ----------
    seconds : float
    bytes : int or None
        Of the index.
    curve : Curve or None
        Of its lists, at every nprobe; None where the database does not tell them.
    imbalance : float or None
        How many times as many vectors are scanned at nprobe 1 by a query like the data as with lists of equal size.
    """

    seconds: float
    bytes: int | None
    curve: Curve | None
    imbalance: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One setting that was searched; times in seconds for one query.

    Attributes
    ----------
    nprobe : int
    promised : float or None
        Recall of kmbench's lists for the same queries; None where codes make it unknown at this nprobe.
    of_lists : float or None
        Recall that the lists read back come to for the same queries.
    recall, recall_low, recall_high : float
        Found by searching, with its 95 % interval.
    promised_scanned, scanned : float or None
        Vectors compared per query: promised, and by the lists read back.
    p50, p95, p99, mean : float
    by_index : bool
        Whether the database uses the index at this setting by itself.
    short : int
        Queries that got fewer than k rows.
    """

    nprobe: int
    promised: float | None
    of_lists: float | None
    recall: float
    recall_low: float
    recall_high: float
    promised_scanned: float | None
    scanned: float | None
    p50: float
    p95: float
    p99: float
    mean: float
    by_index: bool
    short: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class There:
    """The database's part of an answer.

    Attributes
    ----------
    target, title, lists_name, probes_name : str
        Of the target, and what nlist and nprobe are called there.
    promise : Promise
    centroids : {"own", "kmbench"}
    files : mapping of str by name
        Ready to be run.
    why_not : str or None
        Why nothing was measured; the rest is then empty.
    versions : dict
    builds : tuple of BuildThere
        The last one is what was searched.
    spots : tuple of Spot
        Rising by nprobe.
    chosen : Spot or None
        The smallest number of probes that keeps the target there; None where none does.
    broken : tuple of str
        Constraints that it breaks there.
    model : CostModel or None
        Fitted to times there.
    model_error : ModelError or None
        At settings it was not fitted to.
    queries : int
        That were searched.
    times_count : bool
        Whether the times are those of the database.
    centroids_digest : str or None
        Of the lists read back: see `kmbench.tuning.targets.curves.centroids_digest`.
    table : str or None
        Where the table was kept.
    facts : tuple of str
        Sentences about the server.
    notes : tuple of Note
    """

    target: str
    title: str
    lists_name: str
    probes_name: str
    promise: Promise
    centroids: Centroids
    files: Mapping[str, str]
    why_not: str | None = None
    versions: Mapping[str, str] | None = None
    builds: tuple[BuildThere, ...] = ()
    spots: tuple[Spot, ...] = ()
    chosen: Spot | None = None
    broken: tuple[str, ...] = ()
    model: CostModel | None = None
    model_error: ModelError | None = None
    queries: int = 0
    times_count: bool = True
    centroids_digest: str | None = None
    table: str | None = None
    facts: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def measured(self) -> bool:
        """Whether the database was searched."""
        return self.why_not is None

    @property
    def met(self) -> bool:
        """Whether the chosen setting does there all that is asked."""
        return self.chosen is not None and not self.broken

    @property
    def build(self) -> BuildThere:
        """The build that was searched."""
        return self.builds[-1]

    def spot(self, nprobe: int) -> Spot | None:
        """Return the spot of a number of probes."""
        return next((one for one in self.spots if one.nprobe == nprobe), None)

    def to_json(self) -> dict[str, Any]:
        """Return what stands under ``there`` in the object of ``--json``."""
        common: dict[str, Any] = {
            "target": self.target, "centroids": self.centroids, "measured": self.measured, "nlist": self.promise.nlist
        }  # fmt: skip
        if not self.measured:
            return {**common, "why_not": self.why_not, "nprobe": self.promise.nprobe, "files": dict(self.files)}
        return {
            **common,
            "versions": dict(self.versions or {}),
            "table": self.table,
            "nprobe": None if self.chosen is None else self.chosen.nprobe,
            "target_met": self.met,
            "broken": list(self.broken),
            "queries": self.queries,
            "builds": [
                {
                    "seconds": one.seconds,
                    "bytes": one.bytes,
                    "imbalance": one.imbalance,
                    "recall": None if one.curve is None else one.curve.recall.tolist(),
                    "scanned_vectors": None if one.curve is None else one.curve.scanned.tolist(),
                }
                for one in self.builds
            ],
            "settings": [
                {
                    "nprobe": one.nprobe,
                    "promised": one.promised,
                    "lists": one.of_lists,
                    "recall": one.recall,
                    "recall_low": one.recall_low,
                    "recall_high": one.recall_high,
                    "scanned_vectors": one.scanned,
                    "by_index": one.by_index,
                    "latency_ms": {name: 1e3 * getattr(one, name) for name in ("p50", "p95", "p99")}
                    if self.times_count
                    else None,
                }
                for one in self.spots
            ],
            "files": dict(self.files),
        }
