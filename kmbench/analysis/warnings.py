"""What a reader of a run must know before believing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kmbench.analysis.cells import CellSummary
from kmbench.notes import Note, note
from kmbench.wording import threads_text

__all__ = ["NOISY_SHARE", "concerning", "kernel_level", "notes_of"]

NOISY_SHARE = 0.2
"""Share of disturbed samples from which on a run carries a banner."""

NOISE = (("others_share", 0.05, "KM205"), ("steal_share", 0.02, "KM206"))
"""What of a session's notes tells of noise, and the share from which on the note is made."""

CORES_TOLERANCE = 0.1
"""Share by which CPU time over wall time may exceed the threads that were given: the clocks are not read at once."""

LEVELS = ("SSE", "AVX", "AVX2", "AVX-512")

ARCHITECTURES = {
    "SSE": "prescott core2 penryn dunnington atom nehalem athlon opteron opteron_sse3 barcelona bobcat generic",
    "AVX": "sandybridge bulldozer piledriver steamroller",
    "AVX2": "excavator haswell zen",
    "AVX-512": "skylakex cooperlake sapphirerapids",
}
"""Kernel architectures of OpenBLAS on x86-64, by the widest instructions they use."""

CORETYPES = {"AVX2": "Haswell", "AVX-512": "SkylakeX"}
"""What to tell OpenBLAS to use at least those instructions; both are known to old bundled versions too."""


def kernel_level(architecture: str) -> int | None:
    """Return the position in `LEVELS` of an OpenBLAS kernel architecture, or None if it is not known."""
    for level, names in enumerate(ARCHITECTURES.values()):
        if architecture.lower() in names.split():
            return level
    return None


def _cpu_level(flags: Any) -> int | None:
    if not isinstance(flags, list):
        return None
    for level, flag in ((3, "avx512f"), (2, "avx2")):
        if flag in flags:
            return level
    return None


def _blas(row: CellSummary) -> list[tuple[str, str, str]]:
    """Return library, version and architecture of the BLAS pools of a row that tell theirs."""
    pools = [pool for pool in row.pools if pool.get("user_api") == "blas" and pool.get("architecture")]
    return [(str(p.get("library")), str(p.get("version")), str(p["architecture"])) for p in pools]


def notes_of(cells: Sequence[CellSummary], host: Mapping[str, Any]) -> list[Note]:
    """Return what is to be said of the measurement of a run.

    Parameters
    ----------
    cells : sequence of CellSummary
    host : mapping
        The run's ``host.json``.
    """
    return [*_slow_kernels(cells, host), *_other_kernels(cells), *_threads(cells), *_noise(cells, host)]


def concerning(notes: Sequence[Note], label: str) -> list[Note]:
    """Return the notes that concern a backend, by its label: those that name it, and those that name none."""
    return [note for note in notes if not note.concerns or label in note.concerns]


def _slow_kernels(cells: Sequence[CellSummary], host: Mapping[str, Any]) -> list[Note]:
    described = host.get("cpu")
    cpu = _cpu_level(described.get("flags")) if isinstance(described, Mapping) else None
    if cpu is None:
        return []
    found: dict[tuple[str, str, str], list[CellSummary]] = {}
    for row in cells:
        for pool in _blas(row):
            level = kernel_level(pool[2])
            if level is not None and level < cpu:
                found.setdefault(pool, []).append(row)
    return [
        note(
            "KM201",
            backends=", ".join(dict.fromkeys(row.backend for row in rows)),
            version=version,
            library=library,
            architecture=architecture,
            level=LEVELS[kernel_level(architecture) or 0],
            cpu=LEVELS[cpu],
            coretype=CORETYPES[LEVELS[cpu]],
            concerns=[row.label for row in rows],
        )
        for (library, version, architecture), rows in found.items()
    ]


def _other_kernels(cells: Sequence[CellSummary]) -> list[Note]:
    kernels: dict[str, set[str]] = {}
    for row in cells:
        if row.speedup is not None:
            kernels.setdefault(row.backend, set()).update(architecture for *_, architecture in _blas(row))
    told = {backend: tuple(sorted(names)) for backend, names in kernels.items() if names}
    if len(set(told.values())) < 2:
        return []
    listed = "; ".join(f"{backend}: {', '.join(names)}" for backend, names in told.items())
    return [note("KM202", listed=listed, concerns=[row.label for row in cells if row.backend in told])]


def _threads(cells: Sequence[CellSummary]) -> list[Note]:
    """Tell of backends that held more cores than they were given.

    More threads alone are no sign: those of BLAS and of OpenMP may take turns. CPU time beyond what the threads
    could have used while the fit ran is.
    """
    found: dict[tuple[str, int, int], list[str]] = {}
    for row in cells:
        if row.threads_seen is None or not row.fit_seconds or row.fit_cpu_seconds is None:
            continue
        cores = row.fit_cpu_seconds / row.fit_seconds
        if row.threads_seen > row.threads and cores > row.threads * (1 + CORES_TOLERANCE):
            found.setdefault((row.backend, row.threads, row.threads_seen), []).append(row.label)
    return [
        note("KM203", backend=backend, threads=threads_text(asked), seen=seen, concerns=labels)
        for (backend, asked, seen), labels in sorted(found.items())
    ]


def _noise(cells: Sequence[CellSummary], host: Mapping[str, Any]) -> list[Note]:
    samples = sum(row.samples for row in cells)
    disturbed = sum(row.samples * (row.contaminated_share or 0.0) for row in cells)
    notes = []
    if samples and disturbed / samples > NOISY_SHARE:
        notes.append(note("KM204", share=disturbed / samples))
    sessions = host.get("sessions")
    noted = sessions if isinstance(sessions, list) else []
    for name, limit, code in NOISE:
        shares = [session.get(name) for session in noted if isinstance(session, Mapping)]
        worst = max((share for share in shares if isinstance(share, float)), default=0.0)
        if worst > limit:
            notes.append(note(code, share=worst))
    return notes
