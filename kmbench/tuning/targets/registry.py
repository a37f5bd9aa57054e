"""Find targets by their entry points in the group ``kmbench.targets``, and read ``--target NAME[option=value;…]``."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from pydantic import ValidationError

from kmbench.errors import TuneError
from kmbench.plugins import load_entry, registered_names
from kmbench.tuning.targets.base import Target, TargetParams, Task

__all__ = ["FAISS", "GROUP", "TargetChoice", "get_target", "reach", "read_target", "target_names"]

GROUP = "kmbench.targets"

FAISS = "faiss"
"""The target that is a file: the tuner's own."""

HOW = "write NAME[option=value;option=value], a value with any of ; , ] ' \" in quotes"


@dataclass(frozen=True, slots=True)
class TargetChoice:
    """A target with the parameters that a user gave it. Its text form holds no parameter: one may be a password."""

    cls: type[Target]
    params: TargetParams

    def __repr__(self) -> str:
        return f"TargetChoice({self.cls.name})"

    def open(self, task: Task) -> Target:
        """Return the target for a task; it connects as a context."""
        return self.cls(self.params, task)


def reach(choice: TargetChoice, task: Task) -> None:
    """See that the target can be reached and is fit for the task, before hours are spent.

    Raises
    ------
    TuneError
        If it is not.
    """
    target = choice.open(task)
    if target.why_not_measured() is None:
        with target:
            target.versions()


def target_names() -> list[str]:
    """Return the names of all registered targets, without importing any."""
    return registered_names(GROUP)


def get_target(name: str) -> type[Target]:
    """Return the class of a target.

    Raises
    ------
    TuneError
        If there is no such target, or what its package registered cannot be loaded.
    """
    if name not in target_names():
        known = [FAISS, *target_names()]
        near = difflib.get_close_matches(name, known, n=1)
        raise TuneError(
            f"--target {name}: no such target",
            f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}",
        )
    return load_entry((GROUP,), name, Target, "target", TuneError)  # type: ignore[type-abstract]


def read_target(text: str) -> TargetChoice | None:
    """Read ``--target``; None stands for an index of FAISS.

    Raises
    ------
    TuneError
        If it cannot be read. Messages name options and never repeat values.
    """
    name, bracket, rest = text.strip().partition("[")
    name = name.strip()
    if name == FAISS:
        if bracket:
            raise TuneError("--target faiss takes no options", "write --target faiss, or leave it out")
        return None
    cls = get_target(name)
    if bracket and not rest.rstrip().endswith("]"):
        raise TuneError(f"--target {name}[…: the bracket is not closed", HOW)
    given = _options(name, rest.rstrip()[:-1]) if bracket else {}
    known = list(cls.Params.model_fields)
    for option in given:
        if option not in known:
            near = difflib.get_close_matches(option, known, n=1)
            hint = f"did you mean {near[0]}=?" if near else f"known: {', '.join(known)}; {HOW}"
            # Of a DSN that is torn apart, a piece may look like an option: it is not repeated.
            raise TuneError(f"--target {name}: unknown option in the brackets", hint)
    try:
        params = cls.Params.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise TuneError(f"--target {name}: {first['loc'][0]}=: {first['msg']}") from None
    cls.check_params(params)
    return TargetChoice(cls, params)


def _options(name: str, text: str) -> dict[str, str]:
    """Read ``option=value;option=value``; commas part options too, and quotes keep anything together."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        equals = text.find("=", at)
        option = text[at : len(text) if equals < 0 else equals].strip(" ;,\t")
        if equals < 0:
            if option:
                # What stands here may be a part of a DSN: it is not repeated.
                raise TuneError(f"--target {name}: an option has no value", HOW)
            break
        if not option.isidentifier():
            raise TuneError(f"--target {name}: the text in the brackets cannot be read", HOW)
        value, at = _value(name, option, text, equals + 1)
        if option in found:
            raise TuneError(f"--target {name}: {option}= is given twice", "give it once")
        found[option] = value
    return found


def _value(name: str, option: str, text: str, at: int) -> tuple[str, int]:
    while at < len(text) and text[at] == " ":
        at += 1
    if at < len(text) and text[at] in "\"'":
        end = text.find(text[at], at + 1)
        if end < 0:
            raise TuneError(f"--target {name}: the quotes of {option}= are not closed", HOW)
        rest = text[end + 1 :].lstrip()
        if rest and rest[0] not in ";,":
            raise TuneError(f"--target {name}: unexpected text after the quotes of {option}=", HOW)
        return text[at + 1 : end], len(text) - len(rest) + 1
    ends = [place for place in (text.find(mark, at) for mark in ";,") if place >= 0]
    end = min(ends, default=len(text))
    value = text[at:end].strip()
    if not value:
        raise TuneError(f"--target {name}: {option}= has no value", HOW)
    return value, end + 1
