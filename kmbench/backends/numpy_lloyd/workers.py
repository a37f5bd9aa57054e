"""Threads over blocks of rows, each with a BLAS of its own thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Protocol, TypeVar

from threadpoolctl import ThreadpoolController

__all__ = ["Each", "blas_controller", "workers"]

A = TypeVar("A")
R = TypeVar("R")


class Each(Protocol):
    """`map` over one iterable: calls in any order, results in the order of the items."""

    def __call__(self, function: Callable[[A], R], items: Iterable[A], /) -> Iterator[R]:
        """Return the results."""


@cache
def blas_controller() -> ThreadpoolController:
    """Return the one controller of this process: finding the loaded libraries takes a millisecond."""
    return ThreadpoolController()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Return the pool of this process, kept from fit to fit as OpenMP keeps its threads."""
    return ThreadPoolExecutor(threads, thread_name_prefix="numpy-lloyd")


@contextmanager
def workers(threads: int) -> Iterator[Each]:
    """Give a `map` that runs on `threads` threads, with BLAS limited to one thread meanwhile.

    Threads over blocks with a single-threaded BLAS, rather than the threads of BLAS, because those wait in a
    spinning barrier after each product: beside any other load they run 5 to 20 times slower, and everything
    between two products stays on one core.

    Parameters
    ----------
    threads : int
        With 1, `map` itself is given.

    Yields
    ------
    callable
        Takes a function and an iterable; the results come in order, so that sums over them do not depend on
        the number of threads.
    """
    with blas_controller().limit(limits=1, user_api="blas"):
        if threads == 1:
            yield map
        else:
            yield _pool(threads).map
