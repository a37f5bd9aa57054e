"""How often the protocol errs: its rule, its interval and its verdict, replayed on noise that was recorded.

    kmbench run benchmarks/noise.toml --output results/noise/NAME
    python benchmarks/tools/protocol_rates.py results/noise/*

In the recording every backend runs against a twin that does the same work, so any difference between the two is
noise. A trial takes a stretch of its epochs as they came, from any of them on (after the last comes the first). In
each epoch it is drawn which twin is which, for the schedule drew that too; one of them is slowed by a known share.
Then the protocol goes on as in a run: epoch by epoch until the stopping rule is content, and the verdict on what was
seen till then. A rule with fewer rounds in an epoch sees the first of those recorded. The rates are those of these
recordings, no more.

    python benchmarks/tools/protocol_rates.py --intervals results/*/*

replays Student's t and the moderated t on the compared pairs of any runs instead: see `interval_rules.py`.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kmbench.comparison import MARGIN, RatioInterval, Verdict, epoch_means, paired_ratio, verdict_of
from kmbench.errors import KmbenchError
from kmbench.records import RecordKind, read_records
from kmbench.runner.stopping import Rule, why_stop

TRIALS = 20_000
"""For each rule: a rate of 95 % is then known to 0.3 percentage points."""

EFFECTS = (0.0, 0.02, 0.05, 0.10, 0.15, 0.20, 0.25)
RULES = {
    "default": Rule(),
    "`--precise`": Rule(half_width=0.02),
    "`--quick`": Rule(least=3, most=3, rounds=3),
}
VERDICTS = (Verdict.SLOWER, Verdict.FASTER, Verdict.EQUIVALENT, Verdict.INCONCLUSIVE)

HEADINGS = ("rule", "slowed by", *(f"`{verdict}`" for verdict in VERDICTS))
HEADINGS += ("interval without 1", "interval with the truth", "epochs")

Pair = tuple[list[float], list[float]]


@dataclass(frozen=True, slots=True)
class Trial:
    """What the protocol measured of two equal twins on one stretch of epochs."""

    speedup: RatioInterval
    epochs: int

    def slowed(self, effect: float) -> RatioInterval:
        """Return what it would have measured had one twin been slower by a share: every ratio moves by as much.

        The width of the interval does not, and so the epochs are the same.
        """
        by, found = 1 + effect, self.speedup
        assert found.low is not None
        assert found.high is not None
        return replace(
            found, ratio=found.ratio / by, low=found.low / by, high=found.high / by, robust=found.robust / by
        )


def twins(folder: Path, rounds: int) -> Iterator[Pair]:
    """Yield the epochs' mean times of each backend of a recording and of its twin, in the same epochs."""
    cells: dict[str, list] = {}
    for record in read_records(folder):
        if record.kind is RecordKind.FIT and (record.round or 0) < rounds:
            cells.setdefault(record.key.cell_id, []).append(record)
    times: dict[str, list] = {}
    for lines in cells.values():
        times.setdefault(lines[0].key.backend, []).append(epoch_means(lines, "fit_predict_seconds"))
    for own in times.values():
        if len(own) == 2:
            common = sorted(own[0].keys() & own[1].keys())
            yield [own[0][e] for e in common], [own[1][e] for e in common]


def trial(pair: Pair, rule: Rule, draw: random.Random) -> Trial:
    """Let the protocol measure a twin against the other one."""
    start, count = draw.randrange(len(pair[0])), len(pair[0])
    base, rival = [], []
    while True:
        first, second = draw.sample([side[(start + len(base)) % count] for side in pair], 2)
        base.append(first)
        rival.append(second)
        if len(base) < rule.least:
            continue
        speedup = paired_ratio(base, rival)
        if len(base) == count or why_stop(rule, len(base), speedup.half_width, 0.0, max(rival)) is not None:
            return Trial(speedup, len(base))


def rates(trials: Sequence[Trial], effect: float) -> list[str]:
    """Return a row of the table: the shares of the verdicts, and how well the intervals kept their promise."""
    found = [one.slowed(effect) for one in trials]
    verdicts = Counter(verdict_of(speedup) for speedup in found)
    shares = [verdicts[verdict] / len(found) for verdict in VERDICTS]
    shares += [1 - holding(found, 1.0), holding(found, 1 / (1 + effect))]
    return [
        f"{effect:.0%}",
        *(f"{share:.1%}" for share in shares),
        f"{statistics.fmean(d.epochs for d in trials):.1f}",
    ]


def holding(found: Sequence[RatioInterval], truth: float) -> float:
    """Return the share of intervals in which a ratio lies."""
    return statistics.fmean(one.low <= truth <= one.high for one in found)


def print_table(name: str, by_rounds: Mapping[int, Sequence[Pair]]) -> None:
    """Print the rates of each rule on a recording as Markdown."""
    pairs = by_rounds[max(by_rounds)]
    spread = [statistics.stdev(side) / statistics.fmean(side) for pair in pairs for side in pair]
    single = [max(a / b, b / a) > 1 + MARGIN for pair in pairs for a, b in zip(*pair, strict=True)]
    epochs, low, high = min(len(pair[0]) for pair in pairs), min(spread), max(spread)
    print(f"\n**{name}**: {len(pairs)} pairs of twins, {epochs} epochs, whose times vary by {low:.0%} to {high:.0%}")
    print("(standard deviation). One process of each, compared by a bare ratio, differs by more than")
    print(f"{MARGIN:.0%} in {statistics.fmean(single):.0%} of the epochs, though both do the same.")
    print(f"\n| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}")
    for rule_name, rule in RULES.items():
        draw = random.Random(0)
        trials = [trial(draw.choice(by_rounds[rule.rounds]), rule, draw) for _ in range(TRIALS)]
        for effect in EFFECTS:
            print(f"| {rule_name} | {' | '.join(rates(trials, effect))} |", flush=True)


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    told = "run folder of benchmarks/noise.toml; with --intervals of any study"
    reader.add_argument("folders", nargs="+", type=Path, metavar="DIR", help=told)
    reader.add_argument("--intervals", action="store_true", help="both kinds of interval on the pairs of any runs")
    return reader


def main() -> None:
    """Print a table for each folder."""
    given = parser().parse_args()
    if given.intervals:
        from interval_rules import print_intervals

        try:
            print_intervals(given.folders)
        except KmbenchError as error:
            parser().error(str(error))
        return
    for folder in given.folders:
        try:
            by_rounds = {rule.rounds: list(twins(folder, rule.rounds)) for rule in RULES.values()}
        except KmbenchError as error:
            parser().error(str(error))
        if not all(by_rounds.values()):
            parser().error(f"{folder} holds no backend with a twin: record it with benchmarks/noise.toml")
        print_table(folder.name, by_rounds)


if __name__ == "__main__":
    main()
