"""What does not go together with a database: a line each, so that options that come later take one more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kmbench.errors import TuneError
from kmbench.tuning.index.kinds import Kind
from kmbench.tuning.targets.registry import TargetChoice

__all__ = ["REFUSED", "Refused", "refuse_kinds", "refuse_nlists", "refuse_options"]


@dataclass(frozen=True, slots=True)
class Refused:
    """An option that a database cannot follow, the one value that it allows, and why."""

    option: str
    allowed: Any
    reason: str


REFUSED: Sequence[Refused] = (
    Refused("device", "cpu", "a database is searched on its own server"),
    Refused("balance", "auto", "a database puts each row into its nearest list"),
    Refused("probes", "fixed", "a database probes as many lists for each query"),
    Refused("filter", "", "it is answered for an index of FAISS"),
    Refused("radius", None, "it is answered for an index of FAISS"),
)


def refuse_options(choice: TargetChoice, given: Mapping[str, Any]) -> None:
    """Refuse options that a database cannot follow.

    Parameters
    ----------
    choice : TargetChoice
    given : mapping by name of the option
        What the user asks for; names that are missing count as allowed.

    Raises
    ------
    TuneError
    """
    for one in REFUSED:
        value = given.get(one.option, one.allowed)
        if value != one.allowed:
            flag = "--" + one.option.replace("_", "-")
            raise TuneError(
                f"{flag} {value} cannot be combined with --target {choice.cls.name}: {one.reason}",
                f"leave {flag} out, or tune for FAISS",
            )


def refuse_kinds(choice: TargetChoice, kinds: Sequence[Kind], d: int) -> None:
    """Refuse kinds of index that a target does not have.

    Raises
    ------
    TuneError
    """
    for kind in kinds:
        barred = choice.cls.why_not_kind(kind, d)
        if barred is not None:
            raise TuneError(f"--index {kind.name} with --target {choice.cls.name}: {barred[0]}", barred[1])


def refuse_nlists(choice: TargetChoice, nlists: Sequence[int], given: bool) -> list[int]:
    """Return the numbers of lists that the target allows.

    Raises
    ------
    TuneError
        If the user asked for more.
    """
    most = choice.cls.most_lists
    if most is None or max(nlists) <= most:
        return list(nlists)
    if given:
        raise TuneError(
            f"--nlist {max(nlists)}: {choice.cls.title} allows at most {most:,} lists", f"use at most {most}"
        )
    return [nlist for nlist in nlists if nlist <= most]
