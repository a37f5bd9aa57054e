"""Where distributed backends run: ``local:N``, ``tcp://HOST:PORT`` (Dask) or ``spark://HOST:PORT``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Cluster", "parse_cluster"]

_TEXT = re.compile(r"(?P<kind>tcp|spark)://(?P<host>\[[0-9A-Fa-f:]+\]|[\w.-]+):(?P<port>\d{1,5})", re.ASCII)

MOST_WORKERS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster as it was asked for.

    Attributes
    ----------
    kind : {"local", "tcp", "spark"}
        Processes that kmbench starts here, or the scheduler of a Dask or Spark cluster that runs already.
    workers : int or None
        Of a local cluster.
    address : str or None
        Of one that runs already; it is written to no record.
    """

    kind: Literal["local", "tcp", "spark"]
    workers: int | None = None
    address: str | None = None

    @property
    def public(self) -> str:
        """How records name it: without the address."""
        return f"local:{self.workers}" if self.kind == "local" else f"{self.kind}://"

    def refuses(self, kind: Literal["tcp", "spark"], threads: int) -> str | None:
        """Return why a backend of a kind cannot run there with so many threads, or None."""
        if self.kind != "local":
            name = {"tcp": "Dask", "spark": "Spark"}
            return (
                None
                if self.kind == kind
                else f"--cluster names a {name[self.kind]} cluster, but this backend runs on {name[kind]}"
            )
        assert self.workers is not None
        if threads % self.workers:
            return (
                f"{self.workers} workers cannot share {threads} threads evenly: choose --threads or --cluster local:N"
            )
        return None


def parse_cluster(text: str) -> Cluster:
    """Read ``local:N``, ``tcp://HOST:PORT`` or ``spark://HOST:PORT``.

    Raises
    ------
    ValueError
        With what would be right.
    """
    given = text.strip()
    local = re.fullmatch(r"local:(\d{1,4})", given, re.ASCII)
    if local is not None:
        workers = int(local[1])
        if not 1 <= workers <= MOST_WORKERS:
            raise ValueError(f"a local cluster has 1 to {MOST_WORKERS} workers")
        return Cluster(kind="local", workers=workers)
    match = _TEXT.fullmatch(given)
    if match is None or not 0 < int(match["port"]) < 2**16:
        raise ValueError("write local:N, tcp://HOST:PORT for Dask or spark://HOST:PORT")
    return Cluster(kind="tcp" if match["kind"] == "tcp" else "spark", address=given)
