"""The processor, memory and GPUs of this host."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["describe_cpu", "describe_gpus", "describe_pages", "memory_total"]

_X86_FLAGS = "avx avx2 fma avx512f avx512_bf16 avx512_vnni avx_vnni amx_tile amx_bf16 hypervisor"
_ARM_FLAGS = "asimd asimddp bf16 i8mm sve sve2"
_FLAGS = frozenset(f"{_X86_FLAGS} {_ARM_FLAGS}".split())
"""The flags by which numeric libraries choose their kernels, and the one that says this is a virtual machine."""


def describe_cpu(root: str | Path = "/") -> dict[str, Any]:
    """Describe the processor: ``model, vendor, family, model_number, flags``; None for what is not told.

    Parameters
    ----------
    root : path
        Where ``proc`` is found.
    """
    fields = _first_processor(Path(root, "proc/cpuinfo"))
    model = fields.get("model name")
    if model is None and "CPU part" in fields:  # ARM tells numbers only
        model = f"implementer {fields.get('CPU implementer')} part {fields['CPU part']}"
    if model is None and sys.platform == "darwin":
        model = _output(["sysctl", "-n", "machdep.cpu.brand_string"])
    flags = fields.get("flags") or fields.get("Features") or ""
    return {
        "model": model,
        "vendor": fields.get("vendor_id"),
        "family": fields.get("cpu family"),
        "model_number": fields.get("model"),
        "flags": sorted(_FLAGS.intersection(flags.split())),
    }


BALLOON_DEVICE, REPORTING_FEATURE = 0x0005, 5
"""Device number of virtio's memory balloon, and the bit by which it reports free pages (virtio 1.2, section 5.5)."""


def describe_pages(root: str | Path = "/") -> dict[str, Any]:
    """Describe how the kernel provides memory: ``transparent_hugepages`` and ``free_pages_given_back``.

    Free pages are given back where a virtual machine's balloon device reports them to its host: memory that was freed
    has then to be provided anew, which takes time. None for what is not told.

    Parameters
    ----------
    root : path
        Where ``sys`` is found.
    """
    try:
        modes = Path(root, "sys/kernel/mm/transparent_hugepage/enabled").read_text().split()
        chosen = next((mode.strip("[]") for mode in modes if mode.startswith("[")), None)
    except OSError:
        chosen = None
    return {"transparent_hugepages": chosen, "free_pages_given_back": _gives_pages_back(Path(root))}


def _gives_pages_back(root: Path) -> bool | None:
    """Return whether a balloon device reports free pages; None where there is no such bus to ask."""
    devices = root / "sys/bus/virtio/devices"
    if not devices.is_dir():
        return None
    for device in sorted(devices.iterdir()):
        try:
            if int((device / "device").read_text(), 16) == BALLOON_DEVICE:
                return (device / "features").read_text().strip()[REPORTING_FEATURE : REPORTING_FEATURE + 1] == "1"
        except (OSError, ValueError):
            continue
    return False


def memory_total(root: str | Path = "/") -> int | None:
    """Return the bytes of memory of this host, or None if it does not tell.

    Parameters
    ----------
    root : path
        Where ``proc`` is found.
    """
    try:
        for line in Path(root, "proc/meminfo").read_text().splitlines():
            if line.startswith("MemTotal:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


def describe_gpus(timeout_seconds: float = 10) -> list[dict[str, Any]]:
    """Describe the NVIDIA GPUs: ``name, driver_version, memory_mib`` of each.

    Parameters
    ----------
    timeout_seconds : float
        How long ``nvidia-smi`` may take: on a host whose driver sleeps it needs seconds.

    Returns
    -------
    list of dict
        Empty without ``nvidia-smi``, and where it fails.
    """
    query = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    gpus = []
    for line in (_output(["nvidia-smi", *query], timeout_seconds) or "").splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) == 3:  # anything else is a message, such as "No devices were found"
            name, driver_version, memory = fields
            mebibytes = memory.removesuffix(" MiB")
            gpus.append(
                {
                    "name": name,
                    "driver_version": driver_version,
                    "memory_mib": int(mebibytes) if mebibytes.isdigit() else None,
                }
            )
    return gpus


def _first_processor(cpuinfo: Path) -> dict[str, str]:
    """Read the first block alone: the file is long where there are many cores, and they are alike."""
    fields: dict[str, str] = {}
    try:
        with cpuinfo.open(errors="replace") as lines:
            for line in lines:
                name, colon, value = line.partition(":")
                if not colon:
                    break
                fields[name.strip()] = value.strip()
    except OSError:
        pass
    return fields


def _output(command: list[str], timeout_seconds: float = 5) -> str | None:
    """Return what a program prints, or None if it is missing, fails or takes too long."""
    program = shutil.which(command[0])
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, *command[1:]], capture_output=True, timeout=timeout_seconds, check=True, text=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
