"""Start a worker process, talk to it, and end it: by timeout, by memory, or when it has taken itself down."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from kmbench.instruments import cpu_seconds_of, descendants, resident_bytes, room_for_a_process, thread_environment
from kmbench.records import Status
from kmbench.runner.channel import FDS_VARIABLE, encode

__all__ = ["Limits", "WorkerFailure", "WorkerProcess"]

LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS, WATCH_SHARE = 0.05, 1.0, 0.01
"""How long a busy worker's memory is not read, and the most of a core that reading may take. It costs a hundred
microseconds for one process, and milliseconds for the many threads and processes of a cluster; and an engine that
works on all cores waits for it with all its threads."""

GROWTH_BYTES_PER_SECOND = 2**33
"""No worker fills memory faster: the kernel clears some 5 GB/s on two cores."""

GRACE_SECONDS = 2.0
"""Time between the request to end and the kill."""

OUTPUT_TAIL_BYTES = 4000
"""How much of what an engine printed is kept with the record."""


class WorkerFailure(Exception):  # noqa: N818 - it carries a status, and is no bug
    """A worker that did not do what it was asked; becomes the status and reason of its cell."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use, and how its threads wait.

    Attributes
    ----------
    timeout_seconds : float or None
        For each step it is asked to do.
    memory_bytes : int or None
        Resident memory of the process and of those that it has started; None: what they hold plus four fifths of
        what is free.
    passive_wait : bool
        Idle OpenMP threads sleep instead of spinning. On a busy host spinning threads take the cores from those
        that work, which slows FAISS down several times and can turn a ranking around.
    blas_coretype : str or None
        Kernel architecture that all OpenBLAS libraries of the worker are told to use.
    cores : tuple of int or None
        Numbers of the cores that the worker is bound to.
    """

    timeout_seconds: float | None
    memory_bytes: int | None
    passive_wait: bool = False
    blas_coretype: str | None = None
    cores: tuple[int, ...] | None = None


def seconds_until_next_look(room_bytes: int, look_seconds: float, left_seconds: float | None) -> float:
    """Return how long a worker need not be looked at.

    Parameters
    ----------
    room_bytes : int
        What it may still take until its memory limit: the more, the later it can get there.
    look_seconds : float
        What the last look took.
    left_seconds : float or None
        Until its timeout.
    """
    pause = min(MOST_PAUSE_SECONDS, room_bytes / GROWTH_BYTES_PER_SECOND)
    pause = max(LEAST_PAUSE_SECONDS, pause, look_seconds / WATCH_SHARE)
    return pause if left_seconds is None else max(0.0, min(pause, left_seconds))


class WorkerProcess:
    """A worker in a process group of its own.

    Attributes
    ----------
    unwaited_seconds : float
        CPU time of what workers had started and left to be ended with them, such as a JVM: of all workers so far. The
        system adds up for a process only the time of children that were waited for.

    Parameters
    ----------
    module : str
        Module to run, which calls `kmbench.runner.channel.serve`.
    threads : int
        Thread variables are set to it before the interpreter starts.
    limits : Limits
    log : Path
        File that takes what the worker and its engine print.
    tree : Path, optional
        Folder whose packages, kmbench's own among them, come before the installed ones.
    """

    unwaited_seconds: ClassVar[float] = 0.0

    def __init__(self, module: str, threads: int, limits: Limits, log: Path, tree: Path | None = None) -> None:
        self.limits = limits
        self._log = log
        self._buffer = b""
        self._counted = False
        command_read, self._commands = os.pipe()
        self._replies, reply_write = os.pipe()
        environment = os.environ | thread_environment(threads)
        if limits.passive_wait:
            environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        if limits.blas_coretype is not None:
            environment["OPENBLAS_CORETYPE"] = limits.blas_coretype
        if tree is not None:
            paths = [str(tree), *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
            environment["PYTHONPATH"] = os.pathsep.join(paths)
        environment["TMPDIR"] = str(log.parent)  # what an engine leaves there is removed with the run
        environment |= {FDS_VARIABLE: f"{command_read},{reply_write},{os.getpid()}", "PYTHONUNBUFFERED": "1"}
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(command_read, reply_write),
                env=environment,
                start_new_session=True,
            )
        if limits.cores is not None:
            # Before any library is loaded: its threads are started later and inherit this.
            os.sched_setaffinity(self._process.pid, limits.cores)
        os.close(command_read)
        os.close(reply_write)

    def request(self, op: str, **arguments: Any) -> dict[str, Any]:
        """Ask for one step and wait for its reply.

        Raises
        ------
        WorkerFailure
            If the step raised, took too long or too much memory, or the process died. The worker is then gone.
        """
        self.post(op, **arguments)
        return self.collect()

    def post(self, op: str, **arguments: Any) -> None:
        """Ask for one step; `collect` waits for its reply.

        Raises
        ------
        WorkerFailure
            If the process has died.
        """
        try:
            os.write(self._commands, encode({"op": op} | arguments))
        except BrokenPipeError:
            raise self._death() from None

    def collect(self) -> dict[str, Any]:
        """Wait for the reply to what was posted; raises as `request` does."""
        reply = json.loads(self._read_line())
        if "failure" in reply:
            failure = reply["failure"]
            self._wait_or_kill()
            raise WorkerFailure(Status(failure["status"]), failure["reason"])
        answer: dict[str, Any] = reply["ok"]
        return answer

    def _read_line(self) -> bytes:
        started = time.monotonic()
        memory_limit = self.limits.memory_bytes or self._resident() + room_for_a_process(None)
        pause = LEAST_PAUSE_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._replies, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if selector.select(pause):
                    chunk = os.read(self._replies, 65536)
                    if not chunk:
                        raise self._death()
                    self._buffer += chunk
                    continue
                looked = time.monotonic()
                room = self._check_limits(looked - started, memory_limit)
                now = time.monotonic()
                timeout = self.limits.timeout_seconds
                left = None if timeout is None else timeout - (now - started)
                pause = seconds_until_next_look(room, now - looked, left)
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _check_limits(self, seconds: float, memory_limit: int) -> int:
        """Return how many bytes are left until the memory limit, or end the worker that has reached one."""
        timeout = self.limits.timeout_seconds
        if timeout is not None and seconds > timeout:
            self.kill()
            raise WorkerFailure(Status.TIMEOUT, f"stopped after {timeout:g} s, the timeout of one step")
        resident = self._resident()
        if resident > memory_limit:
            self.kill()
            reason = (
                f"stopped at {resident / 2**20:.0f} MiB, above the memory limit of {memory_limit / 2**20:.0f} MiB"
            )
            raise WorkerFailure(Status.OUT_OF_MEMORY, reason)
        return memory_limit - resident

    def _resident(self) -> int:
        """Return what the worker and the processes that it has started hold."""
        pid = self._process.pid
        return resident_bytes([pid, *descendants(pid)])

    def _death(self) -> WorkerFailure:
        """Say how the process ended; its end of the pipe is closed, so it has ended or is about to."""
        code = self._wait_or_kill()
        if code == -signal.SIGKILL:
            return WorkerFailure(
                Status.OUT_OF_MEMORY, "killed by signal 9, which the kernel sends when memory runs out"
            )
        if code < 0:
            return WorkerFailure(Status.CRASHED, f"killed by signal {-code} ({signal.Signals(-code).name})")
        return WorkerFailure(Status.CRASHED, f"ended unexpectedly with exit code {code}")

    def output(self) -> str:
        """Return the end of what the worker and its engine printed."""
        try:
            size = self._log.stat().st_size
            with self._log.open("rb") as file:
                file.seek(max(0, size - OUTPUT_TAIL_BYTES))
                return _without_folders(file.read().decode("utf-8", "replace").strip())
        except OSError:
            return ""

    def close(self) -> None:
        """Let the worker end by itself, and end it if it does not."""
        self._count_descendants()
        with contextlib.suppress(OSError):
            os.close(self._commands)
        self._commands = -1
        self._wait_or_kill()
        with contextlib.suppress(OSError):
            os.close(self._replies)
        self._replies = -1

    def kill(self) -> None:
        """End the whole process group, children of the engine included."""
        self._count_descendants()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)
            if number == signal.SIGTERM:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(GRACE_SECONDS)
        self._process.wait()
        self._end_group()

    def _count_descendants(self) -> None:
        if not self._counted:
            self._counted = True
            WorkerProcess.unwaited_seconds += sum(cpu_seconds_of(descendants(self._process.pid)).values())

    def _end_group(self) -> None:
        """End what the engine has started and the worker has left behind: processes of a cluster, a JVM."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _wait_or_kill(self) -> int:
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._end_group()
        return self._process.returncode

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _without_folders(text: str) -> str:
    """Cut what says where this machine keeps things: records are passed on."""
    folders = {path.rstrip(os.sep) for path in sys.path if Path(path).is_absolute()}
    for folder in sorted(folders - {""}, key=len, reverse=True):
        text = text.replace(folder + os.sep, "")
    return text.replace(str(Path.home()) + os.sep, "~" + os.sep)
