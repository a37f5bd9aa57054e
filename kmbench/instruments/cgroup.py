"""Limits that a container or a service manager puts on this process, from its own control group and those above."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

__all__ = ["cpu_quota", "memory_limit"]

_UNLIMITED_BYTES = 1 << 62
"""cgroup v1 writes "no limit" as the largest number of whole pages."""


def cpu_quota(root: str | Path = "/") -> float | None:
    """Return how many cores' worth of time this process may use, or None without a quota.

    Groups nest: the least quota of the process's own group and its ancestors counts (versions 1 and 2). Above the
    folder that is mounted into a container nothing can be seen.

    Parameters
    ----------
    root : path
        Where ``proc`` and the mounted ``sys`` are found.
    """
    quotas: list[float] = []
    for folder in _folders("cpu", Path(root)):
        words = _words(folder / "cpu.max") or _words(folder / "cpu.cfs_quota_us")
        period = words[1:] or _words(folder / "cpu.cfs_period_us")
        if words and period and words[0].isdigit() and period[0].isdigit() and int(period[0]) > 0:
            quotas.append(int(words[0]) / int(period[0]))  # "max" in version 2 and "-1" in 1 are no digits
    return min((quota for quota in quotas if quota > 0), default=None)


def memory_limit(root: str | Path = "/") -> int | None:
    """Return how many bytes this process's groups may hold, or None without a limit.

    Parameters
    ----------
    root : path
        Where ``proc`` and the mounted ``sys`` are found.
    """
    limits: list[int] = []
    for folder in _folders("memory", Path(root)):
        words = _words(folder / "memory.max") or _words(folder / "memory.limit_in_bytes")
        if words and words[0].isdigit() and int(words[0]) < _UNLIMITED_BYTES:
            limits.append(int(words[0]))
    return min(limits, default=None)


@dataclass(frozen=True, slots=True)
class _Mount:
    """A mounted hierarchy: which folder of it (`top`) is seen at which `point`."""

    top: PurePosixPath
    point: PurePosixPath
    kind: str
    options: frozenset[str]


def _folders(controller: str, root: Path) -> Iterator[Path]:
    """Yield the folders of this process's group and of its ancestors, in every hierarchy of a controller."""
    mounts = list(_mounts(root))
    for line in _text(root / "proc/self/cgroup").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if controllers == "":
            candidates = [mount for mount in mounts if mount.kind == "cgroup2"]
        elif controller in controllers.split(","):
            candidates = [mount for mount in mounts if mount.kind == "cgroup" and controller in mount.options]
        else:
            continue
        group = PurePosixPath(path)
        for mount in candidates:
            below = group.relative_to(mount.top) if group.is_relative_to(mount.top) else PurePosixPath()
            if ".." in below.parts:  # outside of this process's cgroup namespace
                below = PurePosixPath()
            point = root / mount.point.relative_to("/")
            yield from (point / below, *(point / parent for parent in below.parents))


def _mounts(root: Path) -> Iterator[_Mount]:
    """Read the mounted hierarchies; the format of a line is in proc_pid_mountinfo(5)."""
    for line in _text(root / "proc/self/mountinfo").splitlines():
        left, separator, right = line.partition(" - ")
        if not separator or not right.startswith("cgroup"):
            continue
        top, point = left.split()[3:5]
        kind, _, options = right.split(maxsplit=2)
        yield _Mount(
            top=PurePosixPath(_unescaped(top)),
            point=PurePosixPath(_unescaped(point)),
            kind=kind,
            options=frozenset(options.split(",")),
        )


def _unescaped(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _words(path: Path) -> list[str]:
    return _text(path).split()
