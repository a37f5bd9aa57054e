"""The target `pgvector`."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, SecretStr

from kmbench.errors import TuneError
from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.problem.space import FloatMatrix
from kmbench.tuning.targets.base import Answers, Built, Lists, Setting, Standing, Target, TargetParams, Task
from kmbench.tuning.targets.pgvector.connection import connect, libpq_is_told, postgres_errors, require_vector
from kmbench.tuning.targets.pgvector.copying import copy_blocks, read_copied
from kmbench.tuning.targets.pgvector.memory import MOST_MIB, maintenance_mib
from kmbench.tuning.targets.pgvector.operators import MOST_COLUMNS, operators_of
from kmbench.tuning.targets.pgvector.pages import read_lists
from kmbench.tuning.targets.pgvector.snippet import pgvector_snippet, write_copy_files
from kmbench.tuning.targets.pgvector.statements import find_index, index_names, search_statement

__all__ = ["Pgvector", "PgvectorParams"]


class PgvectorParams(TargetParams):
    """Parameters of the target.

    Attributes
    ----------
    dsn : SecretStr or None
        libpq's connection string; its variables, service and password files hold beside it.
    """

    dsn: SecretStr | None = Field(None)


class Pgvector(Target):
    """ivfflat of pgvector, in a schema of its own that is dropped at the end."""

    name, title, lists_name, probes_name = "pgvector", "pgvector", "lists", "ivfflat.probes"
    snippet_file = "pgvector.sql"
    Params = PgvectorParams
    most_lists = 32_768
    why_hidden = "that needs the extension pageinspect and the rights of a superuser"
    retrained_by = "REINDEX, and restoring a dump,"
    params: PgvectorParams

    def __init__(self, params: TargetParams, task: Task) -> None:
        super().__init__(params, task)
        self._sql = operators_of(task.kind, task.metric, task.d)
        self._connection: Any = None
        self._schema = f"kmbench_{os.getpid()}_{secrets.token_hex(4)}"
        self._home, self._table, self._index = self._schema, "vectors", ""
        self._nlist = 0
        self._by_index: dict[int, bool] = {}
        self._set_to: tuple[int, bool] | None = None

    @classmethod
    def why_not_kind(cls, kind: Kind, d: int) -> tuple[str, str] | None:
        """Return why pgvector has no such index: its lists hold vectors or halfvecs."""
        if kind.refine or kind.codec not in MOST_COLUMNS:
            return "pgvector's lists hold whole vectors or halfvecs", "use flat or fp16"
        most = MOST_COLUMNS[kind.codec]
        if d > most:
            hint = "use --index fp16" if d <= MOST_COLUMNS["fp16"] else "reduce the dimension"
            return f"an index takes at most {most:,} columns, the data has {d:,}", hint
        return None

    def why_not_measured(self) -> str | None:
        """Return why there is no server: neither dsn= nor libpq's variables name one."""
        if self.params.dsn is None and not libpq_is_told():
            return "no server is named: give dsn=, or set PGHOST or PGSERVICE"
        return None

    def snippet(self, setting: Setting) -> dict[str, str]:
        """Return ``pgvector.sql`` for psql."""
        return {self.snippet_file: pgvector_snippet(self.task, setting)}

    def write_data(self, folder: Path, ids: NDArray[np.int64], X: FloatMatrix, centroids: FloatMatrix | None) -> None:
        """Write ``vectors.pgcopy`` and ``centroids.pgcopy``, which psql copies into tables."""
        write_copy_files(folder, ids, X, centroids)

    def __enter__(self) -> Self:
        """Connect; a schema is made when rows are loaded."""
        self._connection = connect(self.params.dsn)
        try:
            self._vector = require_vector(self._connection)
            from pgvector.psycopg import register_vector

            register_vector(self._connection)
            if self.params.table is not None:
                self._refuse_existing(self.params.table)
        except BaseException:
            self._connection.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop the schema with all that is in it; by a new connection where the old one is lost."""
        import psycopg

        try:
            self._execute("DROP SCHEMA IF EXISTS {schema} CASCADE")
        except psycopg.Error:
            with contextlib.suppress(psycopg.Error):
                self._connection.close()
            with contextlib.suppress(psycopg.Error, TuneError):
                self._connection = connect(self.params.dsn)
                self._execute("DROP SCHEMA IF EXISTS {schema} CASCADE")
        finally:
            self._connection.close()

    def versions(self) -> dict[str, str]:
        """Return the versions of PostgreSQL and of the extension."""
        server = str(self._connection.execute("SHOW server_version").fetchone()[0])
        return {"PostgreSQL": server.split()[0], "pgvector": self._vector}

    def load(self, ids: NDArray[np.int64], X: FloatMatrix, progress: Callable[[float], None]) -> None:
        """Copy rows into a table, in one transaction."""
        with postgres_errors(f"loading {len(X):,} rows", self.params.dsn), self._connection.transaction():
            self._execute("CREATE SCHEMA {schema}")
            self._create_table("vectors")
            self._copy("vectors", ids, X, progress)

    def build(self, nlist: int, centroids: FloatMatrix | None = None) -> Built:
        """Create the index over the rows; with centroids first over these alone, and then put the rows in.

        Over as many different rows as lists, pgvector's k-means returns the rows.
        """
        d = self.task.d
        memory = maintenance_mib(nlist, self.task.n, d)
        if memory > MOST_MIB:
            raise TuneError(
                f"{nlist} lists need {memory:,} MiB of maintenance_work_mem, more than PostgreSQL allows",
                "use a smaller --nlist",
            )
        self._nlist, self._by_index, self._set_to = nlist, {}, None
        with postgres_errors(f"building an index of {nlist} lists", self.params.dsn):
            self._execute(
                "SELECT set_config('maintenance_work_mem', greatest({memory}, setting::int / 1024) || 'MB', false) "
                "FROM pg_settings WHERE name = 'maintenance_work_mem'",
                memory=memory,
            )
            began = time.perf_counter()
            if centroids is None:
                self._execute("DROP INDEX IF EXISTS {schema}.vectors_lists")
                self._create_index("vectors", nlist)
            else:
                self._build_from(self._distinct(centroids))
            self._execute("VACUUM ANALYZE {schema}.{table}")
            seconds = time.perf_counter() - began
            size = self._execute("SELECT pg_relation_size({index}::regclass)").fetchone()[0]
        return Built(seconds=seconds, bytes=int(size))

    def read_back(self) -> Lists | None:
        """Return the lists by pageinspect, or None where the user may not read pages."""
        import psycopg
        from psycopg import sql

        try:
            with self._connection.transaction():
                schema = self._inspect_schema()
                inspect = sql.Identifier(schema, "get_raw_page")
                half = self.task.kind.codec == "fp16"
                lists = read_lists(self._connection, self._index_name(), inspect, half)
        except (
            psycopg.errors.InsufficientPrivilege,
            psycopg.errors.FeatureNotSupported,
            psycopg.errors.UndefinedFile,
        ):
            return None
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            with postgres_errors("reading the lists", self.params.dsn):
                raise error
        if lists.nlist != self._nlist:
            raise TuneError(
                f"the index has {lists.nlist} lists, not the {self._nlist} that were asked for",
                "report this with the versions of the server",
            )
        return lists

    def search(self, queries: FloatMatrix, nprobe: int, k_factor: int = 1, warm: int = 0) -> Answers:
        """Ask one query at a time over one connection, by a prepared statement."""
        k = self.task.k
        ids = np.full((len(queries), k), -1, dtype=np.int64)
        seconds = np.empty(len(queries))
        query = self._statement()
        with postgres_errors(f"searching with {nprobe} probes", self.params.dsn):
            self._set(nprobe, force=not self.plan(nprobe))
            cursor = self._connection.cursor(binary=True)
            for row in queries[:warm]:
                cursor.execute(query, (row,), prepare=True).fetchall()
            for number, row in enumerate(queries):
                began = time.perf_counter()
                found = cursor.execute(query, (row,), prepare=True).fetchall()
                seconds[number] = time.perf_counter() - began
                ids[number, : len(found)] = [one[0] for one in found]
        return Answers(ids=ids, seconds=seconds)

    def plan(self, nprobe: int) -> bool:
        """Return whether PostgreSQL plans with the index at this setting.

        Raises
        ------
        TuneError
            If it does not even where sequential scans are ruled out.
        """
        if nprobe not in self._by_index:
            with postgres_errors("planning a search", self.params.dsn):
                self._set(nprobe, force=False)
                self._by_index[nprobe] = self._planned_with_index()
                if not self._by_index[nprobe]:
                    self._set(nprobe, force=True)
                    if not self._planned_with_index():
                        raise TuneError(
                            f"PostgreSQL plans the search with {nprobe} probes without the index",
                            "check that enable_indexscan is on for this role and database",
                        )
        return self._by_index[nprobe]

    def keep(self, ids: NDArray[np.int64], X: FloatMatrix) -> None:
        """Add rows, and move the table out of the schema under the name that the user gave."""
        name = str(self.params.table)
        with postgres_errors(f"keeping the table {name}", self.params.dsn):
            self._refuse_existing(name)
            with self._connection.transaction():
                if len(X):
                    self._copy(self._table, ids, X, lambda share: None)
                self._execute(
                    "ALTER INDEX {schema}.{index_name} RENAME TO {new_index}", new_index=f"{name[:50]}_lists"
                )
                self._execute("ALTER TABLE {schema}.{table} RENAME TO {name}", name=name)
                home = self._connection.execute("SELECT current_schema()").fetchone()[0]
                self._execute("ALTER TABLE {schema}.{name} SET SCHEMA {home}", name=name, home=home)
            self._execute("VACUUM ANALYZE {home}.{name}", home=home, name=name)

    def attach(self, table: str, nlist: int) -> Standing:
        """Read a table and the lists of its ivfflat index over the column ``embedding``."""
        from psycopg import sql

        with postgres_errors(f"reading the table {table}", self.params.dsn):
            self._home, self._table, self._index = find_index(self._connection, table, nlist)
            self._nlist = nlist
            text = sql.SQL("COPY (SELECT id::bigint, embedding FROM {}.{} WHERE embedding IS NOT NULL) TO STDOUT "
                           "(FORMAT BINARY)").format(sql.Identifier(self._home), sql.Identifier(table))  # fmt: skip
            with self._connection.cursor().copy(text) as copy:
                ids, X = read_copied(copy, self.task.d)
        return Standing(ids=ids, X=X, lists=self.read_back())

    def facts(self, nprobe: int) -> Sequence[str]:
        """Return what the server's memory for sorts is, and what it does."""
        size = self._connection.execute("SHOW work_mem").fetchone()[0]
        return (f"Every scanned row is sorted under work_mem, which is {size} on this server.",)

    def _index_name(self) -> str:
        """Return the name of the index with its schema, as ``regclass`` reads it."""
        from psycopg import sql

        return str(sql.Identifier(self._home, self._own_index()).as_string(self._connection))

    def _own_index(self) -> str:
        return self._index or f"{self._table}_lists"

    def _execute(self, text: str, **names: Any) -> Any:
        """Run a statement in which names in braces stand for identifiers, and numbers for themselves."""
        from psycopg import sql

        known: dict[str, Any] = {
            "schema": self._schema, "table": self._table, "index_name": f"{self._table}_lists", **names
        }  # fmt: skip
        parts = {
            name: sql.Literal(value) if isinstance(value, int) else sql.Identifier(value)
            for name, value in known.items()
        }
        parts["index"] = sql.Literal(self._index_name())
        for name in ("expression", "operator_class", "type"):
            parts[name] = sql.SQL(getattr(self._sql, name))
        return self._connection.execute(sql.SQL(text).format(**parts))

    def _create_table(self, table: str) -> None:
        self._execute("CREATE TABLE {schema}.{new} (id bigint, embedding vector({d}))", new=table, d=self.task.d)

    def _create_index(self, table: str, nlist: int) -> None:
        self._execute(
            "CREATE INDEX {new_index} ON {schema}.{new} USING ivfflat ({expression} {operator_class}) "
            "WITH (lists = {nlist})",
            new_index=f"{table}_lists",
            new=table,
            nlist=nlist,
        )

    def _copy(self, table: str, ids: NDArray[np.int64], X: FloatMatrix, progress: Callable[[float], None]) -> None:
        from psycopg import sql

        text = sql.SQL("COPY {}.{} (id, embedding) FROM STDIN (FORMAT BINARY)")
        statement = text.format(sql.Identifier(self._schema), sql.Identifier(table))
        with self._connection.cursor().copy(statement) as copy:
            for piece, share in copy_blocks(ids, X):
                copy.write(piece)
                progress(share)

    def _build_from(self, centroids: FloatMatrix) -> None:
        """Build over the centroids alone, take them out, and put the rows in."""
        self._table = "vectors"
        with self._connection.transaction():
            self._execute("DROP TABLE IF EXISTS {schema}.from_centroids")
            self._create_table("from_centroids")
            self._copy("from_centroids", -1 - np.arange(len(centroids)), centroids, lambda share: None)
            self._create_index("from_centroids", len(centroids))
            self._execute("DELETE FROM {schema}.from_centroids")
            self._execute("INSERT INTO {schema}.from_centroids SELECT id, embedding FROM {schema}.vectors")
        self._table = "from_centroids"

    def _distinct(self, centroids: FloatMatrix) -> FloatMatrix:
        """Return the centroids, if pgvector can tell them apart."""
        stored = centroids.astype(np.float16) if self.task.kind.codec == "fp16" else centroids
        doubles = len(stored) - len(np.unique(stored, axis=0))
        if doubles:
            raise TuneError(
                f"{doubles} of {len(centroids)} centroids are duplicates, and pgvector keeps only one of each",
                "use a smaller --nlist, or centroids=own",
            )
        return centroids

    def _refuse_existing(self, name: str) -> None:
        query = "SELECT 1 FROM pg_class WHERE relname = %s AND relnamespace = current_schema()::regnamespace"
        if self._connection.execute(query, (name,)).fetchone() is not None:
            raise TuneError(f"the table {name} exists, and kmbench does not write to tables that it did not create",
                            "give another table=, or drop it")  # fmt: skip

    def _inspect_schema(self) -> str:
        """Return the schema of pageinspect; where it is not there it is made in the scratch schema."""
        query = (
            "SELECT nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace "
            "WHERE extname = 'pageinspect'"
        )
        found = self._connection.execute(query).fetchone()
        if found is not None:
            return str(found[0])
        self._execute("CREATE SCHEMA IF NOT EXISTS {schema}")
        self._execute("CREATE EXTENSION pageinspect SCHEMA {schema}")
        return self._schema

    def _statement(self) -> Any:
        task = self.task
        return search_statement(self._home, self._table, self._sql, task.kind, task.d, task.k)

    def _set(self, nprobe: int, force: bool) -> None:
        if self._set_to == (nprobe, force):
            return
        connection = self._connection
        connection.execute("SELECT set_config('ivfflat.probes', %s, false)", (str(nprobe),))
        connection.execute("SELECT set_config('enable_seqscan', %s, false)", ("off" if force else "on",))
        # A prepared statement would keep the plan of the setting before.
        connection.execute("DISCARD PLANS")
        self._set_to = (nprobe, force)

    def _planned_with_index(self) -> bool:
        from psycopg import sql

        row = np.zeros(self.task.d, dtype=np.float32)
        row[0] = 1.0
        text = self._connection.execute(sql.SQL("EXPLAIN (FORMAT JSON) ") + self._statement(), (row,)).fetchone()[0]
        return self._own_index() in index_names(text)
