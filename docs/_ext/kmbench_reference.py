"""The reference as data, from the code: commands, records, studies, notes, sources of data, exit codes."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from numpydoc.docscrape import ClassDoc
from typer.main import get_command

import kmbench
from kmbench.cli.main import app
from kmbench.datasets.registry import describe_sources
from kmbench.notes import KINDS
from kmbench.records import CellKey, Record, RecordKind, Status
from kmbench.study.model import Block, Study

EXIT_CODES = {
    0: "all cells are sound",
    1: "a cell failed or gave a wrong answer, a gate found a regression, or a target is not met",
    2: "bad input: one line on standard error says what is wrong, where, and how to fix it",
    3: "the time of `--stop-after` was up: `--resume` continues the run",
    130: "interrupted; `--resume` continues the run",
}


def reference() -> dict[str, Any]:
    """Return everything, ready for JSON."""
    return {
        "version": kmbench.__version__,
        "commands": {name: _command(one) for name, one in get_command(app).commands.items()},
        "exit_codes": EXIT_CODES,
        "record_kinds": [kind.value for kind in RecordKind],
        "statuses": [status.value for status in Status],
        "record": _fields(Record),
        "record_key": _fields(CellKey),
        "study": _fields(Study, model=True),
        "study_cases": _fields(Block, model=True),
        "notes": {
            code: {"title": kind.title, "text": kind.text, "hint": kind.hint, "explanation": kind.explanation}
            for code, kind in sorted(KINDS.items())
        },
        "data_sources": [
            {"name": name, "syntax": syntax, "summary": summary} for name, syntax, summary in describe_sources()
        ],
    }


def _command(command: Any) -> dict[str, Any]:
    """Return a command's help and parameters. typer has a click of its own, so click's tools do not read them."""
    parameters = []
    for one in command.params:
        if one.name == "help" or getattr(one, "hidden", False):
            continue
        default = one.default if isinstance(one.default, str | int | float | bool | None) else str(one.default)
        parameters.append(
            {
                "names": [*one.opts, *one.secondary_opts],
                "kind": one.param_type_name,
                "value": one.metavar,
                "default": default,
                "repeats": bool(one.multiple),
                "help": _plain(one.help or ""),
            }
        )
    return {"group": command.rich_help_panel, "help": _plain(command.help or ""), "parameters": parameters}


def _plain(text: str) -> str:
    """Return help without the marks of rich."""
    return re.sub(r"\[/?[a-z ]+\]", "", text).replace("\\[", "[").strip()


def _fields(owner: type, model: bool = False) -> dict[str, Any]:
    """Return each field of a class with its type, its default, and what the docstring says of it."""
    said = {}
    for entry in ClassDoc(owner, config={"show_class_members": False})["Attributes"]:
        for name in entry.name.split(","):
            said[name.strip()] = " ".join(line.strip() for line in entry.desc).strip()
    if model:
        names = {name: info.get_default() for name, info in owner.model_fields.items()}
    else:
        names = {
            one.name: None if one.default is dataclasses.MISSING else one.default for one in dataclasses.fields(owner)
        }
    kinds = owner.__annotations__
    return {
        name: {
            "type": _type(str(kinds.get(name, ""))),
            "default": default if isinstance(default, str | int | float | bool | None) else None,
            "text": said.get(name, ""),
        }
        for name, default in names.items()
    }


def _type(annotation: str) -> str:
    """Return an annotation without validators."""
    found = re.match(r"Annotated\[(?:Annotated\[)?([^,]+(?:\[[^\]]*\])?(?: \| None)?)", annotation)
    outside = " | None" if annotation.endswith("| None") and found and "None" not in found[1] else ""
    return (found[1] + outside if found else annotation).replace("Any", "any")


def commands_page(told: dict[str, Any]) -> str:
    """Return the page of the command line, as Markdown."""
    lines = ["# Command line", "", "`kmbench COMMAND --help` prints the same.", ""]
    groups: dict[str, dict[str, Any]] = {}
    for name, command in told["commands"].items():
        groups.setdefault(command["group"], {})[name] = command
    for group, commands in groups.items():
        lines += [f"## {group}", ""]
        for name, command in commands.items():
            lines += [f"### kmbench {name}", "", *_help(command["help"]), *_options(command["parameters"])]
    return "\n".join(lines)


def _help(text: str) -> list[str]:
    """Return the help of a command: its examples are code, the rest is text."""
    lines, shown = [], []
    for paragraph in text.split("\n\n"):
        paragraph = paragraph.strip()
        if paragraph.startswith("kmbench"):
            shown += [f"    {line.strip()}" for line in paragraph.splitlines()]
            continue
        if shown:
            lines += [*shown, ""]
            shown = []
        if paragraph not in ("Example", "Examples"):
            lines += [_escaped(paragraph), ""]
    return [*lines, *shown, ""]


def _options(parameters: list[dict[str, Any]]) -> list[str]:
    rows = []
    for one in parameters:
        value = f" {one['value']}" if one["value"] and one["kind"] == "option" else ""
        names = (one["value"] or one["names"][0].upper(),) if one["kind"] == "argument" else one["names"]
        default = "" if one["default"] in (None, False, "") else f" Default: `{one['default']}`."
        text = _escaped(" ".join(one["help"].split())).replace("|", "\\|")
        rows.append(f"| `{', '.join(names)}{value}` | {text}{default} |".replace("`|", "` |"))
    return ["| option | |", "|---|---|", *(row.replace("native|target", "native\\|target") for row in rows), ""]


def _escaped(text: str) -> str:
    """Return text in which nothing is Markdown by accident."""
    return re.sub(r"([\[\]<>*_])", r"\\\1", text)


def exit_codes_page(told: dict[str, Any]) -> str:
    """Return the page of the exit codes, as Markdown."""
    return "\n".join(
        [
            "# Exit codes",
            "",
            "| code | meaning |",
            "|---:|---|",
            *(f"| {code} | {meaning} |" for code, meaning in told["exit_codes"].items()),
            "",
            "If a cell is `blind` (a slowdown as large as the margin could not have been found), `kmbench gate` ends",
            "with 0, and with `--strict` with 2.",
            "",
        ]
    )


def records_page(told: dict[str, Any]) -> str:
    """Return the page of the records, as Markdown."""
    return "\n".join(
        [
            "# Records",
            "",
            "A run folder holds `records.jsonl`: one JSON object per line, in the order of the events.",
            "Figures that a kind of record does not have are omitted from its line. `study.toml` and `host.json` lie",
            "beside it. `kmbench.load_records(FOLDER)` reads all of them into a data frame,",
            "`kmbench.load_cells(FOLDER)` a row for each cell.",
            "",
            f"Kinds: {_codes(told['record_kinds'])}. Statuses: {_codes(told['statuses'])}.",
            "",
            "## Fields",
            "",
            *_table(told["record"]),
            "",
            "## What was measured: `key`",
            "",
            *_table(told["record_key"]),
            "",
        ]
    )


def study_page(told: dict[str, Any]) -> str:
    """Return the page of the study file, as Markdown."""
    return "\n".join(
        [
            "# The study file",
            "",
            "`kmbench run STUDY.toml` measures what a TOML file names. Most keys are options of the command line",
            "too; an option that is given replaces the key.",
            "",
            "```toml",
            'backends = "numpy-lloyd,sklearn-lloyd,faiss-cpu"',
            "iterations = 20",
            "threads = [1, 8]",
            "",
            "[[cases]]",
            'data = "sift.fvecs"',
            "k = [256, 1024]",
            "",
            "[[cases]]",
            'data = "photo"',
            "k = 16",
            "```",
            "",
            "## Keys of a group of cases",
            "",
            "They belong in `[[cases]]`, or at the top, where they are the defaults of all groups.",
            "",
            *_table(told["study_cases"]),
            "",
            "## Keys of the study",
            "",
            *_table({name: one for name, one in told["study"].items() if name not in told["study_cases"]}),
            "",
        ]
    )


def _codes(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(fields: dict[str, Any]) -> list[str]:
    rows = [
        f"| `{name}` | `{one['type'].replace('|', 'or')}` | {one['text'].replace('|', chr(92) + '|')} |"
        for name, one in fields.items()
    ]
    return ["| name | type | |", "|---|---|---|", *rows]
