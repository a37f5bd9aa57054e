"""How `--help` looks: switches without a type, a line for each command."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

__all__ = ["SHORT", "Command", "Group"]

SHORT = {
    "run": "Compare k-means backends on the same work.",
    "compare": "Compare two runs cell by cell.",
    "report": "Write the page of a run, or of several runs side by side.",
    "gallery": "Write the page of every run in a folder, with an index page.",
    "tune": "Choose nlist and nprobe of an IVF index for a recall.",
    "choose-k": "Choose the number of clusters, or find that there are none.",
    "segment": "Divide the rows of a table into segments.",
    "quantize": "Reduce a picture to k colours.",
    "semantic-ids": "Give every embedding an ID of a few digits.",
    "gate": "Check whether the later of two commits is worse.",
    "history": "Write a page of asv's results over commits.",
    "asv-frame": "Print asv's results as a tidy table.",
    "backends": "List the backends, or describe one.",
    "workloads": "List the tasks by which backends can be compared.",
    "data": "List the data formats that a SPEC can name, or describe a data set.",
    "fetch": "Fetch a public data set, or list the known ones.",
    "host": "Describe this host, as a run records it.",
    "explain": "Explain the code of a note, such as KM204.",
    "selftest": "Check the measurement with backends of known behaviour.",
}
"""What the list of commands says of each, in a line of 80 columns."""


def _without_type(parameters: list[Any]) -> list[Any]:
    """Show no type beside a switch: it takes no value."""
    for parameter in parameters:
        if getattr(parameter, "is_flag", False) or parameter.name == "help":
            parameter.metavar = ""
    return parameters


class Command(TyperCommand):
    """A command whose switches show no type."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters as help shows them."""
        return _without_type(super().get_params(ctx))


class Group(TyperGroup):
    """The command `kmbench` itself."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters as help shows them."""
        return _without_type(super().get_params(ctx))
