"""The cost model of each kind of index, from a handful of timed points on a small and on a large nlist."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kmbench.tuning.index.kinds import Kind, reranks
from kmbench.tuning.recall.curve import Curve
from kmbench.tuning.timing.cost import CostModel, TimedPoint, fit_cost
from kmbench.tuning.timing.latency import Point
from kmbench.tuning.timing.timer import SearchTimer

__all__ = ["Calibration", "calibrate", "held_to"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Models by kind of index, for one query at a time and for batches, and the settings they were fitted to."""

    single: dict[str, CostModel]
    batch: dict[str, CostModel]
    fitted: frozenset[tuple[str, int, int, int]]


def calibrate(
    timer: SearchTimer, kinds: Sequence[Kind], curves: Sequence[Curve], recall: float, *, beyond: bool = True
) -> Calibration:
    """Time a few settings of each kind around the one that reaches a recall, and fit its models.

    Parameters
    ----------
    timer : SearchTimer
    kinds : sequence of Kind
    curves : sequence of Curve
        Of every kind and nlist.
    recall : float
        The target.
    beyond : bool
        Also at four times the nprobe that reaches the target, where most of the time goes.
    """
    points: list[Point] = []
    for kind in kinds:
        nlists = sorted({curve.nlist for curve in curves if curve.index == kind.name})
        for nlist in sorted({nlists[0], nlists[-1]}):
            own = [curve for curve in curves if (curve.index, curve.nlist) == (kind.name, nlist)]
            points += [timer.point(kind, nlist, *setting) for setting in _settings(own, recall, beyond)]
    measured = timer.measure(points)
    singles: dict[str, list[TimedPoint]] = {}
    batches: dict[str, list[TimedPoint]] = {}
    for point, figures in zip(points, measured, strict=True):
        single, batch = timer.model_points(point, figures)
        singles.setdefault(point.index, []).append(single)
        batches.setdefault(point.index, []).append(batch)
    return Calibration(
        single={name: fit_cost(found) for name, found in singles.items()},
        batch={name: fit_cost(found) for name, found in batches.items()},
        fitted=frozenset(point.key for point in points),
    )


def held_to(
    model: Calibration, timer: SearchTimer, kinds: Sequence[Kind], curves: Sequence[Curve], recall: float
) -> Calibration:
    """Return the models scaled to what the index that is searched takes, at one setting of each kind.

    Models of cheap lists compare numbers of lists. They rest on fewer rows, which lie in nearer caches, so the index
    of all rows takes longer by a factor that differs from host to host.

    Parameters
    ----------
    model : Calibration
    timer : SearchTimer
        Of the lists that were trained in full.
    kinds, curves, recall
        As for `calibrate`; the setting is the one that reaches the recall fastest.
    """
    points = []
    for kind in kinds:

        def expected_seconds(curve: Curve, kind: Kind = kind) -> float:
            nprobe = curve.first_at(recall)
            if nprobe is None:
                return math.inf
            reranked = timer.setup.k * curve.k_factor if reranks(kind.name) else 0
            return float(model.single[kind.name].predict(curve.nlist, nprobe, curve.scanned[nprobe - 1], reranked))

        curve = min((curve for curve in curves if curve.index == kind.name), key=expected_seconds)
        points.append(timer.point(kind, curve.nlist, curve.first_at(recall) or _knee(curve), curve.k_factor))
    single, batch = dict(model.single), dict(model.batch)
    for point, figures in zip(points, timer.measure(points), strict=True):
        for models, found in zip((single, batch), timer.model_points(point, figures), strict=True):
            own_model = models[point.index]
            expected = float(own_model.predict(found.nlist, found.nprobe, found.scanned, found.reranked))
            models[point.index] = own_model.times(found.seconds / expected)
    return Calibration(single=single, batch=batch, fitted=frozenset(point.key for point in points))


def _settings(curves: Sequence[Curve], recall: float, beyond: bool) -> list[tuple[int, int]]:
    """Return nprobe and k_factor around what reaches the recall: one probe, a quarter, the same, four times."""
    curve = next((c for c in curves if c.first_at(recall) is not None), curves[-1])
    target = curve.first_at(recall) or _knee(curve)
    probes = sorted({1, max(1, target // 4), target, *([min(len(curve), 4 * target)] if beyond else [])})
    settings = [(nprobe, curve.k_factor) for nprobe in probes]
    return settings + [(target, c.k_factor) for c in (curves[0], curves[-1]) if c.k_factor != curve.k_factor]


def _knee(curve: Curve) -> int:
    """Return the nprobe that all but reaches the best recall of a curve."""
    return int((curve.recall >= curve.recall.max() - 0.005).argmax()) + 1
