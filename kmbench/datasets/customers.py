"""A generated table of customers whose segments are known, so that what k-means finds can be held against them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kmbench.datasets.base import Arguments, ArrayRows, BuiltIn, Rows
from kmbench.datasets.parameters import Parameter

__all__ = ["CUSTOMERS", "CustomerTable", "customer_table"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A segment: its share of the customers, and medians and shares of what they do."""

    share: float
    age: float
    income: float
    orders: float
    basket: float
    recency: float
    discount: float
    online: float
    store_card: float


# Students, families, the well-off, online regulars, and those who have gone.
_KINDS = (
    _Kind(0.26, 24, 14_000, 9, 18, 20, 0.55, 0.80, 0.20),
    _Kind(0.28, 41, 46_000, 26, 74, 8, 0.35, 0.25, 0.75),
    _Kind(0.12, 55, 120_000, 12, 210, 18, 0.06, 0.35, 0.60),
    _Kind(0.20, 35, 58_000, 44, 42, 4, 0.15, 0.92, 0.15),
    _Kind(0.14, 62, 27_000, 2, 35, 190, 0.25, 0.12, 0.40),
)

_NUMBERS = ("age", "income", "orders_per_year", "basket_value", "days_since_order", "discount_share", "online_share")
_REGIONS = ("north", "south", "east", "west")


@dataclass(frozen=True, slots=True)
class CustomerTable:
    """The table, column by column.

    Attributes
    ----------
    numbers : dict of str to ndarray of float64, shape (n,)
        In the units that a shop would have them: years, money, orders in a year, days, shares.
    categories : dict of str to ndarray of str, shape (n,)
        ``payment`` goes with the segment, ``region`` does not.
    segment : ndarray of int32, shape (n,)
        The truth, from 0 to 4.
    """

    numbers: dict[str, NDArray[np.float64]]
    categories: dict[str, NDArray[np.str_]]
    segment: NDArray[np.int32]


def customer_table(n: int, seed: int, noise: float = 1.0) -> CustomerTable:
    """Draw customers of five kinds.

    Parameters
    ----------
    n : int
        Rows, at least 1.
    seed : int
        The same seed gives the same table.
    noise : float
        Spread within a segment: at 1 the segments overlap a little, at 1.5 they blur.
    """
    rng = np.random.default_rng([seed, 3])
    segment = rng.choice(len(_KINDS), size=n, p=[kind.share for kind in _KINDS]).astype(np.int32)

    def of_kind(name: str) -> NDArray[np.float64]:
        return np.array([getattr(kind, name) for kind in _KINDS])[segment]

    def around(name: str, spread: float) -> NDArray[np.float64]:
        return of_kind(name) * np.exp(noise * spread * rng.standard_normal(n))

    def share(name: str, spread: float) -> NDArray[np.float64]:
        odds = np.log(of_kind(name) / (1 - of_kind(name))) + noise * spread * rng.standard_normal(n)
        return 1 / (1 + np.exp(-odds))

    numbers = {
        "age": np.clip(np.rint(of_kind("age") + noise * 10 * rng.standard_normal(n)), 16, 95),
        "income": np.rint(around("income", 0.44)),
        "orders_per_year": np.rint(around("orders", 0.5)),
        "basket_value": np.round(around("basket", 0.5), 2),
        "days_since_order": np.rint(around("recency", 0.7)),
        "discount_share": np.round(share("discount", 0.7), 3),
        "online_share": np.round(share("online", 0.9), 3),
    }
    card = rng.random(n) < of_kind("store_card")
    categories = {
        "payment": np.where(card, "store card", np.where(rng.random(n) < 0.7, "credit card", "invoice")),
        "region": np.array(_REGIONS)[rng.integers(0, len(_REGIONS), n)],
    }
    assert tuple(numbers) == _NUMBERS
    return CustomerTable(numbers, categories, segment)


def _open_customers(arguments: Arguments) -> Rows:
    n, seed, noise = arguments["n"], arguments["seed"], arguments["noise"]
    assert isinstance(n, int)
    assert isinstance(seed, int)
    assert isinstance(noise, int | float)
    rows = ArrayRows(np.column_stack(list(customer_table(n, seed, float(noise)).numbers.values())))
    rows.columns = _NUMBERS
    return rows


CUSTOMERS = BuiltIn(
    name="customers",
    syntax="customers:n=5000,seed=0,noise=1",
    summary="a generated table of five kinds of customers: 7 columns of numbers, in their own units",
    open=_open_customers,
    parameters=(
        Parameter(name="n", kind="integer", default=5000, low=1, high=10**8),
        Parameter(name="seed", kind="integer", default=0, low=0, high=2**63 - 1),
        Parameter(name="noise", kind="number", default=1.0, low=0, high=100),
    ),
)
"""Rows of `customer_table` without the columns of text, not standardised."""
