"""The command `kmbench`: gathers the commands and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import Annotated

import typer

from kmbench import __version__
from kmbench.cli.asv_frame import asv_frame_command
from kmbench.cli.backends import backends_command
from kmbench.cli.choose_k import choose_k_command
from kmbench.cli.compare import compare_command
from kmbench.cli.data import data_command
from kmbench.cli.explain import explain_command
from kmbench.cli.fetch import fetch_command
from kmbench.cli.gate import gate_command
from kmbench.cli.help import SHORT, Command, Group
from kmbench.cli.history import history_command
from kmbench.cli.host import host_command
from kmbench.cli.quantize import quantize_command
from kmbench.cli.report import gallery_command, report_command
from kmbench.cli.run import run_command
from kmbench.cli.segment import segment_command
from kmbench.cli.selftest import selftest_command
from kmbench.cli.semantic_ids import semantic_ids_command
from kmbench.cli.tune import tune_command
from kmbench.cli.workloads import workloads_command
from kmbench.errors import KmbenchError

__all__ = ["app", "main"]

BAD_INPUT = 2

app = typer.Typer(
    name="kmbench",
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Compare k-means engines on the same work, verify their answers, and say how sure the result is.\n\n"
    "Begin with [bold]kmbench run[/bold]: it compares NumPy, scikit-learn and FAISS on three data sets. "
    "pip install 'kmbench\\[cpu]' adds FAISS.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kmbench {__version__}")
        raise typer.Exit


@app.callback()
def _global(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Read the options that stand before the command; `main` looks for ``--debug`` itself."""


GROUPS: dict[str, dict[str, Callable[..., None]]] = {
    "Measure": {"run": run_command, "compare": compare_command, "report": report_command, "gallery": gallery_command},
    "Tune an index": {"tune": tune_command},
    "Tasks": {
        "choose-k": choose_k_command,
        "segment": segment_command,
        "quantize": quantize_command,
        "semantic-ids": semantic_ids_command,
    },
    "History": {"gate": gate_command, "history": history_command, "asv-frame": asv_frame_command},
    "Look up": {
        "backends": backends_command,
        "workloads": workloads_command,
        "data": data_command,
        "fetch": fetch_command,
        "host": host_command,
        "explain": explain_command,
        "selftest": selftest_command,
    },
}
"""The commands, as ``kmbench --help`` groups them."""

for group, commands in GROUPS.items():
    for name, command in commands.items():
        app.command(name, cls=Command, short_help=SHORT[name], rich_help_panel=group)(command)


def _check_text(arguments: list[str]) -> None:
    """Refuse names that are no UTF-8: what they would be written into (records, recipes, JSON, pages) is UTF-8."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise KmbenchError(f"{os.fsencode(argument)!r} is not UTF-8", "rename the file or folder") from None


def main() -> None:
    """Run the command line; exit codes are 0, 1 (a cell failed), 2 (bad input) and 130 (Ctrl-C)."""
    try:
        _check_text(sys.argv[1:])
        app()
    except KmbenchError as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        print(f"kmbench: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(BAD_INPUT)
