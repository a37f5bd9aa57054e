"""`kmbench explain`: what the code of a note means."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from kmbench.errors import KmbenchError

if TYPE_CHECKING:
    from kmbench.notes import Note

__all__ = ["explain_command"]


def explain_command(
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE", help="Code of a note, such as KM204. Without it, all codes are listed with their titles."
        ),
    ] = None,
    run: Annotated[
        Path | None, typer.Argument(metavar="RUN", help="Run folder: also print its notes with this code in full.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array, an object per code.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a table of all codes, as in the documentation.")
    ] = False,
) -> None:
    """Explain the code of a note: what it means, why it matters and what to do.

    [bold]Examples[/bold]

    kmbench explain KM204

    kmbench explain KM202 results/quick/20260101-120000
    """
    from kmbench.notes import KINDS

    wanted = sorted(KINDS) if code is None else [code.strip().upper()]
    if wanted[0] not in KINDS:
        from kmbench.datasets.parameters import nearest

        raise KmbenchError(
            f"no note has the code {code}{nearest(wanted[0], KINDS)}", "kmbench explain lists all of them"
        )
    if as_json:
        told = [{"code": one, "title": KINDS[one].title, "text": KINDS[one].text, "hint": KINDS[one].hint,
                 "explanation": KINDS[one].explanation} for one in wanted]  # fmt: skip
        print(json.dumps(told, indent=1))  # noqa: T201
        return
    if markdown:
        print("\n".join(_markdown(wanted)))  # noqa: T201
        return
    console = Console(highlight=False)
    if code is None:
        for one in wanted:
            console.print(Text.assemble((one, "bold"), f"  {KINDS[one].title}"))
        return
    kind = KINDS[wanted[0]]
    console.print(Text.assemble((wanted[0], "bold"), f"  {kind.title}"))
    console.print()
    console.print(Text(kind.explanation))
    console.print(Text(f"\nIt reads: {_template(kind.text)}.", style="dim"))
    if kind.hint is not None:
        console.print(Text(f"What to do: {_template(kind.hint)}."))
    for note in [] if run is None else _notes_of(wanted[0], run):
        console.print()
        console.print(Text.assemble((f"{run}: ", "bold"), str(note)))


def _markdown(codes: list[str]) -> list[str]:
    from kmbench.notes import KINDS

    rows = [f"| `{code}` | {KINDS[code].title} | {KINDS[code].explanation} |" for code in codes]
    return ["| code | note | why it matters |", "|---|---|---|", *rows]


def _template(text: str) -> str:
    """Write the places of values as `kmbench` writes what a user fills in."""
    return re.sub(r"\{(\w+)[^}]*\}", lambda match: match[1].upper(), text)


def _notes_of(code: str, run: Path) -> list[Note]:
    from kmbench.analysis.run import read_run

    found = [note for note in read_run(run).notes if note.code == code]
    if not found:
        raise KmbenchError(f"{run} has no note {code}", "kmbench explain without a run says what it means")
    return found
