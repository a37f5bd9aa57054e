"""Peak memory of a GPU during a call, by the method that holds for the library that allocates it.

torch keeps the peak of its own allocator exactly; everything it computes with comes from there, but not the context
(some hundred MiB) nor what other libraries allocate. For those the driver is asked: NVML tells what is used on each
device as a whole, so nobody else may use it, and peaks shorter than the pause between two readings are missed. A
process of its own asks, because a thread would wait for an engine that holds the interpreter's lock.
"""

from __future__ import annotations

import subprocess
import sys
from typing import IO, Any, Literal, Self

__all__ = ["NVML", "TORCH", "DeviceMeter"]

TORCH = "torch.cuda.max_memory_allocated"
"""Method: the peak of torch's allocator, context excluded."""

NVML = "NVML sampler over all devices, a lower bound"
"""Method: what the driver says is used on all visible devices, every 5 ms, beyond what was used before."""

_SAMPLER_CODE = """
import select, sys
try:
    import pynvml
    pynvml.nvmlInit()
    devices = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
    used = lambda: sum(pynvml.nvmlDeviceGetMemoryInfo(device).used for device in devices)
    base = peak = used()
except Exception as error:
    print("error", type(error).__name__, error, flush=True)
    raise SystemExit
print(base, flush=True)
while not select.select([sys.stdin], [], [], 0.005)[0]:
    peak = max(peak, used())
print(max(peak, used()) - base, flush=True)
"""


class DeviceMeter:
    """Reads the peak of the device's memory inside a ``with`` block.

    Parameters
    ----------
    kind : {"torch", "nvml"}
        From the backend.
    sampler : str
        Code of the process that asks the driver; for tests to replace.

    Attributes
    ----------
    method : str
        `TORCH` or `NVML`, or why there is no figure.
    peak_bytes : int or None
        Set when the block ends; None where the method does not work here, which costs no row.
    """

    def __init__(self, kind: Literal["torch", "nvml"], sampler: str = _SAMPLER_CODE) -> None:
        self._kind, self._code = kind, sampler
        self.method = TORCH if kind == "torch" else NVML
        self.peak_bytes: int | None = None
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        if self._kind == "torch":
            import torch

            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
            self._before = int(torch.cuda.memory_allocated())
            return self
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", self._code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._fail_unless_number(self._line())
        return self

    def __exit__(self, *_: Any) -> None:
        if self._kind == "torch":
            import torch

            torch.cuda.synchronize()
            self.peak_bytes = int(torch.cuda.max_memory_allocated()) - self._before
        elif self._process is not None:
            process, self._process = self._process, None
            assert process.stdin is not None
            process.stdin.close()  # the end mark
            self.peak_bytes = self._fail_unless_number(_read(process.stdout))
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def _line(self) -> str:
        assert self._process is not None
        return _read(self._process.stdout)

    def _fail_unless_number(self, line: str) -> int | None:
        if line.strip().isdigit():
            return int(line)
        if self._process is not None:  # it could not begin
            process, self._process = self._process, None
            for stream in (process.stdin, process.stdout):
                assert stream is not None
                stream.close()
            process.wait()
        self.method = f"none: {line.removeprefix('error').strip() or 'the NVML sampler ended early'}"
        return None


def _read(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()
