"""The lists of an ivfflat index as its pages hold them, by the extension pageinspect.

Page 0 tells the dimension and the number of lists. From page 1 on, chained, stand the lists: where the entries of
each begin, and its centroid. Entry pages are chained too; their headers tell how many entries they hold.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from kmbench.errors import TuneError
from kmbench.tuning.targets.base import Lists

__all__ = ["read_lists"]

MAGIC = 0x14FF1A7
HEADER_BYTES, POINTER_BYTES = 24, 4
NO_PAGE = 0xFFFFFFFF


def read_lists(connection: Any, index: str, inspect: Any, half: bool) -> Lists:
    """Return the lists of an index.

    Parameters
    ----------
    connection : psycopg.Connection
    index : str
        Name with its schema, as ``regclass`` reads it.
    inspect : psycopg.sql.Composable
        Qualified name of the function ``get_raw_page``.
    half : bool
        Whether centroids are halfvecs.

    Raises
    ------
    TuneError
        If the pages are not those of an ivfflat index as this version knows them.
    psycopg.Error
        If the user may not read pages.
    """
    from psycopg import sql

    page_of = sql.SQL("SELECT {}(%s, %s)").format(inspect)
    first = _page(connection, page_of, index, 0)
    magic, _, d, nlist = struct.unpack_from("<IIHH", first, HEADER_BYTES)
    if magic != MAGIC:
        raise TuneError(
            f"{index} is not an ivfflat index that kmbench can read", "report its pgvector version in an issue"
        )
    centroids = np.empty((nlist, d), dtype=np.float32)
    starts: list[int] = []
    at = 1
    while at != NO_PAGE and len(starts) < nlist:
        page = _page(connection, page_of, index, at)
        for item in _items(page):
            start, _ = struct.unpack_from("<II", item)
            # Behind the two page numbers: the length of the value, its dimension, two unused bytes.
            kind = "<f2" if half else "<f4"
            centroids[len(starts)] = np.frombuffer(item, dtype=kind, count=d, offset=16)
            starts.append(start)
        at = _next(page)
    if len(starts) != nlist:
        raise TuneError(f"{index} names {nlist} lists and holds {len(starts)}", "rebuild the index")
    entries, following = _entries(connection, index, inspect)
    sizes = np.zeros(nlist, dtype=np.int64)
    for number, start in enumerate(starts):
        at = start
        while at != NO_PAGE:
            sizes[number] += entries[at]
            at = following[at]
    return Lists(centroids=centroids, sizes=sizes)


def _page(connection: Any, query: Any, index: str, number: int) -> bytes:
    return bytes(connection.execute(query, (index, number), binary=True).fetchone()[0])


def _items(page: bytes) -> list[bytes]:
    """Return what the line pointers of a page point to."""
    lower = struct.unpack_from("<H", page, 12)[0]
    found = []
    for at in range(HEADER_BYTES, lower, POINTER_BYTES):
        (pointer,) = struct.unpack_from("<I", page, at)
        offset, length = pointer & 0x7FFF, pointer >> 17
        found.append(page[offset : offset + length])
    return found


def _next(page: bytes) -> int:
    """Return the number of the page that follows, from the special area at the page's end."""
    special = struct.unpack_from("<H", page, 16)[0]
    return int(struct.unpack_from("<I", page, special)[0])


def _entries(connection: Any, index: str, inspect: Any) -> tuple[list[int], list[int]]:
    """Return for each page how many entries it holds and which page follows; only their edges are sent."""
    from psycopg import sql

    query = sql.SQL(
        "SELECT substr(page, 1, 24) || substr(page, length(page) - 7, 8) FROM (SELECT {}(%s, number::int) AS page "
        "FROM generate_series(0, pg_relation_size(%s::regclass) / current_setting('block_size')::int - 1) AS number "
        "ORDER BY number) AS pages"
    ).format(inspect)
    entries, following = [], []
    for (edges,) in connection.execute(query, (index, index), binary=True):
        lower = struct.unpack_from("<H", edges, 12)[0]
        entries.append((lower - HEADER_BYTES) // POINTER_BYTES)
        following.append(int(struct.unpack_from("<I", edges, 24)[0]))
    return entries, following
