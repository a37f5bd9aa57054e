"""The cost model of each kind of index, from a handful of timed points on the smallest and the largest nlist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.recall.curve import Curve
from kmbench.tuning.timing.cost import CostModel, TimedPoint, fit_cost
from kmbench.tuning.timing.latency import Point
from kmbench.tuning.workbench import Workbench

__all__ = ["Calibration", "calibrate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Models by kind of index, for one query at a time and for batches, and the settings they were fitted to."""

    single: dict[str, CostModel]
    batch: dict[str, CostModel]
    fitted: frozenset[tuple[str, int, int, int]]


def calibrate(bench: Workbench, curves: Sequence[Curve]) -> Calibration:
    """Time a few settings of each kind and fit its models."""
    points: list[Point] = []
    for kind in bench.kinds:
        for nlist in sorted({bench.nlists[0], bench.nlists[-1]}):
            points += _points(bench, curves, kind, nlist)
    measured = bench.measure(points)
    singles: dict[str, list[TimedPoint]] = {}
    batches: dict[str, list[TimedPoint]] = {}
    for point, figures in zip(points, measured, strict=True):
        single, batch = bench.timed_points(point, figures)
        singles.setdefault(point.index, []).append(single)
        batches.setdefault(point.index, []).append(batch)
    return Calibration(
        single={name: fit_cost(found) for name, found in singles.items()},
        batch={name: fit_cost(found) for name, found in batches.items()},
        fitted=frozenset(point.key for point in points),
    )


def _points(bench: Workbench, curves: Sequence[Curve], kind: Kind, nlist: int) -> list[Point]:
    """Return settings around the one that reaches the recall: one probe, a quarter, the same, four times."""
    own = [curve for curve in curves if (curve.index, curve.nlist) == (kind.name, nlist)]
    curve = next((c for c in own if c.first_at(bench.asked.recall) is not None), own[-1])
    target = curve.first_at(bench.asked.recall) or _knee(curve)
    probes = sorted({1, max(1, target // 4), target, min(len(curve), 4 * target)})
    settings = [(nprobe, curve.k_factor) for nprobe in probes]
    settings += [(target, other.k_factor) for other in (own[0], own[-1]) if other.k_factor != curve.k_factor]
    return [bench.point(kind.name, nlist, nprobe, factor) for nprobe, factor in settings]


def _knee(curve: Curve) -> int:
    """Return the nprobe that all but reaches the best recall of a curve."""
    return int((curve.recall >= curve.recall.max() - 0.005).argmax()) + 1
