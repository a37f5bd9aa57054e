"""Spark in a JVM that this process starts, alone or as the driver of a running cluster; and whether Java is there."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kmbench.backends.cluster import Cluster
from kmbench.shards import TemporaryFolder

__all__ = ["SPARK_VERSION", "Spark", "alive_jvm", "spark_for", "why_no_spark", "why_not_this_spark"]

SPARK_VERSION = "4.3"
"""Private calls of the Java side are used, so the minor version is fixed."""

LEAST_JAVA = 17
INSTALL_JAVA = "install Java 17 or newer, such as Debian's openjdk-17-jre-headless, or set JAVA_HOME"
LOOPBACK = "127.0.0.1"
LOOK_SECONDS = 10.0


class Spark:
    """A Spark session.

    Parameters
    ----------
    asked : Cluster or None
        None or a local one: Spark runs in one JVM, with `threads` threads.
    threads : int
    heap_mib : int
        Largest heap of the JVM; counts only where this call starts it.

    Attributes
    ----------
    session : pyspark.sql.SparkSession
    seconds : float
        Time until the session stood.
    """

    def __init__(self, asked: Cluster | None, threads: int, heap_mib: int) -> None:
        from pyspark.sql import SparkSession

        started = time.perf_counter()
        self._folder = TemporaryFolder("spark")
        local = asked is None or asked.address is None
        settings = {
            "spark.app.name": "kmbench",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.memory": f"{heap_mib}m",
            "spark.local.dir": self._folder.name,
            "spark.sql.warehouse.dir": self._folder.name,
            "spark.log.level": "ERROR",
            # At once: otherwise Spark stops by and by, and what it says then differs from run to run.
            "spark.driver.extraJavaOptions": "-XX:+ExitOnOutOfMemoryError",
        }
        if local:
            os.environ["SPARK_LOCAL_IP"] = LOOPBACK
            settings |= {"spark.driver.bindAddress": LOOPBACK, "spark.driver.host": LOOPBACK}
            self.master = f"local[{threads}]"
        else:
            assert asked is not None
            assert asked.address is not None
            settings["spark.cores.max"] = str(threads)
            self.master = asked.address
        builder = SparkSession.builder.master(self.master)
        for name, value in settings.items():
            builder = builder.config(name, value)
        self.session: Any = builder.getOrCreate()
        self.is_local, self.heap_mib = local, heap_mib
        self.seconds = time.perf_counter() - started

    @property
    def jvm(self) -> Any:
        """The Java side."""
        return self.session._jvm

    def pid(self) -> int | None:
        """Return the process id of the JVM."""
        process = getattr(self.session.sparkContext._gateway, "proc", None)
        return None if process is None else int(process.pid)

    def executors(self) -> int:
        """Return how many executors there are now, the driver included."""
        return int(self.session.sparkContext._jsc.sc().getExecutorMemoryStatus().size())

    def settings(self) -> dict[str, Any]:
        """Return what a record tells of the session."""
        system = self.jvm.System
        return {
            "master": self.master if self.is_local else "spark://",
            "executors": self.executors() - (0 if self.is_local else 1),
            "heap_mib": self.heap_mib,
            "java": str(system.getProperty("java.version")),
        }

    def stop(self) -> None:
        """End the session. Its JVM goes on until this process ends."""
        self.session.stop()
        self._folder.cleanup()


_sessions: list[tuple[tuple[Cluster | None, int], Spark]] = []


def spark_for(asked: Cluster | None, threads: int, heap_mib: int) -> Spark:
    """Return the session of this process: there can be one at a time."""
    if _sessions:
        key, found = _sessions[0]
        if key == (asked, threads):
            return found
        found.stop()
        _sessions.clear()
    spark = Spark(asked, threads, heap_mib)
    _sessions.append(((asked, threads), spark))
    return spark


@contextlib.contextmanager
def alive_jvm() -> Iterator[None]:
    """Say in a sentence what went wrong in the JVM; decorates every method that calls it.

    Of one that has ended, Python only sees that nothing answers on a port; of an exception, it shows the whole stack.

    Raises
    ------
    MemoryError
        If the heap was too small for a task.
    RuntimeError
        If the JVM has ended, or threw another exception.
    """
    from py4j.protocol import Py4JJavaError, Py4JNetworkError

    try:
        yield
    except (ConnectionError, Py4JNetworkError) as error:
        raise RuntimeError(
            "the JVM of Spark has ended, probably because its heap is too small: set a larger heap_mib"
        ) from error
    except Py4JJavaError as error:
        told = str(error.java_exception)
        if "OutOfMemoryError" in told:
            raise MemoryError("the heap of Spark's JVM is too small: set a larger heap_mib") from error
        raise RuntimeError(f"Spark: {told.partition(chr(10))[0]}") from error


@cache
def why_no_spark() -> str | None:
    """Return why Spark cannot run here, or None; nothing is started but perhaps ``java -version``."""
    try:
        version = importlib.metadata.version("pyspark")
    except importlib.metadata.PackageNotFoundError:
        return "pyspark is not installed: pip install 'kmbench[spark]'"
    if not version.startswith(f"{SPARK_VERSION}."):
        return f"pyspark {version} is installed, but {SPARK_VERSION} is needed: pip install 'kmbench[spark]'"
    return why_no_java(os.environ.get("JAVA_HOME"), shutil.which("java"))


def why_no_java(home: str | None, on_path: str | None) -> str | None:
    """Return why there is no Java for Spark, or None.

    Parameters
    ----------
    home, on_path : str or None
        ``JAVA_HOME``, which Spark takes unchecked where it is set, and what the search path finds.
    """
    java = Path(home, "bin", "java") if home else Path(on_path) if on_path else None
    if java is None:
        return f"there is no Java: {INSTALL_JAVA}"
    if not java.is_file():
        return f"JAVA_HOME is set, but {java} does not exist: correct or unset it"
    version = _java_version(java.resolve())
    if version is None:
        return f"{java} does not report its version: {INSTALL_JAVA}"
    if version < LEAST_JAVA:
        return f"{java} is Java {version}: {INSTALL_JAVA}"
    return None


def _java_version(java: Path) -> int | None:
    try:
        text = (java.parents[1] / "release").read_text()
        match = re.search(r'^JAVA_VERSION="(\d+)', text, re.MULTILINE)
    except OSError:
        match = None
    if match is None:
        try:
            told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        match = re.search(r'version "(\d+)', told.stderr)
    return None if match is None else int(match[1])


@cache
def why_not_this_spark(address: str) -> str | None:
    """Return why no Spark master answers at an address, or None."""
    parts = urlsplit(address)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), LOOK_SECONDS).close()
    except OSError as error:
        return f"no Spark master answers at the address of --cluster: {error.strerror or error}"
    return None
