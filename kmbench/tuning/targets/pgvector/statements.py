"""The search as a statement, the indexes that a plan scans, and a table that stands with its index."""

from __future__ import annotations

from typing import Any

from kmbench.errors import TuneError
from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.targets.pgvector.operators import Operators

__all__ = ["find_index", "index_names", "search_statement"]

INDEX_OF = """
SELECT home.nspname, rows.relname, lists.relname, lists.reloptions
FROM pg_index JOIN pg_class AS lists ON lists.oid = indexrelid JOIN pg_am ON pg_am.oid = lists.relam
JOIN pg_class AS rows ON rows.oid = indrelid JOIN pg_namespace AS home ON home.oid = rows.relnamespace
WHERE indrelid = to_regclass(%s) AND amname = 'ivfflat' AND indisvalid
"""
DEFAULT_LISTS = 100
"""Of an index that was made without ``lists``."""


def search_statement(home: str, table: str, operators: Operators, kind: Kind, d: int, k: int) -> Any:
    """Return the statement that finds the ids of the k rows nearest to its one parameter."""
    from psycopg import sql

    cast = f"::vector({d})::{operators.type}" if kind.codec == "fp16" else ""
    text = "SELECT id FROM {}.{} ORDER BY {} {} (%s{}) LIMIT {}"
    return sql.SQL(text).format(
        sql.Identifier(home),
        sql.Identifier(table),
        sql.SQL(operators.expression),
        sql.SQL(operators.distance),
        sql.SQL(cast),
        sql.Literal(k),
    )


def index_names(plan: Any) -> set[str]:
    """Return the indexes that a plan scans, from ``EXPLAIN (FORMAT JSON)``."""
    if isinstance(plan, list):
        return set().union(*map(index_names, plan)) if plan else set()
    if not isinstance(plan, dict):
        return set()
    own = {plan["Index Name"]} if "Index Name" in plan else set()
    return own | index_names(list(plan.values()))


def find_index(connection: Any, table: str, nlist: int) -> tuple[str, str, str]:
    """Return the schema of a table, its name, and that of its one ivfflat index.

    Raises
    ------
    TuneError
        If there is no such table or index, there are several, or it has another number of lists.
    """
    from psycopg import sql

    found = connection.execute(INDEX_OF, (sql.Identifier(table).as_string(connection),)).fetchall()
    if not found:
        raise TuneError(
            f"{table} is not a table with an ivfflat index that this connection can see",
            "give its name: --target pgvector[table=NAME]",
        )
    if len(found) > 1:
        raise TuneError(f"{table} has {len(found)} ivfflat indexes", "drop those that are not served")
    home, name, index, options = found[0]
    held = int(dict(one.split("=") for one in options or []).get("lists", DEFAULT_LISTS))
    if held != nlist:
        raise TuneError(
            f"the index of {table} has {held} lists, the recipe has {nlist}", "rebuild it with the saved file"
        )
    return str(home), str(name), str(index)
