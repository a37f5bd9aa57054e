"""What changes of a history came to when both sides were measured again, for the page and for ``--json``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from kmbench.analysis.confirmations import Confirmation, confirmation_of
from kmbench.analysis.history import Change
from kmbench.analysis.time_changes import Candidate, LineStep

__all__ = ["as_object", "confirmation_of_change", "confirmation_of_step", "confirmed_text"]


def confirmation_of_step(step: LineStep, change: Candidate, kept: Sequence[Confirmation]) -> Confirmation | None:
    """Return what a step of time came to, or None where it was not measured again.

    Of a change only the cells that moved most are measured; they stand for the others that stepped where they did.
    """
    up, metric = step.ratio > 1, step.line.metric
    beside = [other.line.cell for other in change.steps if abs(other.position - step.position) <= 1]
    own = confirmation_of(kept, metric, [step.line.cell], up, step.after)
    return own or confirmation_of(kept, metric, beside, up, step.after)


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
