"""The table of the protocol ``target`` in 80 columns: time to quality."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from kmbench.analysis.target import TARGETS, Contender, Race, TimeToTarget
from kmbench.cli.lines import Column, print_lines, width_of
from kmbench.records import Status
from kmbench.report.race import headline_of
from kmbench.wording import percent_text, range_text, seconds_text, times_text

__all__ = ["print_races"]


def print_races(console: Console, races: Sequence[Race]) -> None:
    """Print a table for each race, and below it the reasons of the backends that have one."""
    for race in races:
        console.print()
        console.print(Text(headline_of(race).finding, style="bold"), highlight=False)
        console.print(race.title, style="dim", markup=False, highlight=False, soft_wrap=True)
        _print_race(console, race)
        for contender in race.contenders:
            if contender.status is not Status.OK:
                note = Text.assemble(
                    (f"{contender.label}: ", "bold"), f"{contender.status.value}: {contender.reason}"
                )
                console.print(note, highlight=False)
    if races:
        bases = " or ".join(dict.fromkeys(race.baseline for race in races if race.baseline is not None))
        console.print(
            "\nTime until centroids and labels are within that share of the best known inertia (of all backends, "
            "the reference and all starts): median over the starts, at the first rung that is there. `>`: not "
            f"there after the last rung, from most starts. Speed-up: over {bases}, with its 95 % interval over the "
            "starts from which both arrive.",
            style="dim",
            markup=False,
            highlight=False,
        )


def _print_race(console: Console, race: Race) -> None:
    columns = [Column("backend", [one.label for one in race.contenders], right=False)]
    for place, target in enumerate(TARGETS):
        times = [one.times[place] if one.times else None for one in race.contenders]
        columns.append(
            Column(
                f"to {percent_text(target)}",
                [
                    Text(one.status.value, style="yellow")
                    if time is None and place == 0
                    else ""
                    if time is None
                    else _time(time)
                    for one, time in zip(race.contenders, times, strict=True)
                ],
            )
        )
        columns.append(Column("starts", ["" if time is None else f"{time.reached}/{time.starts}" for time in times]))
        columns.append(
            Column(
                "speed-up, 95 %",
                [
                    "" if time is None else _speedup(time, one.label == race.baseline)
                    for one, time in zip(race.contenders, times, strict=True)
                ],
            )
        )
    styles = [_style(one) or "" for one in race.contenders]
    if width_of(columns) <= console.width:
        print_lines(console, columns, styles)
    else:  # a table for each target
        for place in range(len(TARGETS)):
            print_lines(console, [columns[0], *columns[1 + 3 * place : 4 + 3 * place]], styles)


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
