"""The gates: whether an answer is the one that the protocol asks for, and if not, why. Pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kmbench.backends.base import Precision, Traits
from kmbench.records import DatasetInfo, Status

__all__ = [
    "EMPTY_TOLERANCE",
    "INERTIA_TOLERANCE",
    "LOW_PRECISION_TOLERANCE",
    "ROUNDOFF",
    "Evaluation",
    "ReferenceEvaluation",
    "Verdict",
    "judge_matched",
    "judge_native",
    "nothing_left",
    "offset_limit",
    "score_error",
    "tolerance_of",
]

INERTIA_TOLERANCE = 1e-4
"""Relative distance of an exact backend's final inertia from the float64 reference's.

Float32 and float64 arithmetic give the same labels but for near ties. One row that flips early moves the whole
course a little: on 100,000 x 128 with k = 256 a single flip at iteration 2 left 7e-5 after ten iterations. A wrong
distance, a missing iteration or a sampled training set is off by 1e-3 and more.
"""

ROUNDOFF: dict[Precision, float] = {
    "float64": 2.0**-53,
    "float32": 2.0**-24,
    "3xtf32": 2.0**-22,
    "tf32": 2.0**-11,
    "float16": 2.0**-11,
}
"""Largest relative error of one factor of a product. TF32 and float16 both keep 10 bits of fraction and round to
nearest; 3xTF32 writes a factor as the sum of two of TF32 and leaves out the product of the two small parts."""

LOW_PRECISION_TOLERANCE, MOST_TOLERANCE = 2e-3, 1e-2
"""`INERTIA_TOLERANCE` of TF32 and float16, least (where clusters lie well apart) and most; see `tolerance_of`."""

FINE_ERROR = 0.02
"""Error of a distance, as a share of it, from which on many rows change clusters and the course may be another."""

EMPTY_TOLERANCE = 0.05
"""The same where a cluster was empty on the way: engines move it to different places, and all of them are right."""

TWIN_TOLERANCE = 2e-6
"""Of the rows' mean squared norm, where the inertia is zero: with fewer distinct rows than clusters FAISS fills the
empty ones with twins moved by 2**-10, so that they never lie on a row."""

NO_INERTIA, NO_SPREAD = 1e-5, 1e-12
"""Shares of the data's spread, and of its mean squared norm, below which there is nothing left to compare."""

FAR_OFFSET_RATIO = 1e3
"""``||mean||^2`` over the mean squared distance from it, above which float32 expansions lose the distances.

``|x|^2 - 2xc + |c|^2`` keeps 24 bits of its largest term: at a ratio of 1e3 the error reaches 1e-4 of the distance.
Other precisions reach it sooner: see `offset_limit`.
"""

SMALLEST_SPREAD = 1e-30
"""Mean squared distance below which float32 squares of the rows' coordinates fade out (its least is 1e-38)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A backend's answer as the referee found it. What was found is None where it was not finite.

    `precision` is the arithmetic of its distances, which tolerances follow. `n_iter` is None where the engine does
    not tell: then its inertia alone shows whether it did what was asked.
    """

    n_iter: int | None
    precision: Precision = "float32"
    finite: bool
    inertia: float | None = None
    labels_inertia: float | None = None
    empty_events: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceEvaluation:
    """What the float64 reference found.

    Attributes
    ----------
    iterations : int
        (assign, update) iterations that every backend of the case was given.
    sensitivity : float or None
        Relative move of the reference's inertia when its start moves by float32's rounding, where it was needed.
    """

    inertia: float
    iterations: int
    empty_events: int
    sensitivity: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Status and reason; with status ``ok`` the reason is a remark, or None.

    Attributes
    ----------
    wants_sensitivity : bool
        The verdict rests on a small distance that may be the data's own: ask again with the sensitivity known.
    """

    status: Status
    reason: str | None = None
    wants_sensitivity: bool = False


def score_error(precision: Precision, dataset: DatasetInfo, inertia: float) -> float:
    """Return the error of a distance in this precision, as a share of the mean squared distance to the centroids.

    The factors of ``2 x.c`` are each off by at most the roundoff u, so the score of centred rows is off by up to
    ``4 u |x| |c|``, and by about a root of d less where the errors of the d columns are independent. With ``|x|^2``
    and ``|c|^2`` about the data's spread S, that is ``4 u S / sqrt(d)``; the mean squared distance to the centroids
    is ``inertia / n``.

    Source of the bound: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1.
    """
    if inertia <= 0:
        return float("inf")
    return 4 * ROUNDOFF[precision] / math.sqrt(dataset.d) * dataset.spread * dataset.n / inertia


def tolerance_of(precision: Precision, dataset: DatasetInfo, inertia: float) -> float:
    """Return how far an exact backend's inertia may lie from the float64 reference's, as a share of it.

    Float32's tolerance holds for 3xTF32 too, whose roundoff is four times as large and still harmless.

    TF32 and float16 have an error e, `score_error`. A row whose two nearest centres differ by less may take the wrong
    one, and costs up to e more. Margins between them are of the size of the distances themselves, so about a share e
    of the rows do, and one assignment costs about ``e**2``. That moves the course of all later iterations, further
    than the labels alone cost. How far cannot be derived, only seen: `benchmarks/tools/precision_tolerance.py` prints
    it, and docs/gpu.md has its table. Where e is far below `FINE_ERROR`, `LOW_PRECISION_TOLERANCE` is several times
    the largest seen; where it is larger, ``e**2`` is added, as the labels alone may cost that. Beyond `FINE_ERROR`
    the course may be another one altogether; what is then further off than `MOST_TOLERANCE` is not the answer that
    was asked for, and its reason says what the precision cannot hold.
    """
    if ROUNDOFF[precision] < 2.0**-20:
        return INERTIA_TOLERANCE
    return min(MOST_TOLERANCE, LOW_PRECISION_TOLERANCE + score_error(precision, dataset, inertia) ** 2)


def offset_limit(precision: Precision) -> float:
    """Return the offset ratio above which expansions in this precision lose the distances.

    The error of a score grows with the ratio and with the roundoff: `FAR_OFFSET_RATIO` is float32's, and TF32 and
    float16, 2**13 times as coarse, reach it at 0.12, unless the backend centres the data itself.
    """
    return FAR_OFFSET_RATIO * ROUNDOFF["float32"] / ROUNDOFF[precision]


def judge_native(answer: Evaluation, traits: Traits, dataset: DatasetInfo) -> Verdict:
    """Judge what any answer must hold: finite centroids, and labels that belong to them."""
    if not answer.finite:
        return Verdict(Status.INVALID, "overflow: the centroids are not finite; scale the data down")
    assert answer.inertia is not None
    assert answer.labels_inertia is not None
    floor = _floor(dataset, answer.inertia)
    excess = answer.labels_inertia - answer.inertia
    if traits.exact and excess > tolerance_of(answer.precision, dataset, answer.inertia) * answer.inertia + floor:
        share = excess / answer.inertia if answer.inertia else float("inf")
        return Verdict(
            Status.INVALID,
            f"its labels are not those of its nearest centroids: inertia {share:+.2%} with them"
            + _numeric_cause(dataset, answer, traits),
        )
    return Verdict(Status.OK)


def judge_matched(
    answer: Evaluation, traits: Traits, reference: ReferenceEvaluation, dataset: DatasetInfo
) -> Verdict:
    """Judge an answer of the matched protocol: an exact backend must reach the reference's inertia.

    A backend that chose its own start, as in the protocol ``target``, is held to what any answer must hold.

    The reason names the cause where it can be told: an early stop, data far from the origin, an empty cluster on
    the way, overflow.
    """
    if reference.empty_events and traits.empty_clusters == "zero":
        return Verdict(
            Status.SKIPPED,
            "a cluster became empty on the way, and this engine moves such a cluster to the origin, so nothing is "
            "compared",
        )
    general = judge_native(answer, traits, dataset)
    if general.status is not Status.OK or not traits.exact or not traits.accepts_init:
        return general  # from a start of its own it comes to another answer than the reference
    assert answer.inertia is not None
    if answer.n_iter is not None and answer.n_iter != reference.iterations:
        how = "early stop: " if answer.n_iter < reference.iterations else ""
        done = f"{how}it did {answer.n_iter} of {reference.iterations} iterations"
        return Verdict(Status.INVALID, done + _numeric_cause(dataset, answer, traits))
    difference = answer.inertia - reference.inertia
    floor = _floor(dataset, reference.inertia)
    emptied = reference.empty_events + (answer.empty_events or 0)
    tolerance = tolerance_of(answer.precision, dataset, reference.inertia) if not emptied else EMPTY_TOLERANCE
    ratio = answer.inertia / reference.inertia if reference.inertia else float("inf")
    if abs(difference) <= tolerance * reference.inertia + floor:
        if emptied:
            return Verdict(Status.OK, "a cluster became empty on the way: only the inertia is compared, within 5%")
        return Verdict(Status.OK)
    off = f"inertia is {ratio:.6g} times the reference's"
    cause = _numeric_cause(dataset, answer, traits)
    if cause:
        return Verdict(Status.INVALID, off + cause)
    if emptied:
        return Verdict(Status.INVALID, f"{off}, which is too far even though a cluster became empty on the way")
    if reference.sensitivity is None:
        return Verdict(Status.INVALID, f"{off}: a wrong answer", wants_sensitivity=True)
    if abs(difference) <= 2 * reference.sensitivity * reference.inertia:
        own = f"rounding alone moves the reference by {reference.sensitivity:.1e}"
        return Verdict(Status.OK, f"{off}; with this data the inertia is not determined more precisely: {own}")
    return Verdict(Status.INVALID, f"{off}: a wrong answer")


def nothing_left(dataset: DatasetInfo, inertia: float) -> bool:
    """Return whether an inertia is as good as zero, so that ratios with it mean nothing."""
    if dataset.spread <= NO_SPREAD * dataset.mean_square:
        return True
    return inertia <= NO_INERTIA * dataset.n * dataset.spread and dataset.offset_ratio <= FAR_OFFSET_RATIO


def _floor(dataset: DatasetInfo, inertia: float) -> float:
    """Return the absolute distance that is allowed where there is nothing left to compare, else 0."""
    return TWIN_TOLERANCE * dataset.mean_square * dataset.n if nothing_left(dataset, inertia) else 0.0


def _numeric_cause(dataset: DatasetInfo, answer: Evaluation, traits: Traits) -> str:
    """Return what about the data the precision cannot hold, with a hint, or nothing."""
    precision, inertia = answer.precision, answer.inertia or 0.0
    if dataset.offset_ratio > (FAR_OFFSET_RATIO if traits.centres else offset_limit(precision)):
        path, _, options = dataset.spec.partition(":")
        without = [option for option in options.split(",") if option and option != "raw"]
        centred = f"use {path}:{','.join([*without, 'center'])}"
        return f": the data lies far from the origin, where {precision} loses the distances; {centred}"
    if 0 < dataset.spread < SMALLEST_SPREAD:
        return ": the values are so small that their squares underflow in float32; scale the data up"
    if precision in ("tf32", "float16") and score_error(precision, dataset, inertia) > FINE_ERROR:
        times = dataset.spread * dataset.n / inertia if inertia else float("inf")
        return (
            f": the data is {times:.0f} times as wide as its clusters, which is too much for {precision}; use float32"
        )
    return ""
