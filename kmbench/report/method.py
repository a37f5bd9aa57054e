"""How a run was measured: protocol, host, versions, BLAS, settings, and how to repeat it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kmbench.analysis.cells import CellSummary
from kmbench.analysis.run import Run, RunCase, RunGroup
from kmbench.records import Status
from kmbench.report.sentences import case_name
from kmbench.wording import bytes_text, seconds_text, threads_text

__all__ = ["BlasPool", "Method", "Printed", "describe_method"]

MAX_OUTPUTS = 50
"""Failed cells whose output is shown."""

PROTOCOLS = {
    "matched": (
        "Every backend starts from the same centroids and does exactly the same number of Lloyd iterations on all "
        "rows, in float32, with one restart, no early stop, no subsampling and the same number of threads. A "
        "float64 reference does the same work, and an exact backend whose inertia differs from that of the "
        "reference is marked invalid."
    ),
    "target": (
        "Every backend starts from the same centroids, from several starts, and is stopped after more and more "
        "iterations. Each rung is a separate run from the start, judged like a matched run. The time to quality "
        "is that of the first rung within the given share of the best known inertia; nothing is interpolated."
    ),
    "native": (
        "Every backend runs as its own documentation recommends, so the backends may do different work. Inertia "
        "and agreement are relative to the best answer of the case."
    ),
}

FIGURES = (
    ("fit + labels", "the time until the final centroids and the labels of all rows exist. This is what is "
    "compared. Some engines label inside fit, others need one more assignment."),
    ("spread", "half the range of the epochs, relative to their median."),
    ("speed-up", "the geometric mean of the ratios of the same epochs, with its 95% interval. The verdict is "
    "faster or slower only if the whole interval lies beyond 5%, and equivalent only if it lies within 5%."),
    ("in CPU time", "the same ratio of the CPU time of all threads, which other work on the host disturbs least."),
    ("memory", "the peak beyond the resident input, from a separate process that is not timed."),
    ("inertia", "the sum of squared distances of all rows to their nearest final centroid, computed by kmbench in "
    "float64 for every backend in the same way."),
    ("ARI, matched", "agreement of the labels with those of the reference: adjusted Rand index, and the share of "
    "equal labels under the best matching of clusters."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BlasPool:
    """The thread pools that one or more backends loaded."""

    backends: str
    pools: list[str]


@dataclass(frozen=True, slots=True)
class Printed:
    """Something long of one cell: its settings by name, or what it printed."""

    case: str
    label: str
    status: str
    settings: list[tuple[str, str]]
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """What the last section of the page tells."""

    protocols: list[tuple[str, str]]
    rounds: str
    intervals: str
    figures: tuple[tuple[str, str], ...]
    runs: list[tuple[str, list[tuple[str, str]]]]
    host: list[tuple[str, str]]
    versions: list[tuple[str, str]]
    environment: list[tuple[str, str]]
    pools: list[BlasPool]
    settings: list[Printed]
    outputs: list[Printed]
    has_study: bool


def describe_method(run: RunGroup) -> Method:
    """Collect how one run or several were measured; what is not known is left out."""
    names = dict.fromkeys(case.lead.protocol for case in run.cases)
    cells = [(case, row) for case in run.cases for row in case.rows]
    return Method(
        protocols=[(name, PROTOCOLS.get(name, "")) for name in names],
        rounds=_rounds(run.cases),
        intervals=_intervals(run.cases),
        figures=FIGURES,
        runs=[(f"Run {one.name}" if len(run.runs) > 1 else "Run", _run(one)) for one in run.runs],
        host=_host(run.host),
        versions=_pairs(run.host.get("packages")),
        environment=_pairs(run.host.get("environment")),
        pools=_pools(run.cases),
        settings=_settings(run.cases),
        outputs=[
            Printed(case_name(row), row.label, row.status.value.replace("_", " "), [], row.output)
            for _, row in cells
            if row.output and row.status is not Status.OK
        ][:MAX_OUTPUTS],
        has_study=bool(run.study),
    )


def _settings(cases: Sequence[RunCase]) -> list[Printed]:
    """Return the settings of each backend, cases with the same ones together."""
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
    for case in cases:
        for row in case.rows:
            if row.settings:
                groups.setdefault((row.label, tuple(_pairs(row.settings))), []).append(case_name(row))
    return [
        Printed(of[0] if len(of) == 1 else f"{len(of)} cases", label, "", list(settings), "")
        for (label, settings), of in groups.items()
    ]


def _run(run: Run) -> list[tuple[str, str]]:
    """Write what one run did, and how quiet the host was meanwhile."""
    rows = [row for case in run.cases for row in case.rows]
    samples = sum(row.samples for row in rows)
    disturbed = sum(row.samples * (row.contaminated_share or 0.0) for row in rows)
    sessions = run.host.get("sessions")
    noted = [s for s in sessions if isinstance(s, Mapping)] if isinstance(sessions, list) else []
    facts = {
        "protocol": list(dict.fromkeys(row.protocol for row in rows)),
        "seeds": sorted({row.seed for row in rows}),
        "threads": sorted({row.threads for row in rows}),
        "memory before each fit": sorted({row.pages for row in rows}),
        "cores chosen by cache": sorted({row.cores for row in rows if row.cores is not None}),
        "cores": list(dict.fromkeys(text for row in rows if (text := _core_states(row)))),
        "samples": f"{samples:,}" if samples else "",
        "disturbed fits": f"{disturbed / samples:.1%}, measured again" if samples else "",
        "sessions": len(noted) if len(noted) > 1 else None,
        "measured for": _total([s.get("seconds") for s in noted]),
        "other programs": _worst([s.get("others_share") for s in noted]),
        "stolen by the hypervisor": _worst([s.get("steal_share") for s in noted]),
        "idle threads sleep": "yes, on a busy host" if run.host.get("passive_wait") is True else None,
    }
    return [(name, _text(value)) for name, value in facts.items() if value not in (None, "", [])]


def _core_states(row: CellSummary) -> str:
    """Say what parts the two states of the host's cores; empty where there was one."""
    if row.core_states is None:
        return ""
    boundary = f"a probe ratio of {row.core_states['boundary']:.2f}"
    return f"near or distant, at {threads_text(row.threads)} parted by {boundary}"


def _total(seconds: Sequence[Any]) -> str:
    known = [value for value in seconds if isinstance(value, int | float)]
    return seconds_text(sum(known)) if known and sum(known) > 0 else ""


def _worst(shares: Sequence[Any]) -> str:
    known = [share for share in shares if isinstance(share, float)]
    return f"{max(known):.1%} of the cores' time" if known else ""


def _rounds(cases: list[RunCase]) -> str:
    counts = sorted({row.epochs for case in cases for row in case.sound})
    if not counts:
        return "Each backend was started in a process of its own."
    number = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    epochs = "epoch" if counts == [1] else "epochs"
    return (
        f"{number} {epochs}: in each, every backend of the case has a fresh process and a warm-up, and they are "
        "measured in turns, in shuffled order, never two at once. Fits that waited for a core are measured again."
    )


def _intervals(cases: list[RunCase]) -> str:
    """Say how the intervals of the speed-ups were found; empty where there are none."""
    found = [row.interval for case in cases for row in case.sound if row.interval is not None]
    moderated = [one for one in found if one["method"] == "moderated t"]
    if not moderated:
        return "The intervals of the speed-ups are Student's t on the logarithms of the ratios." if found else ""
    freedom = sorted({f"{one['prior_degrees_of_freedom']:.2g}" for one in moderated})
    counts = f"{freedom[0]}" if len(freedom) == 1 else f"{freedom[0]} to {freedom[-1]}"
    which, rest = "The", ""
    if len(moderated) < len(found):
        which = f"{len(moderated)} of the {len(found)}"
        rest = " The others are Student's t, because there are too few comparable pairs."
    return (
        f"{which} intervals of the speed-ups are those of a moderated t on the logarithms of the ratios (Smyth "
        "2004): the variance of each ratio is shrunk towards the one that the run's ratios with as many threads on "
        f"the same device have in common, with {counts} prior degree{'' if counts == '1' else 's'} of freedom.{rest}"
    )


def _host(host: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Write what is known of the host; every key may be missing, or hold something else than expected."""
    cpu, python = host.get("cpu"), host.get("python")
    cpu_model = cpu.get("model") if isinstance(cpu, Mapping) else cpu
    flags = cpu.get("flags") if isinstance(cpu, Mapping) else None
    if isinstance(python, Mapping):
        python = " ".join(str(python[name]) for name in ("implementation", "version") if python.get(name))
    kernel = " ".join(str(host[name]) for name in ("system", "kernel", "machine") if host.get(name))
    facts = {
        "processor": cpu_model,
        "instruction sets": flags,
        "cores": _cores(host),
        "memory": _memory(host),
        "GPUs": _gpus(host.get("gpus")),
        "kernel": kernel,
        "C library": host.get("libc"),
        "Python": python,
        "load at the start": host.get("load_average"),
        "commit": _commit(host.get("git")),
        "fingerprint": host.get("fingerprint"),
    }
    return [(name, _text(value)) for name, value in facts.items() if value not in (None, "", [], {})]


def _cores(host: Mapping[str, Any]) -> str:
    counts = {"logical": "logical_cores", "usable": "affinity_cores", "by quota": "cpu_quota_cores"}
    return ", ".join(f"{_text(host[key])} {word}" for word, key in counts.items() if host.get(key) is not None)


def _memory(host: Mapping[str, Any]) -> str:
    total, limit = host.get("memory_bytes"), host.get("memory_limit_bytes")
    parts = [bytes_text(total)] if isinstance(total, int) else []
    if isinstance(limit, int) and limit != total:
        parts.append(f"limit {bytes_text(limit)}")
    return ", ".join(parts)


def _gpus(gpus: Any) -> Any:
    if not isinstance(gpus, list):
        return gpus
    named = [gpu for gpu in gpus if isinstance(gpu, Mapping) and gpu.get("name")]
    return [f"{gpu['name']} (driver {gpu.get('driver_version')}, {gpu.get('memory_mib')} MiB)" for gpu in named]


def _commit(git: Any) -> Any:
    if not isinstance(git, Mapping):
        return git
    return f"{git.get('commit') or 'none yet'}{' with changes' if git.get('dirty') else ''}"


def _pools(cases: list[RunCase]) -> list[BlasPool]:
    """Return the pools, backends with the same ones together."""
    loaded: dict[str, list[str]] = {}
    for case in cases:
        for row in case.rows:
            for text in map(_pool, row.pools):
                if text not in loaded.setdefault(row.backend, []):
                    loaded[row.backend].append(text)
    groups: dict[tuple[str, ...], list[str]] = {}
    for backend, pools in loaded.items():
        groups.setdefault(tuple(sorted(pools)), []).append(backend)
    return [BlasPool(", ".join(backends), list(pools)) for pools, backends in groups.items()]


def _pool(pool: Mapping[str, Any]) -> str:
    name = f"{_text(pool.get('internal_api') or pool.get('user_api'))} {_text(pool.get('version'))}".strip()
    parts = [name]
    if pool.get("architecture"):
        parts.append(f"kernels for {_text(pool['architecture'])}")
    if pool.get("num_threads"):
        parts.append(_threads(pool["num_threads"]))
    if pool.get("threading_layer"):
        parts.append(_text(pool["threading_layer"]))
    return ", ".join(part for part in parts if part)


def _threads(number: Any) -> str:
    return threads_text(number) if isinstance(number, int) else f"{_text(number)} threads"


def _pairs(mapping: Any) -> list[tuple[str, str]]:
    return [(str(name), _text(value)) for name, value in mapping.items()] if isinstance(mapping, Mapping) else []


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items())
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
