"""The host as it stands in ``host.json``: everything that figures depend on, and nothing that says whose it is."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kmbench.instruments.cgroup import cpu_quota, memory_limit
from kmbench.instruments.hardware import describe_cpu, describe_gpus, describe_pages, memory_total
from kmbench.instruments.software import describe_git, package_versions, relevant_environment

__all__ = ["describe_host", "fingerprint", "machine_name"]


def describe_host(
    *,
    root: str | Path = "/",
    project: str | Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Describe this host, ready for JSON.

    Records get published, so the host's name, the user's and absolute paths stay out.

    Parameters
    ----------
    root : path
        Where ``proc`` and ``sys`` are found.
    project : path, optional
        Folder whose git checkout is named; the current one by default.
    environment : mapping of str, optional
        The variables to look at; this process's by default.

    Returns
    -------
    dict
        ``cpu``, cores and quota, memory, how its ``pages`` are provided, ``gpus``, kernel, libc, ``python``,
        ``packages``, ``environment`` (the variables that matter), ``git``, ``load_average`` and the time, ``at``.
        None for what is not known.
    """
    system = os.uname()
    total = memory_total(root)
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return {
        "cpu": describe_cpu(root),
        "logical_cores": os.cpu_count(),
        "affinity_cores": affinity,
        "cpu_quota_cores": cpu_quota(root),
        "memory_bytes": total,
        "memory_limit_bytes": memory_limit(root),
        "pages": describe_pages(root),
        "gpus": describe_gpus(),
        "system": system.sysname,
        "machine": system.machine,
        "kernel": system.release,
        "libc": _libc(),
        "python": {"version": platform.python_version(), "implementation": platform.python_implementation()},
        "packages": package_versions(),
        "environment": relevant_environment(environment),
        "git": describe_git(project),
        "load_average": _load_average(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def fingerprint(host: Mapping[str, Any]) -> str:
    """Digest what makes two hosts comparable into 8 hexadecimal digits.

    Of the processor, the number of cores, memory in whole GiB, the names of the GPUs, the system and its kernel's
    major and minor version, Python's version and the packages' versions. Load, time, git, environment variables
    and limits do not count.

    Parameters
    ----------
    host : dict
        As `describe_host` returns it, or as read back from JSON.
    """
    software = {"python": host["python"], "packages": host["packages"]}
    return _digest(_hardware(host) | software)


def machine_name(host: Mapping[str, Any]) -> str:
    """Name the machine for results that are kept over months: its processor, its cores and 8 hexadecimal digits.

    The digits are those of the fingerprint less Python's and the packages' versions: a history goes on when a
    package is updated, while two hosts, or one with another kernel, never share a line.

    Parameters
    ----------
    host : dict
        As `describe_host` returns it.
    """
    told = (host["cpu"] or {}).get("model") or host["machine"]
    model = re.sub(r"\((R|TM|r|tm)\)|@.*| CPU\b| Processor\b", " ", told)
    parts = re.findall(r"[a-z0-9.]+", model.lower())
    gpus = re.findall(r"[a-z0-9.]+", host["gpus"][0]["name"].lower()) if host["gpus"] else []
    return "-".join([*parts, f"{host['logical_cores']}cores", *gpus, _digest(_hardware(host))])


def _hardware(host: Mapping[str, Any]) -> dict[str, Any]:
    memory = host["memory_bytes"]
    return {
        "cpu": host["cpu"],
        "logical_cores": host["logical_cores"],
        "memory_gib": None if memory is None else round(memory / 2**30),
        "gpus": [gpu["name"] for gpu in host["gpus"]],
        "system": [host["system"], host["machine"]],
        "kernel": host["kernel"].split(".")[:2],
    }


def _digest(stable: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(stable, sort_keys=True).encode()).hexdigest()[:8]


def _libc() -> str | None:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")
    except (OSError, ValueError):  # another libc
        return None


def _load_average() -> list[float] | None:
    try:
        return [round(load, 2) for load in os.getloadavg()]
    except OSError:
        return None
