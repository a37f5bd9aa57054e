"""Connections to PostgreSQL, and its errors in a line that holds no password."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from kmbench.errors import TuneError

__all__ = ["LEAST_PGVECTOR", "LEAST_SERVER", "connect", "libpq_is_told", "postgres_errors", "require_vector"]

LEAST_SERVER, LEAST_PGVECTOR = 13, (0, 7)

TELLING = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE")
"""Variables of libpq that say which server is meant."""

INSTALL = "pip install 'kmbench[pgvector]'"


def libpq_is_told() -> bool:
    """Return whether libpq's variables name a server."""
    return any(os.environ.get(name) for name in TELLING)


def connect(dsn: SecretStr | None) -> Any:
    """Return a connection that commits each statement.

    Raises
    ------
    TuneError
        If psycopg is missing, the DSN cannot be read, or no server answers.
    """
    try:
        import psycopg
        from pgvector.psycopg import register_vector  # noqa: F401
        from psycopg import conninfo
    except ImportError as error:
        raise TuneError(f"--target pgvector needs a driver: {error}", INSTALL) from None
    text = "" if dsn is None else dsn.get_secret_value()
    try:
        known = conninfo.conninfo_to_dict(text)
    except psycopg.Error:
        # libpq repeats what it cannot read, which may be a password.
        raise TuneError(
            "--target pgvector: dsn= is not a connection string",
            "write dsn='host=HOST dbname=NAME user=NAME' or dsn='postgresql://HOST/NAME'",
        ) from None
    known.setdefault("connect_timeout", 10)
    try:
        return psycopg.connect(**known, autocommit=True, application_name="kmbench")
    except psycopg.OperationalError as error:
        raise TuneError(
            f"no connection to PostgreSQL: {_line(error, dsn)}",
            "check dsn=, or PGHOST, PGUSER and PGDATABASE; passwords are read from ~/.pgpass",
        ) from None


def require_vector(connection: Any) -> str:
    """Return the version of the extension, and see that it and the server are recent enough.

    Raises
    ------
    TuneError
        If the extension is missing or too old, with how to get it.
    """
    server = connection.info.server_version // 10_000
    if server < LEAST_SERVER:
        raise TuneError(f"PostgreSQL {server} is too old", f"kmbench measures {LEAST_SERVER} and newer")
    found = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    if found is None:
        offered = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'").fetchone()
        database = connection.info.dbname
        hint = (
            "run CREATE EXTENSION vector in it"
            if offered
            else f"install pgvector on the server (Debian: postgresql-{server}-pgvector), then run CREATE EXTENSION"
        )
        raise TuneError(f"the database {database} has no extension vector", hint)
    version = str(found[0])
    if tuple(int(part) for part in version.split(".")[:2]) < LEAST_PGVECTOR:
        least = ".".join(map(str, LEAST_PGVECTOR))
        raise TuneError(
            f"pgvector {version} is too old", f"update it to {least} or newer: ALTER EXTENSION vector UPDATE"
        )
    return version


@contextmanager
def postgres_errors(what: str, dsn: SecretStr | None) -> Iterator[None]:
    """Turn the driver's errors into one line that says what was being done.

    Raises
    ------
    TuneError
    """
    import psycopg

    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise TuneError(f"{what}: {_line(error, dsn)}", "ask for the permission, or use another database") from None
    except (psycopg.errors.ProgramLimitExceeded, psycopg.errors.OutOfMemory) as error:
        raise TuneError(
            f"{what}: {_line(error, dsn)}", "use fewer lists (--nlist), or give the server more memory"
        ) from None
    except psycopg.errors.DiskFull as error:
        raise TuneError(f"{what}: {_line(error, dsn)}", "free some space on the server") from None
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise TuneError(f"{what}: the connection was lost: {_line(error, dsn)}", "see the server's log") from None
    except psycopg.Error as error:
        raise TuneError(f"{what}: {_line(error, dsn)}") from None


def _line(error: Exception, dsn: SecretStr | None) -> str:
    """Return the first line of an error, without the password that the DSN holds."""
    from psycopg import conninfo

    text = " ".join(str(error).split("\n", 1)[0].split()) or type(error).__name__
    known = conninfo.conninfo_to_dict("" if dsn is None else dsn.get_secret_value())
    for secret in (known.get("password"), os.environ.get("PGPASSWORD")):
        if secret:
            text = text.replace(str(secret), "***")
    return text
