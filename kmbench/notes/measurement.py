"""Notes about the measurement and the tasks: ``KM2xx``."""

from __future__ import annotations

from kmbench.notes.kind import NoteKind

__all__ = ["KINDS"]

KINDS: dict[str, NoteKind] = {
    "KM201": NoteKind(
        title="slow kernels",
        text="{backends}: OpenBLAS {version} ({library}) runs {architecture} kernels ({level}) on a CPU with {cpu}",
        hint="setting --blas-coretype {coretype} (OPENBLAS_CORETYPE) for all workers should fix this",
        explanation="A library that brings an old OpenBLAS may not know this CPU and fall back to "
        "kernels for an older one, which can cost half of the speed. It is then not the "
        "engine that is slow.",
    ),
    "KM202": NoteKind(
        title="different kernels",
        text="backends run BLAS kernels of different architectures, which is part of what is compared ({listed})",
        explanation="Each engine brings its own BLAS. Where these choose kernels for different CPUs, "
        "the ratio holds for the packages as they are installed, not for the algorithms.",
    ),
    "KM203": NoteKind(
        title="too many threads",
        text="{backend} was given {threads} and kept {seen} busy: its times are not comparable",
        explanation="The engine used more cores than it was given. Its CPU time over its wall time shows it.",
    ),
    "KM204": NoteKind(
        title="noisy host",
        text="NOISY HOST: {share:.0%} of the fits waited for a core",
        hint="rely on the CPU-time ratios (cpu_speedup), or measure on a quiet host",
        explanation="Other work took the cores while fits ran. Such fits are measured again, but "
        "where many are disturbed the wall times cannot be trusted.",
    ),
    "KM205": NoteKind(
        title="other programs",
        text="NOISY HOST: other programs took {share:.1%} of the cores' time",
        explanation="Programs beside kmbench were at work in this session.",
    ),
    "KM206": NoteKind(
        title="stolen time",
        text="NOISY HOST: the hypervisor took {share:.1%} of the cores' time",
        explanation="This is a virtual machine, and its host gave the cores to others for a part of the time.",
    ),
    "KM207": NoteKind(
        title="torn record",
        text="{file}, line {line}, was torn when the run was cut off, and is skipped",
        hint="kmbench run --resume goes on",
        explanation="The run was killed while it wrote a record. Every earlier line is whole.",
    ),
    "KM251": NoteKind(
        title="values of k",
        text="{count} values of --k {text} are tried, evenly spaced on a log scale",
        hint="{text}:1 tries all",
        explanation="A wide range is not tried in full: each value of k costs several fits.",
    ),
    "KM252": NoteKind(
        title="fitted on a sample",
        text="centroids were fitted on {fitted:,} of {rows:,} rows",
        hint="all figures are over all of them",
        explanation="More rows would move the centroids little and cost much.",
    ),
    "KM253": NoteKind(
        title="empty clusters",
        text="from k={k} on some clusters are empty: the data has few rows that differ",
        explanation="There are fewer different rows than clusters.",
    ),
    "KM254": NoteKind(
        title="end of the range",
        text="every criterion is best at k={k}, the end of the range",
        hint="ask for a wider one with --k",
        explanation="The best number of clusters may lie beyond what was tried.",
    ),
    "KM255": NoteKind(
        title="unstable segment",
        text="segment {number} is unstable: {share:.2f} of it comes back",
        explanation="With other seeds, this share of the segment's rows is found together again "
        "(Jaccard index). Do not build on a segment that does not come back.",
    ),
}
