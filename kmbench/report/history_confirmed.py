"""What changes of a history came to when both sides were measured again, for the page and for ``--json``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from kmbench.analysis.confirmations import Confirmation, confirmation_of
from kmbench.analysis.history import Change
from kmbench.analysis.time_changes import Candidate

__all__ = ["as_object", "confirmation_of_change", "confirmation_of_times", "confirmed_text"]


def confirmation_of_times(change: Candidate, kept: Sequence[Confirmation]) -> Confirmation | None:
    """Return what a change of time came to, or None where it was not measured again."""
    cells = [step.line.cell for step in change.steps]
    metrics = dict.fromkeys(step.line.metric for step in change.steps)
    found = (confirmation_of(kept, metric, cells, change.slower, change.after) for metric in metrics)
    return next((one for one in found if one is not None), None)


def confirmation_of_change(change: Change, kept: Sequence[Confirmation]) -> Confirmation | None:
    """Return what another figure's change came to, or None where it was not measured again.

    Only the cell that moved most at a commit is measured again; the others stand for the same change.
    """
    own = [one for one in kept if (one.metric, one.up) == (change.metric, change.worse)]
    return next((one for one in reversed(own) if change.after in (*one.commits[1:], one.at)), None)


def confirmed_text(found: Confirmation | None) -> str:
    """Return it in words; a change that was not measured again is neither confirmed nor refuted."""
    return "not yet" if found is None else found.text


def as_object(found: Confirmation | None) -> dict[str, Any] | None:
    """Return it for ``kmbench history --json``."""
    return None if found is None else dataclasses.asdict(found) | {"found": found.found.value}
