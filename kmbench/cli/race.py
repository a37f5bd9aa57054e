"""The table of the protocol ``target`` in 80 columns: time to quality."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kmbench.analysis.target import TARGETS, Contender, Race, TimeToTarget
from kmbench.records import Status
from kmbench.wording import percent_text, range_text, seconds_text, times_text

__all__ = ["print_races"]


def print_races(console: Console, races: Sequence[Race]) -> None:
    """Print a table for each race, and below it the reasons of the backends that have one."""
    for race in races:
        console.print()
        console.print(race.title, style="bold", markup=False, highlight=False)
        console.print(_table(race))
        for contender in race.contenders:
            if contender.status is not Status.OK:
                note = Text.assemble(
                    (f"{contender.label}: ", "bold"), f"{contender.status.value}: {contender.reason}"
                )
                console.print(note, highlight=False)
    if races:
        bases = " or ".join(dict.fromkeys(race.baseline for race in races if race.baseline is not None))
        console.print(
            "\nTime until centroids and labels are within that share of the best inertia known (of all backends, the "
            "reference and all starts): median over the starts, at the first rung that is there. `>`: not there "
            f"after the last rung, from most starts. Speed-up: over {bases}, with its 95 % interval over the "
            "starts from which both arrive.",
            style="dim",
            markup=False,
            highlight=False,
        )


def _table(race: Race) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("backend", overflow="fold", min_width=13, max_width=13)
    for target in TARGETS:
        table.add_column(f"to {percent_text(target)}", justify="right", no_wrap=True)
        table.add_column("starts", justify="right", no_wrap=True)
        table.add_column("speed-up, 95 %", justify="right", no_wrap=True)
    for contender in race.contenders:
        figures: list[Text | str] = []
        for time in contender.times:
            figures += [
                _time(time),
                f"{time.reached}/{time.starts}",
                _speedup(time, contender.label == race.baseline),
            ]
        if not figures:
            figures = [Text(contender.status.value, style="yellow")]
        table.add_row(Text(contender.label.replace("[", "\n[", 1)), *figures, style=_style(contender))
    return table


def _style(contender: Contender) -> str | None:
    return None if contender.times else "dim"


def _time(time: TimeToTarget) -> str:
    if time.seconds is not None:
        return seconds_text(time.seconds)
    return f"> {seconds_text(time.censored_seconds)}"


def _speedup(time: TimeToTarget, is_baseline: bool) -> str:
    if is_baseline:
        return "baseline"
    if time.speedup is None:
        return ""
    ratio, low, high = time.speedup.ratio, time.speedup.low, time.speedup.high
    if low is None or high is None:
        return times_text(ratio)
    return f"{times_text(ratio)} {range_text(low, high)}"
