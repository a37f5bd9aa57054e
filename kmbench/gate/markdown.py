"""The gate's result as a table for a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from kmbench.gate.judge import CellVerdict
from kmbench.gate.run import GateResult
from kmbench.wording import bytes_text, seconds_text

__all__ = ["to_markdown"]

LONGEST = 60_000
"""Characters: a comment on GitHub takes 65,536."""


def to_markdown(result: GateResult) -> str:
    """Return a heading, one table for each case and the findings below it."""
    lines = [f"## kmbench gate: {result.outcome.value}", "", f"{_sentence(result.power_text)}", ""]
    for role, revision in (("base", result.base), ("head", result.head)):
        lines.append(f"- {role} `{revision.name}` {_plain(revision.subject)}")
    lines += ["", *_tables(result)]
    lines.append(
        "Time: head over base, fit and labels, measured now and in turns, with the 95 % interval; a regression is "
        f"beyond {_margins(result)} at a level of 1 % over all cells. Finds from: the smallest slowdown that four "
        f"of five such runs would find. Cells that failed were measured twice ({result.repeated} here), and blind "
        f"ones longer ({result.longer} here)."
    )
    text = "\n".join(lines) + "\n"
    if len(text) > LONGEST:
        text = text[:LONGEST].rpartition("\n")[0] + "\n\nThe rest is too long for a comment; it is in the artifact.\n"
    return text


def _margins(result: GateResult) -> str:
    margins = sorted({cell.rule.margin for cell in result.cells})
    return " or ".join(f"{margin:.0%}" for margin in margins) + (" by case" if len(margins) > 1 else "")


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _tables(result: GateResult) -> Iterator[str]:
    for title, group in groupby(result.cells, key=lambda cell: cell.case):
        yield f"### {_plain(title)}"
        yield ""
        yield "| backend | base | head | head / base | finds from | memory base | memory head | result |"
        yield "|---|---:|---:|---:|---:|---:|---:|---|"
        cells = list(group)
        for cell in cells:
            yield _row(cell)
        yield ""
        notes = [(cell.label, finding) for cell in cells for finding in cell.findings]
        if notes:
            for label, finding in notes:
                yield f"- `{label}` {finding.figure}: {_plain(finding.text)}"
            yield ""


def _row(cell: CellVerdict) -> str:
    seconds = [seconds_text(row.fit_predict_seconds if row else None) for row in (cell.base, cell.head)]
    memory = [bytes_text(row.peak_extra_bytes if row else None) for row in (cell.base, cell.head)]
    mark = "**REGRESSION**" if cell.fails else cell.outcome_text
    figures = [f"`{cell.label}`", *seconds, cell.ratio_text, cell.finds_text, *memory, mark]
    return "| " + " | ".join(figures) + " |"


def _plain(text: str) -> str:
    """Keep what commits and engines say from becoming markup."""
    for character in "\\`*_[]<>|":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())
