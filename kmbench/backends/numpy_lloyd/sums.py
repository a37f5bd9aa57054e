"""Sums over blocks of rows whose order depends on the places of the blocks alone, and not on who adds them up.

Adding float64 rounds, so the order of the additions decides the last bits. Here a fixed number of blocks make a
group, and groups are added in pairs, pairs of pairs and so on, by their numbers. A process that has some consecutive
groups adds up those pairs that it has whole, and hands on the rest: all together it is the same tree of additions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .plan import GROUP_BLOCKS

__all__ = ["BlockSums", "Node", "total_of"]


@dataclass(frozen=True, slots=True)
class Node:
    """The sum of the groups from ``place * 2**level`` up to ``(place + 1) * 2**level``."""

    level: int
    place: int
    total: NDArray[np.float64]


class BlockSums:
    """Adds up the sums of consecutive blocks.

    Parameters
    ----------
    first_group : int
        Number of the group that the first block begins.
    """

    def __init__(self, first_group: int = 0) -> None:
        self._group = first_group
        self._in_group = 0
        self._open: NDArray[np.float64] | None = None
        self._nodes: list[Node] = []

    def add(self, part: NDArray[np.floating[Any]]) -> None:
        """Add the sums of the next block."""
        if self._open is None:
            self._open = np.array(part, dtype=np.float64, order="C")
        else:
            self._open += part
        self._in_group += 1
        if self._in_group == GROUP_BLOCKS:
            self._close_group()

    def nodes(self) -> list[Node]:
        """Return what was added, in as few sums as the tree allows, in order."""
        if self._open is not None:
            self._close_group()
        return self._nodes

    def _close_group(self) -> None:
        assert self._open is not None
        _push(self._nodes, Node(0, self._group, self._open))
        self._group += 1
        self._open, self._in_group = None, 0


def total_of(nodes: Iterable[Node]) -> NDArray[np.float64]:
    """Return the sum of all groups; the nodes come in order and begin with group 0. They are used up."""
    waiting: list[Node] = []
    for node in nodes:
        _push(waiting, node)
    total = waiting[0].total
    for node in waiting[1:]:
        total = total + node.total
    return total


def _push(nodes: list[Node], node: Node) -> None:
    """Append a node, merged with its left neighbour wherever the two are one pair."""
    while node.place % 2 and nodes and (nodes[-1].level, nodes[-1].place) == (node.level, node.place - 1):
        left = nodes.pop().total
        if not left.flags.writeable:  # as arrays come from another process
            left = left.copy()
        left += node.total
        node = Node(node.level + 1, node.place // 2, left)
    nodes.append(node)
