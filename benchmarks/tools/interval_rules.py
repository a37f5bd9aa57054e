"""Student's t and the moderated t on the same draws: power, coverage and width.

    python benchmarks/tools/protocol_rates.py --intervals results/*/*

A recorded pair is a sound cell and the one it is compared with: the logarithms of the ratios of their epochs, less
their mean. A trial makes a run: so many pairs, drawn with repetition from all recordings, and from each a stretch of
epochs as they came, from any of them on (after the last comes the first), whose signs are drawn, as the noise of a
pair has no side. So the truth is known, how much pairs and hours differ is as recorded, and epochs are independent: a
drift between two engines that lasts for several epochs is not in it. Pairs are slowed by a known share.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kmbench.analysis.pooling import compared_pairs
from kmbench.analysis.run import read_run
from kmbench.comparison import (
    LEAST_PAIRS,
    MOST_PRIOR_FREEDOM,
    RatioInterval,
    VariancePrior,
    Verdict,
    epoch_means,
    paired_ratio,
    pooled_prior,
    verdict_of,
)

TRIALS = 4000
JUDGED = 3
"""Pairs of a trial's run that are judged; all of them make the prior."""

EFFECTS = (0.0, 0.10, 0.20)
EPOCHS = (3, 5, 10, 19)
PAIRS = (3, 5, 8, 20)
CAPS = (0.5, 1.0, 2.0, 4.0)

HEADINGS = ("epochs", "pairs in the run", *(f"`slower` at {effect:.0%}" for effect in EFFECTS))
HEADINGS += ("holds the truth", "of the noisiest quarter", "median half-width")


@dataclass
class Kept:
    """What a rule said in the trials of a row; `sds` are those of the recordings that the pairs were drawn from."""

    holds: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)
    slower: list[list[bool]] = field(default_factory=list)

    def add(self, interval: RatioInterval) -> None:
        """Judge the interval of a pair without any difference, and what it is where the pair is slowed."""
        assert interval.low is not None
        assert interval.high is not None
        assert interval.half_width is not None
        self.holds.append(interval.low <= 1 <= interval.high)
        self.widths.append(interval.half_width)
        self.slower.append([verdict_of(slowed(interval, effect)) is Verdict.SLOWER for effect in EFFECTS])

    def coverage(self, chosen: Sequence[bool] | None = None) -> float:
        """Return how often the interval holds the truth, over all or some of the pairs."""
        return statistics.fmean(h for h, c in zip(self.holds, chosen or [True] * len(self.holds), strict=True) if c)


def slowed(interval: RatioInterval, effect: float) -> RatioInterval:
    """Return the interval of the same pair with times that are longer by a share."""
    assert interval.low is not None
    assert interval.high is not None
    ends = [value / (1 + effect) for value in (interval.ratio, interval.low, interval.high, interval.robust)]
    return RatioInterval(ends[0], ends[1], ends[2], interval.pairs, ends[3])


def recorded_pairs(folder: Path) -> Iterator[list[float]]:
    """Yield the residual log ratios of each compared pair of a run, epoch by epoch."""
    run = read_run(folder)
    cases: dict[str, list] = {}
    for lines in run.counted.values():
        if lines[0].key.protocol != "target":
            cases.setdefault(lines[0].key.case_id, []).append(lines)
    for case in cases.values():
        for lines, base in compared_pairs(case, run.baseline):
            own, theirs = (epoch_means(cell, "fit_predict_seconds") for cell in (lines, base))
            logs = [math.log(theirs[epoch] / own[epoch]) for epoch in sorted(own.keys() & theirs.keys())]
            if lines is not base and len(logs) >= min(EPOCHS):
                mean = statistics.fmean(logs)
                yield [value - mean for value in logs]


def stretch(pair: Sequence[float], epochs: int, draw: random.Random) -> list[float]:
    """Return a stretch of a recorded pair's epochs, each with a sign that is drawn."""
    start = draw.randrange(len(pair))
    return [draw.choice((-1, 1)) * pair[(start + step) % len(pair)] for step in range(epochs)]


def replay(recorded: Sequence[list[float]], epochs: int, pairs: int) -> tuple[dict[float, Kept], list[bool]]:
    """Return what each rule said, by the most prior degrees of freedom (0: Student's t), and who is noisy."""
    draw = random.Random(f"{epochs} {pairs}")
    long_enough = [pair for pair in recorded if len(pair) >= epochs]
    rules = {cap: Kept() for cap in (0.0, *CAPS)}
    spreads: list[float] = []
    for _ in range(TRIALS):
        chosen = [draw.choice(long_enough) for _ in range(pairs)]
        drawn = [stretch(pair, epochs, draw) for pair in chosen]
        variances = [statistics.variance(logs) for logs in drawn]
        found = pooled_prior(variances, [epochs - 1] * pairs, least_pairs=2, most_freedom=math.inf)
        for pair, logs in zip(chosen[:JUDGED], drawn[:JUDGED], strict=True):
            spreads.append(statistics.stdev(pair))
            ratios = [math.exp(value) for value in logs]
            for cap, kept in rules.items():
                capped = found and VariancePrior(min(found.freedom, cap), found.variance, found.pairs)
                kept.add(paired_ratio(ratios, [1.0] * epochs, capped if cap else None))
    upper = statistics.quantiles(spreads, n=4)[2]
    return rules, [spread >= upper for spread in spreads]


def row(epochs: int, pairs: int, rules: Sequence[Kept], noisy: Sequence[bool]) -> list[str]:
    """Return a row of the table: each figure by Student's t and by the moderated one."""
    shares = [[statistics.fmean(told[i] for told in kept.slower) for kept in rules] for i in range(len(EFFECTS))]
    shares += [[kept.coverage() for kept in rules], [kept.coverage(noisy) for kept in rules]]
    shares.append([statistics.median(kept.widths) for kept in rules])
    return [str(epochs), str(pairs), *(" / ".join(f"{share:.1%}" for share in both) for both in shares)]


def print_intervals(folders: Sequence[Path]) -> None:
    """Print both rules in one table, and what other limits of the prior's degrees of freedom would do."""
    recorded = [pair for folder in folders if (folder / "records.jsonl").exists() for pair in recorded_pairs(folder)]
    print(f"{len(recorded)} recorded pairs, whose ratios vary from epoch to epoch by a standard deviation of")
    deciles = statistics.quantiles([statistics.stdev(pair) for pair in recorded], n=10)
    print(f"{deciles[0]:.0%} to {deciles[-1]:.0%} (first and last decile). In each field: Student's t / moderated t.")
    print(f"\n| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    by_cap: dict[float, list[tuple[float, float]]] = {cap: [] for cap in (0.0, *CAPS)}
    widths: dict[float, float] = {}
    for epochs in EPOCHS:
        for pairs in PAIRS:
            rules, noisy = replay(recorded, epochs, pairs)
            print(f"| {' | '.join(row(epochs, pairs, [rules[0.0], rules[MOST_PRIOR_FREEDOM]], noisy))} |", flush=True)
            for cap, kept in rules.items():
                if pairs >= LEAST_PAIRS:
                    by_cap[cap].append((kept.coverage(), kept.coverage(noisy)))
                if (epochs, pairs) == (3, 8):
                    widths[cap] = statistics.median(kept.widths)
    print(f"\nWith {LEAST_PAIRS} pairs or more, by the most degrees of freedom that the common variance counts for:")
    print(
        "\n| at most | holds the truth, at least | of the noisiest quarter | median half-width, 3 epochs, 8 pairs |"
    )
    print("|---|---|---|---|")
    for cap, told in by_cap.items():
        name = f"{cap:g}" + (" (Student's t)" if not cap else " (the rule)" if cap == MOST_PRIOR_FREEDOM else "")
        least = [min(values) for values in zip(*told, strict=True)]
        print(f"| {name} | {least[0]:.1%} | {least[1]:.1%} | {widths[cap]:.1%} |")
