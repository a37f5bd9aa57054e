"""A database for the tests of targets, and a small problem that is tuned for."""

from dataclasses import dataclass

import pytest
from real_postgres import missing, running_postgres
from tuning_problems import problem_of

from kmbench.tuning.targets.registry import read_target


@pytest.fixture(scope="session")
def postgres():
    """A real PostgreSQL with pgvector, shared by all tests; none of them may end it."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def own_postgres():
    """A server of a test's own, which it may kill."""
    with running_postgres() as server:
        yield server


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
