"""The gate's result as a table for a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from kmbench.gate.judge import CellVerdict, Outcome
from kmbench.gate.run import GateResult
from kmbench.wording import bytes_text, seconds_text

__all__ = ["to_markdown"]

MARKS = {Outcome.PASS: "pass", Outcome.REGRESSION: "**REGRESSION**", Outcome.NOT_MEASURED: "not measured"}


def to_markdown(result: GateResult) -> str:
    """Return a heading, one table for each case and the findings below it."""
    lines = [f"## kmbench gate: {result.outcome.value}", ""]
    for role, revision in (("base", result.base), ("head", result.head)):
        lines.append(f"- {role} `{revision.name}` {_plain(revision.subject)}")
    lines += ["", *_tables(result)]
    lines.append(
        f"Time: head over base, fit and labels, measured now and in turns, with the 95 % interval; a regression is "
        f"beyond {result.margin:.0%} at a level of 1 % over all cells. Cells that failed were measured twice"
        f" ({result.repeated} here)."
    )
    return "\n".join(lines) + "\n"


def _tables(result: GateResult) -> Iterator[str]:
    for title, group in groupby(result.cells, key=lambda cell: cell.case):
        yield f"### {_plain(title)}"
        yield ""
        yield "| backend | base | head | head / base | memory base | memory head | result |"
        yield "|---|---:|---:|---:|---:|---:|---|"
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
    return "| " + " | ".join([f"`{cell.label}`", *seconds, cell.ratio_text, *memory, MARKS[cell.outcome]]) + " |"


def _plain(text: str) -> str:
    """Keep what commits and engines say from becoming markup."""
    for character in "\\`*_[]<>|":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())
