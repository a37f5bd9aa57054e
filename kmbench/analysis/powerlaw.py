"""Power laws through measured times: exponents with intervals, and what they foretell, marked as such."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kmbench.comparison import CONFIDENCE

__all__ = ["PowerLaw", "fit_power_law"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLaw:
    """``y = scale * x ** exponent``, fitted to the logarithms by least squares.

    Attributes
    ----------
    low, high : float or None
        Ends of the 95 % interval of the exponent; None for two points, through which a line always runs.
    points : int
    smallest, largest : float
        The x between which it was fitted.
    spread : float
        Standard deviation of the logarithms around the line; 0 for two points.
    centre, width : float
        Mean of ``log x``, and the sum of its squared distances from that.
    """

    exponent: float
    low: float | None
    high: float | None
    scale: float
    points: int
    smallest: float
    largest: float
    spread: float
    centre: float
    width: float

    def at(self, x: float) -> float:
        """Return y at x."""
        return self.scale * math.pow(x, self.exponent)

    def band(self, x: float) -> tuple[float, float] | None:
        """Return the 95 % prediction interval of one more measurement at x; None for two points.

        References
        ----------
        Draper and Smith, Applied Regression Analysis (1998), section 3.1.
        """
        if self.points < 3:
            return None
        off = (math.log(x) - self.centre) ** 2 / self.width
        half = _student(self.points - 2) * self.spread * math.sqrt(1 + 1 / self.points + off)
        return self.at(x) * math.exp(-half), self.at(x) * math.exp(half)

    def reach(self, y: float) -> float | None:
        """Return the x at which y is reached; None where y does not grow with x, or only beyond any number."""
        if self.exponent <= 0:
            return None
        log = (math.log(y) - math.log(self.scale)) / self.exponent
        return math.exp(log) if log < MOST_LOG else None

    def reach_band(self, y: float) -> tuple[float, float] | None:
        """Return between which x the prediction interval holds y; None where it is open or there is none."""
        if self.points < 3 or self.reach(y) is None:
            return None
        # The ends solve (a + b v - log y)^2 = h^2 (1 + 1/m + v^2/w) with v = log x - centre: a quadratic (Fieller).
        half = _student(self.points - 2) * self.spread
        gap = math.log(y) - math.log(self.scale) - self.exponent * self.centre
        square = self.exponent**2 - half**2 / self.width
        root = self.exponent**2 * gap**2 - square * (gap**2 - half**2 * (1 + 1 / self.points))
        if square <= 0 or root < 0:
            return None
        ends = [(self.exponent * gap + sign * math.sqrt(root)) / square + self.centre for sign in (-1, 1)]
        return (math.exp(ends[0]), math.exp(ends[1])) if ends[1] < MOST_LOG else None


MOST_LOG = 60.0
"""Beyond ``exp`` of this nobody has rows."""


def fit_power_law(x: Sequence[float], y: Sequence[float]) -> PowerLaw | None:
    """Fit a power law; None for fewer than two different x.

    Parameters
    ----------
    x, y : sequence of float
        Positive, of equal length.
    """
    if len(x) != len(y):
        raise ValueError("fit_power_law needs two sequences of the same length")
    if len(set(x)) < 2:
        return None
    logs, values = [math.log(value) for value in x], [math.log(value) for value in y]
    count = len(logs)
    centre, middle = math.fsum(logs) / count, math.fsum(values) / count
    width = math.fsum((log - centre) ** 2 for log in logs)
    exponent = math.fsum((log - centre) * value for log, value in zip(logs, values, strict=True)) / width
    rest = [value - middle - exponent * (log - centre) for log, value in zip(logs, values, strict=True)]
    spread = math.sqrt(math.fsum(r * r for r in rest) / (count - 2)) if count > 2 else 0.0
    half = _student(count - 2) * spread / math.sqrt(width) if count > 2 else None
    return PowerLaw(
        exponent=exponent,
        low=None if half is None else exponent - half,
        high=None if half is None else exponent + half,
        scale=math.exp(middle - exponent * centre),
        points=count,
        smallest=min(x),
        largest=max(x),
        spread=spread,
        centre=centre,
        width=width,
    )


def _student(freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf((1 + CONFIDENCE) / 2, freedom))
