"""The language between the runner and its workers: one JSON object per line, over pipes of their own.

A worker's standard output and error belong to the engine it runs: what engines print there would corrupt a
protocol, so the protocol has its own two descriptors, whose numbers come in the environment.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kmbench.records import Status

__all__ = ["FDS_VARIABLE", "PROTOCOL", "Handler", "encode", "serve"]

PROTOCOL = 3
"""Version of the commands and replies; raised when a runner and a worker of the two versions would misunderstand."""

FDS_VARIABLE = "KMBENCH_CHANNEL"
"""Environment variable: the descriptors to read commands from and to write replies to, and the runner's pid."""

Handler = Callable[..., dict[str, Any]]

_PR_SET_PDEATHSIG = 1


def encode(message: dict[str, Any]) -> bytes:
    """Return a message as one line."""
    return json.dumps(message, allow_nan=True).encode() + b"\n"


def serve(handlers: dict[str, Handler]) -> None:
    """Answer commands until the other side closes its end, then end the process.

    A handler that raises is answered with a failure and ends the worker, because an engine that raised may be in
    any state.
    """
    faulthandler.enable()
    read_fd, write_fd, runner = (int(part) for part in os.environ.pop(FDS_VARIABLE).split(","))
    _die_with(runner)
    handlers = {"hello": _hello} | handlers
    with os.fdopen(read_fd, "rb") as commands, os.fdopen(write_fd, "wb", buffering=0) as replies:
        for line in commands:
            command = json.loads(line)
            try:
                reply = {"ok": handlers[command.pop("op")](**command)}
            except BaseException as error:
                traceback.print_exc()
                sys.stderr.flush()
                replies.write(encode({"failure": _describe(error)}))
                break
            replies.write(encode(reply))
    sys.stdout.flush()
    sys.stderr.flush()
    ctypes.CDLL(None).fflush(None)  # what engines wrote with C's own buffers
    os._exit(0)  # at once: to tidy up what scikit-learn and SciPy have loaded takes half a second


def _hello() -> dict[str, Any]:
    """Tell which protocol this is, and where this kmbench was imported from."""
    return {"protocol": PROTOCOL, "package": str(Path(__file__).parents[1])}


MEMORY_WORDS = ("bad_alloc", "out of memory", "out_of_memory", "outofmemoryerror", "cudaerrormemoryallocation")
"""What messages of exhausted memory hold, in small letters: C++, CUDA and torch, RMM, Java, FAISS (``cudaMalloc error
out of memory``)."""


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on the host or on a device; engines raise what they like.

    torch raises ``torch.OutOfMemoryError``, a RuntimeError; FAISS and cuVS give the message of a C++ exception.
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error).lower()
    return any(words in text for words in MEMORY_WORDS)


def _describe(error: BaseException) -> dict[str, str]:
    status = Status.OUT_OF_MEMORY if _is_out_of_memory(error) else Status.ERROR
    text = " ".join(str(error).encode("utf-8", "replace").decode().split())
    reason = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return {"status": status.value, "reason": reason[:500]}


def _die_with(runner: int) -> None:
    """Ask Linux to end this process when the runner is killed, so that no fit goes on unobserved."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != runner:  # it was killed before this line
        sys.exit("the runner has ended")
