"""`kmbench host`: what is measured on."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console

__all__ = ["host_command"]


def host_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    machine: Annotated[
        bool, typer.Option("--machine", help="Print only the name under which asv files the results of this machine.")
    ] = False,
) -> None:
    """Describe this host, as a run records it: CPU, memory, versions, environment variables, and a short fingerprint.

    [bold]Example[/bold]

    kmbench host --json
    """
    from kmbench.instruments import default_threads, describe_host, fingerprint, machine_name, pools

    host = describe_host()
    if machine:
        print(machine_name(host))  # noqa: T201
        return
    host["fingerprint"] = fingerprint(host)
    host["default_threads"] = default_threads()
    _load_engines()
    host["pools"] = pools()
    if as_json:
        print(json.dumps(host, indent=1))  # noqa: T201
        return
    console = Console()
    for name, value in host.items():
        console.print(f"[bold]{name:<20}[/bold] ", end="")
        console.print(_text(value), markup=False, highlight=False)


def _load_engines() -> None:
    """Import the engines that are installed, so that their pools can be seen."""
    from importlib import import_module

    from kmbench.backends.registry import backend_names, get_backend
    from kmbench.errors import BackendError

    for name in backend_names():
        try:
            backend = get_backend(name)
        except BackendError:
            continue
        if backend.unavailable() is None:
            for module in backend.requires:
                import_module(module)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(inner)}" for name, inner in value.items() if inner not in (None, "", {}))
    if isinstance(value, list):
        return (
            "; ".join(_text(inner) for inner in value)
            if value and isinstance(value[0], dict)
            else " ".join(map(str, value))
        )
    return "-" if value is None else str(value)
