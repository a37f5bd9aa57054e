"""The page of a run of benchmarks/leaderboard.toml: who wins where, how surely, at what quality and memory.

python benchmarks/tools/long_study.py benchmarks/leaderboard.toml results/leaderboard/my-host --minutes 10
python benchmarks/tools/leaderboard.py results/leaderboard/my-host --output reports/which-engine-my-host
"""

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from kmbench.analysis.run import read_run
from kmbench.comparison import same_inertia
from kmbench.records import Status
from kmbench.report.steps import profile_figure
from kmbench.wording import bytes_text, count_text, dataset_name, interval_text, ratio_text, seconds_text, times_text

sys.path.insert(0, str(Path(__file__).parent))

from sections import Section, dates_of, host_facts, write_article

MARGIN = 1.05
"""A lead is sure where the whole interval over the second lies above it."""

SAME_QUALITY = 0.01


@dataclass(frozen=True, kw_only=True)
class Win:
    """The fastest of the answers of a case that count, and its lead over the second of another engine."""

    case: str
    protocol: str
    winner: str
    second: str | None
    lead: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def sure(self):
        return self.second is None or (self.low is not None and self.low > MARGIN)


def case_name(row):
    return f"{dataset_name(row.dataset)}, k={row.k:,}"


def counting(case):
    """Return the rows that may win, the fastest first.

    In a matched run those that reach the reference's inertia; in a native one those within 1 % of the best answer.
    """
    if case.lead.protocol == "matched":
        return [row for row in case.sound if same_inertia(row.inertia_ratio)]
    best = min((row.inertia for row in case.sound), default=0.0)
    return [row for row in case.sound if row.inertia <= best * (1 + SAME_QUALITY)]


def wins_of(run):
    """Return the win of each case that has one."""
    found = []
    for case in run.cases:
        rows = counting(case) if case.lead.protocol != "target" else []
        if rows:
            rows = sorted(rows, key=lambda row: row.fit_predict_seconds)
            ratio = case.ratio(rows[0], rows[1]) if len(rows) > 1 else None
            found.append(
                Win(
                    case=case_name(rows[0]),
                    protocol=rows[0].protocol,
                    winner=rows[0].label,
                    second=rows[1].label if len(rows) > 1 else None,
                    lead=None if ratio is None else ratio.ratio,
                    low=None if ratio is None else ratio.low,
                    high=None if ratio is None else ratio.high,
                )
            )
    return found


def advice(wins, races):
    """Return which engine for which data, in sentences that the wins support, and no others."""
    sentences = []
    for protocol, what in (
        ("matched", "With one start and equal iterations"),
        ("native", "As each library is called"),
    ):
        own = [win for win in wins if win.protocol == protocol]
        sure = [win for win in own if win.sure]
        for winner, count in Counter(win.winner for win in sure).most_common():
            cases = "; ".join(win.case for win in sure if win.winner == winner)
            sentences.append(f"{what}, {winner} is the fastest in {count_text(count, 'case')}: {cases}.")
        open_cases = [f"{win.case} ({win.winner} or {win.second})" for win in own if not win.sure]
        if open_cases:
            sentences.append(f"{what}, the first two cannot be told apart in: {'; '.join(open_cases)}.")
    first = Counter(race.contenders[0].label for race in races if _arrived(race.contenders[0]))
    told = ", ".join(f"{label} in {count}" for label, count in first.most_common())
    if told:
        count = count_text(len(races), "race")
        sentences.append(f"To within 1 % of the best known inertia, first in {count}, by median time: {told}.")
    return sentences


def _arrived(contender):
    return bool(contender.times) and contender.times[0].seconds is not None


def profile_section(run, protocol, title):
    cells = run.frame()
    cells = cells[cells["protocol"] == protocol]
    if cells.empty:
        return []
    caption = ""
    if protocol == "native":
        near = cells["inertia_ratio"] <= 1 + SAME_QUALITY
        cells = cells.assign(inertia_ratio=cells["inertia_ratio"].mask(near, 1.0))
        caption = " Within 1 % of the best answer of the case counts as reaching it."
    order = list(cells.sort_values("fit_predict_seconds")["label"].drop_duplicates())
    drawn = profile_figure(cells, order)
    if drawn is None:
        return []
    return [
        Section(
            title=title, sentences=[drawn.finding], figure=drawn.svg, caption=drawn.caption + caption, csv=drawn.csv
        )
    ]


def wins_table(wins, protocol):
    rows = []
    for win in wins:
        if win.protocol == protocol:
            lead = "-" if win.lead is None else interval_text(win.lead, win.low, win.high)
            rows.append((win.case, [win.winner, win.second or "-", lead, "yes" if win.sure else "no"], False))
    return ("Wins", ["case", "fastest", "second", "lead", "sure"], rows)


def times_section(run, protocol, title):
    rows = []
    for case in run.cases:
        if case.lead.protocol != protocol:
            continue
        for row in case.sound:
            cells = [
                row.label,
                seconds_text(row.fit_predict_seconds),
                ratio_text(row.inertia_ratio),
                bytes_text(row.peak_extra_bytes),
                "-" if row.n_iter is None else str(row.n_iter),
            ]
            rows.append((case_name(row), cells, False))
    table = (
        title,
        ["case", "backend", "fit and labels", "inertia", "peak memory beyond the input", "iterations"],
        rows,
    )
    return Section(title=title, tables=[table])


def races_section(run):
    rows = []
    for race in run.races:
        for one in race.contenders:
            if not one.times:
                continue
            arrival = one.times[0]
            later = "not by all" if arrival.seconds is None else seconds_text(arrival.seconds)
            speedup = arrival.speedup
            over = "-" if speedup is None else interval_text(speedup.ratio, speedup.low, speedup.high)
            name = f"{dataset_name(race.key.dataset)}, k={race.key.k:,}"
            rows.append((name, [one.label, later, f"{arrival.reached} of {arrival.starts}", over], False))
    headings = ["case", "backend", "median time", "starts that arrived", "times as fast as the baseline"]
    sentences = [
        "Each backend is stopped after 1, 2, 3, 4, 6, 8 and 12 iterations; the time is that of the first stop whose "
        "inertia is within 1 % of the best that any of them, or the reference, reached from any start. Engines that "
        "take no start begin from random rows of their own."
    ]
    return Section(title="Time to quality", sentences=sentences, tables=[("Time to within 1 %", headings, rows)])


def failures_section(run):
    rows = [
        (case_name(row), [row.label, row.protocol, row.status.value.replace("_", " "), row.reason or ""], False)
        for row in run.cells
        if row.status is not Status.OK
    ]
    return Section(
        title="What failed, was wrong or could not run",
        sentences=[] if rows else ["Nothing."],
        tables=[("Failures", ["case", "backend", "protocol", "status", "reason"], rows)] if rows else [],
    )


def write_leaderboard(run, output):
    """Write the page of a run and return its path."""
    wins = wins_of(run)
    sentences = advice(wins, run.races)
    aside = (
        "A matched win counts answers that reach the reference's inertia, a native one those within 1 % of the best. "
        f"Sure: the interval of the lead over the second lies above {times_text(MARGIN)}."
    )
    unfinished = [f"{count_text(len(run.unfinished), 'cell')} unfinished"] if run.unfinished else []
    sections = [
        Section(title="Which engine for which data", sentences=sentences or ["Nothing is measured yet."]),
        Section(title="Wins, matched: same start and iterations", tables=[wins_table(wins, "matched")]),
        *profile_section(run, "matched", "Performance profile, matched"),
        Section(title="Wins, native: as each library is called", tables=[wins_table(wins, "native")]),
        *profile_section(run, "native", "Performance profile, native"),
        races_section(run),
        times_section(run, "matched", "Times and memory, matched"),
        times_section(run, "native", "Times, quality and memory, native"),
        failures_section(run),
    ]
    return write_article(
        output,
        name="k-means engines on the CPU",
        kicker="kmbench leaderboard",
        answers=[(sentences[0] if sentences else "Nothing is measured yet.", aside)],
        facts=[*host_facts(run), f"{count_text(len(run.cases), 'case')}", *unfinished],
        sections=sections,
        origin=dates_of([run]),
    )


def main():
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("folder", type=Path)
    reader.add_argument("--output", type=Path, required=True)
    given = reader.parse_args()
    print(f"page     {write_leaderboard(read_run(given.folder), given.output)}")


if __name__ == "__main__":
    main()
