"""Notes about the measurement and the tasks: ``KM2xx``."""

from __future__ import annotations

from kmbench.notes.kind import NoteKind

__all__ = ["KINDS"]

KINDS: dict[str, NoteKind] = {
    "KM201": NoteKind(
        title="slow kernels",
        text="{backends}: OpenBLAS {version} ({library}) runs {architecture} kernels ({level}) on a CPU with {cpu}",
        hint="setting --blas-coretype {coretype} (OPENBLAS_CORETYPE) for all workers should fix this",
        explanation="A library that bundles an old OpenBLAS may not know this CPU and fall back to kernels for an "
        "older one, which can halve its speed. The engine itself is then not the cause.",
    ),
    "KM202": NoteKind(
        title="different kernels",
        text="backends run BLAS kernels of different architectures, which is part of what is compared ({listed})",
        explanation="Each engine bundles its own BLAS. If these choose kernels for different CPUs, the ratio "
        "applies to the packages as they are installed, not to the algorithms.",
    ),
    "KM203": NoteKind(
        title="too many threads",
        text="{backend} was given {threads} and kept {seen} busy: its times are not comparable",
        explanation="The engine used more cores than it was given: its CPU time exceeds its wall time by more "
        "than its number of threads allows.",
    ),
    "KM204": NoteKind(
        title="noisy host",
        text="NOISY HOST: {share:.0%} of the fits waited for a core",
        hint="rely on the CPU-time ratios (cpu_speedup), or measure on a quiet host",
        explanation="Other work used the cores while fits ran. Such fits are measured again, but if many are "
        "disturbed, the wall times cannot be trusted.",
    ),
    "KM205": NoteKind(
        title="other programs",
        text="NOISY HOST: other programs took {share:.1%} of the cores' time",
        explanation="Programs other than kmbench ran on this host during the session.",
    ),
    "KM206": NoteKind(
        title="stolen time",
        text="NOISY HOST: the hypervisor took {share:.1%} of the cores' time",
        explanation="This is a virtual machine, and its host gave the cores to other machines for part of the time.",
    ),
    "KM207": NoteKind(
        title="torn record",
        text="{file}, line {line}, is incomplete because the run was interrupted, and is skipped",
        hint="kmbench run --resume continues the run",
        explanation="The run was killed while it wrote a record. All earlier lines are complete.",
    ),
    "KM208": NoteKind(
        title="cold memory",
        text="COLD MEMORY: {share:.0%} of the fits waited for the host to provide memory",
        hint="close other programs that use memory, or raise --memory-limit",
        explanation="This host takes freed memory back, so a fit that allocates it again waits in the kernel. "
        "kmbench touches memory before each timed fit, but at most half of what is free; if a fit needs more than "
        "that, it may still wait.",
    ),
    "KM209": NoteKind(
        title="two speeds of the cores",
        text="{threads}: the cores were near in {near:.0%} of the fits, and distant in {distant:.0%} (a probe ratio "
        "above {boundary:.2f})",
        explanation="The host sometimes places the virtual cores close together and sometimes far apart. Engines "
        "whose threads share small pieces of data are slower while the cores are distant. The overall ratios mix "
        "both states; core_states in --json has the ratios within each state.",
    ),
    "KM210": NoteKind(
        title="ranking depends on the cores",
        text="{case}: {backend} is {near} than {baseline} where the cores are near ({near_ratio}), and {distant} "
        "where they are distant ({distant_ratio})",
        hint="choose for the host where you will run; --cores may keep the cores in one of the two states",
        explanation="The intervals within the two states contradict each other, so the overall ratio depends on "
        "how often the host was in each state.",
    ),
    "KM251": NoteKind(
        title="values of k",
        text="{count} values of --k {text} are tried, evenly spaced on a log scale",
        hint="{text}:1 tries all",
        explanation="In a wide range kmbench does not try every value, because each value of k needs several fits.",
    ),
    "KM252": NoteKind(
        title="fitted on a sample",
        text="centroids were fitted on {fitted:,} of {rows:,} rows",
        hint="all figures are over all of them",
        explanation="More rows would hardly move the centroids and would take much longer.",
    ),
    "KM253": NoteKind(
        title="empty clusters",
        text="from k={k} on some clusters are empty: the data has too few distinct rows",
        explanation="There are fewer distinct rows than clusters.",
    ),
    "KM254": NoteKind(
        title="end of the range",
        text="every criterion is best at k={k}, the end of the range",
        hint="ask for a wider one with --k",
        explanation="The best number of clusters may lie beyond what was tried.",
    ),
    "KM255": NoteKind(
        title="unstable segment",
        text="segment {number} is unstable: only {share:.2f} of it is found again with other seeds",
        explanation="This is the share of the segment's rows that are grouped together again with other seeds "
        "(Jaccard index). Do not rely on a segment that is not found again.",
    ),
}
