"""`kmbench backends`: what can be compared here, why the rest cannot, and all about one of them."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from kmbench.errors import BackendError

if TYPE_CHECKING:
    from kmbench.backends.registry import BackendInfo

__all__ = ["backends_command", "print_backend", "print_backends"]

EMPTY_CLUSTERS = {
    "zero": "a cluster that loses all rows is put at the origin",
    "relocate": "a cluster that loses all rows is moved to far rows",
    "split": "a cluster that loses all rows gets a part of a large one",
    "keep": "a cluster that loses all rows stays where it is",
}


def backends_command(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Describe this backend, with its parameters and traps."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array, an object per backend.")] = False,
) -> None:
    """List the backends and which of them can run here, or describe one.

    [bold]Examples[/bold]

    kmbench backends

    kmbench backends faiss-ivf
    """
    from kmbench.backends.registry import describe_backends

    found = describe_backends()
    if name is not None:
        found = [_named(name, found)]
    if as_json:
        print(json.dumps([dataclasses.asdict(backend) for backend in found], indent=1))  # noqa: T201
    elif name is not None:
        print_backend(Console(highlight=False), found[0])
    else:
        print_backends(Console(highlight=False), found)


def _named(name: str, found: list[BackendInfo]) -> BackendInfo:
    for backend in found:
        if backend.name == name:
            return backend
    from kmbench.datasets.parameters import nearest

    names = [backend.name for backend in found]
    raise BackendError(f"no backend {name}{nearest(name, names)}", f"known: {', '.join(names)}")


def print_backends(console: Console, found: list[BackendInfo]) -> None:
    """Print a line for each backend."""
    from kmbench.cli.lines import Column, print_lines

    here = [Text("yes", style="green") if backend.available else Text("no", style="yellow") for backend in found]
    print_lines(
        console,
        [
            Column("backend", [backend.name for backend in found], right=False),
            Column("version", [backend.version or "-" for backend in found], right=False),
            Column("device", [backend.device or "-" for backend in found], right=False),
            Column("answer", [_answer(backend) for backend in found], right=False),
            Column("here", here, right=False),
        ],
        heading_style="bold",
    )
    console.print()
    absent = next((backend for backend in found if not backend.available), None)
    named = absent.name if absent is not None else found[0].name if found else "NAME"
    why = " and why it cannot run here" if absent is not None else ""
    console.print(f"kmbench backends {named} shows its parameters, its traps{why}.", style="dim")


def _answer(backend: BackendInfo) -> str:
    exact = backend.traits.get("exact")
    return "" if exact is None else "exact" if exact else "approximate"


def print_backend(console: Console, backend: BackendInfo) -> None:
    """Print all about one backend."""
    version = f" {backend.version}" if backend.version else ""
    console.print(Text.assemble((backend.name, "bold"), version, f"  {backend.summary}" if backend.summary else ""))
    if backend.reason is None:
        console.print("It can run here.", style="green")
    else:
        console.print(Text.assemble(("It cannot run here: ", "yellow"), backend.reason))
    if backend.traits:
        console.print()
        for sentence in _held_to(backend):
            console.print(sentence)
    if backend.traps:
        console.print("\nTraps", style="bold")
        for trap in backend.traps:
            console.print(f"- {trap}", markup=False)
    if backend.parameters:
        console.print("\nParameters", style="bold")
        for parameter, schema in backend.parameters.items():
            described = schema.get("description", "")
            console.print(Text.assemble((parameter, "bold"), f"  {_values(schema)}"), soft_wrap=True)
            if described:
                console.print(Text(f"  {described}"))
        console.print(
            f"\nWrite {_example(backend)}; values with commas are tried one by one.", style="dim", markup=False
        )


def _held_to(backend: BackendInfo) -> list[str]:
    """Return what the backend does, and what its answer is held to."""
    traits = backend.traits
    matched = traits["accepts_init"] and traits["fixed_iterations"]
    if not matched:
        lacks = "a given start" if not traits["accepts_init"] else "a fixed number of iterations over all rows"
        held = f"It does not support {lacks}, so it takes part only with --protocol native."
    elif traits["exact"]:
        held = "Exact: in a matched run it must reach the inertia of the reference, or its row is invalid."
    else:
        held = "Approximate: it gets the same start and iterations; its inertia may differ from the reference."
    labels = "in fit" if traits["labels_in_fit"] else "by one more search, which is timed together with the fit"
    centres = "It subtracts the mean from the data itself." if traits["centres"] else "It does not centre the data."
    return [
        f"Device: {traits['device']}. {held}",
        f"Labels are found {labels}. {centres} {EMPTY_CLUSTERS[traits['empty_clusters']].capitalize()}.",
    ]


def _values(schema: dict[str, Any]) -> str:
    """Return what a parameter can be, and its default."""
    kinds = schema.get("anyOf", [schema])
    parts = []
    for kind in kinds:
        if kind.get("type") == "null":
            continue
        if "enum" in kind:
            parts.append(" | ".join(str(value) for value in kind["enum"]))
        elif "const" in kind:
            parts.append(str(kind["const"]))
        else:
            parts.append(_bounded(kind))
    told = "default" in schema.get("description", "")
    default = "" if told or "default" not in schema else _default(schema["default"])
    return f"{' | '.join(parts)}{default}"


def _bounded(kind: dict[str, Any]) -> str:
    low, above = kind.get("minimum"), kind.get("exclusiveMinimum")
    high, below = kind.get("maximum"), kind.get("exclusiveMaximum")
    name = {"integer": "whole number", "boolean": "true | false", "string": "text"}.get(
        kind.get("type", ""), kind.get("type", "")
    )
    bounds = [f"from {low:,}"] if low is not None else [f"above {above:,}"] if above is not None else []
    bounds += [f"to {high:,}"] if high is not None else [f"below {below:,}"] if below is not None else []
    return " ".join([name, *bounds])


def _default(value: Any) -> str:
    return ", default: that of the library" if value is None else f", default {value}"


def _example(backend: BackendInfo) -> str:
    first = next(iter(backend.parameters))
    return f"--backends '{backend.name}[{first}=...]'"
