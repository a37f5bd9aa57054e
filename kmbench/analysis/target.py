"""Time to quality: how long each backend takes to come near the best inertia that is known."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kmbench.comparison import DEFAULT_BASELINE, RatioInterval, Verdict, epoch_means, paired_ratio, verdict_of
from kmbench.records import CellKey, Record, RecordKind, Status
from kmbench.wording import count_text, threads_text

__all__ = ["TARGETS", "Contender", "Curve", "Race", "TimeToTarget", "race_rows", "races"]

TARGETS = (0.01, 0.001)
"""Shares above the best known inertia at which a backend has arrived."""

Point = tuple[int, float, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """Objective against time, of one backend from one start.

    Attributes
    ----------
    points : tuple of (int, float, float)
        Iterations, seconds until centroids and labels exist, and inertia, of each rung that is sound.
    """

    seed: int
    points: tuple[Point, ...]

    def arrival(self, inertia: float) -> Point | None:
        """Return the first rung that is at most at `inertia`; None where none is. Nothing is interpolated."""
        return next((point for point in self.points if point[2] <= inertia), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeToTarget:
    """How a backend arrived at one target.

    Attributes
    ----------
    target : float
        Share above the best known inertia.
    reached, starts : int
        From how many of the starts it arrived.
    seconds : float or None
        Median over all starts, those that never arrived counted as later than all others; None where the median is
        one of these: it is censored.
    iterations : float or None
        Median over the starts that arrived.
    censored_seconds : float or None
        Where not all arrived: the median time until its last rung of those that did not.
    speedup : RatioInterval or None
        Baseline's time over this one's, over the starts from which both arrived.
    verdict : Verdict or None
        What the interval allows to say; None for the baseline, and where no start is shared.
    """

    target: float
    reached: int
    starts: int
    seconds: float | None
    iterations: float | None
    censored_seconds: float | None
    speedup: RatioInterval | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One backend of a race. `status` and `reason` tell of the first start that was not sound, where there is one."""

    label: str
    status: Status
    reason: str | None
    curves: tuple[Curve, ...] = ()
    times: tuple[TimeToTarget, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Backends on one case of the protocol ``target``, over all its starts.

    Attributes
    ----------
    key : CellKey
        Of any of its cells; the seed is that of the first start.
    best_inertia : float or None
        The lowest that any sound backend, or the float64 reference, reached from any start.
    contenders : tuple of Contender
        The first to arrive at the nearer target stands first.
    """

    key: CellKey
    seeds: tuple[int, ...]
    baseline: str | None
    best_inertia: float | None
    contenders: tuple[Contender, ...] = field(default=())

    @property
    def title(self) -> str:
        """The race as a person reads it."""
        key = self.key
        threads, starts = threads_text(key.threads), count_text(len(self.seeds), "start")
        size = f"{key.dataset}  {key.n:,} x {key.d}  k={key.k}"
        return f"{size}, up to {key.iterations} iterations, {starts}, {threads}, {key.protocol}"


def races(counted: Mapping[str, Sequence[Record]], baseline: str | None = None) -> list[Race]:
    """Return the races in a run: the cases of the protocol ``target``, their starts taken together.

    Parameters
    ----------
    counted : mapping of str to sequence of Record
        The records that count of each cell, as `kmbench.comparison.counted_cells` gives them.
    baseline : str, optional
        What speed-ups are relative to; by default scikit-learn's Lloyd, else the first backend.

    References
    ----------
    Moreau et al., "Benchopt: Reproducible, efficient and collaborative optimization benchmarks" (2022): curves of
    the objective come from runs that are stopped after more and more iterations, so that no callback is timed.
    """
    found: dict[tuple[Any, ...], list[Sequence[Record]]] = {}
    for lines in counted.values():
        key = lines[0].key
        if key.protocol == "target":
            case = (key.dataset_fingerprint, key.dataset, key.workload, key.k, key.threads, key.iterations)
            found.setdefault(case, []).append(lines)
    return [_race(cells, baseline) for cells in found.values()]


def _race(cells: Sequence[Sequence[Record]], wanted: str | None) -> Race:
    finished: dict[str, list[Sequence[Record]]] = {}
    inertias = []
    for lines in cells:
        outcome = _outcome(lines)
        finished.setdefault(outcome.key.label, []).append(lines)
        inertias += [r.reference_inertia for r in lines if r.reference_inertia is not None]
        if outcome.status is Status.OK:
            inertias += [r.inertia for r in lines if r.inertia is not None]
    best = min(inertias, default=None)
    curves = {label: tuple(map(_curve, filter(_is_sound, own))) for label, own in finished.items()}
    base = _baseline(finished, curves, wanted)
    against = {curve.seed: curve for curve in curves.get(base or "", ())}
    contenders = [
        _contender(label, own, curves[label], best, against, label == base) for label, own in finished.items()
    ]
    keys = [own[0][0].key for own in finished.values()]
    seeds = sorted({lines[0].key.seed for own in finished.values() for lines in own})
    return Race(
        key=keys[0],
        seeds=tuple(seeds),
        baseline=base,
        best_inertia=best,
        contenders=tuple(sorted(contenders, key=_rank)),
    )


def _outcome(lines: Sequence[Record]) -> Record:
    return next(record for record in lines if record.kind is RecordKind.OUTCOME)


def _is_sound(lines: Sequence[Record]) -> bool:
    return _outcome(lines).status is Status.OK


def _curve(lines: Sequence[Record]) -> Curve:
    """Put together the time and the inertia of each rung."""
    inertia = {
        record.iterations_given: record.inertia
        for record in lines
        if record.kind in (RecordKind.RUNG, RecordKind.QUALITY) and record.inertia is not None
    }
    points = []
    for rung in sorted(rung for rung in inertia if rung is not None):
        own = [record for record in lines if record.iterations_given == rung]
        times = epoch_means(own, "fit_predict_seconds")
        reached = inertia[rung]
        if times and reached is not None:
            points.append((rung, statistics.fmean(times.values()), reached))
    return Curve(lines[0].key.seed, tuple(points))


def _baseline(
    finished: Mapping[str, Sequence[Sequence[Record]]], curves: Mapping[str, tuple[Curve, ...]], wanted: str | None
) -> str | None:
    sound = [label for label in finished if curves[label]]
    for name in (wanted, DEFAULT_BASELINE):
        for label in sound:
            if name in (label, finished[label][0][0].key.backend):
                return label
    return sound[0] if sound else None


def _contender(
    label: str,
    cells: Sequence[Sequence[Record]],
    curves: tuple[Curve, ...],
    best: float | None,
    against: Mapping[int, Curve],
    is_baseline: bool,
) -> Contender:
    failed = [outcome for outcome in map(_outcome, cells) if outcome.status is not Status.OK]
    times: tuple[TimeToTarget, ...] = ()
    if curves and best is not None:
        times = tuple(_time_to(target, best, curves, against, is_baseline) for target in TARGETS)
    return Contender(
        label=label,
        status=failed[0].status if failed else Status.OK,
        reason=failed[0].reason if failed else None,
        curves=curves,
        times=times,
    )


def _time_to(
    target: float, best: float, curves: Sequence[Curve], against: Mapping[int, Curve], is_baseline: bool
) -> TimeToTarget:
    goal = best * (1 + target)
    arrivals = {curve.seed: curve.arrival(goal) for curve in curves}
    there = {seed: point for seed, point in arrivals.items() if point is not None}
    middle = statistics.median_high([there[seed][1] if seed in there else math.inf for seed in arrivals])
    left = [curve.points[-1][1] for curve in curves if curve.seed not in there and curve.points]
    pairs = []
    for seed, point in there.items():
        rival = against[seed].arrival(goal) if seed in against else None
        if rival is not None:
            pairs.append((rival[1], point[1]))
    speedup = paired_ratio([pair[0] for pair in pairs], [pair[1] for pair in pairs]) if pairs else None
    return TimeToTarget(
        target=target,
        reached=len(there),
        starts=len(arrivals),
        seconds=None if math.isinf(middle) else middle,
        iterations=statistics.median(point[0] for point in there.values()) if there else None,
        censored_seconds=statistics.median(left) if left else None,
        speedup=speedup,
        verdict=None if speedup is None or is_baseline else verdict_of(speedup),
    )


def _rank(contender: Contender) -> tuple[float, ...]:
    """Order by the time to the nearer target, then to the next, then by how many starts arrived."""
    if not contender.times:
        return (math.inf,)
    times = [math.inf if t.seconds is None else t.seconds for t in contender.times]
    return (0.0, *times, -sum(t.reached for t in contender.times))


def race_rows(races: Sequence[Race]) -> list[dict[str, Any]]:
    """Return an object for each backend of each race, as ``--json`` prints it."""
    rows = []
    for race in races:
        case = dataclasses.asdict(race.key)
        for name in ("seed", "backend", "parameters"):
            del case[name]
        case |= {"seeds": list(race.seeds), "best_inertia": race.best_inertia, "baseline": race.baseline}
        rows += [case | dataclasses.asdict(contender) for contender in race.contenders]
    return rows
