"""The cost model of each kind of index, from a handful of timed points on a small and on a large nlist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.recall.curve import Curve
from kmbench.tuning.timing.cost import CostModel, TimedPoint, fit_cost
from kmbench.tuning.timing.latency import Point
from kmbench.tuning.timing.timer import SearchTimer

__all__ = ["Calibration", "calibrate"]


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
