"""Former names of the plug-in contract: packages that were written against them still run, with a warning."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

__all__ = ["accept_former_name", "warn_former_name"]


def warn_former_name(former: str, now: str, stacklevel: int = 3) -> None:
    """Warn that a name is no longer the contract's.

    Parameters
    ----------
    former, now : str
        As a plug-in's author writes them.
    stacklevel : int
        Of the line that the warning points at, as `warnings.warn` counts.
    """
    warnings.warn(f"{former} is now {now}", DeprecationWarning, stacklevel=stacklevel)


def accept_former_name(cls: type, former: str, now: str) -> None:
    """Let a class define or call a method by its former name; to be called when the class is made.

    A class that defines only `former` gets `now` from it, with one warning. One that defines `now` answers to
    `former` too, so that a child may still call ``super().former(...)``: that reaches this class's own method.

    Parameters
    ----------
    cls : type
    former, now : str
        Names of a method or class method.
    """
    own = vars(cls)
    if former in own and now not in own:
        warn_former_name(f"{cls.__name__}.{former}", now, stacklevel=5)
        setattr(cls, now, own[former])
    elif now in own and former not in own:
        setattr(cls, former, _answering(own[now], former, now))


def _answering(method: Any, former: str, now: str) -> Any:
    function: Callable[..., Any] = method.__func__ if isinstance(method, classmethod) else method

    @functools.wraps(function)
    def renamed(*arguments: Any, **named: Any) -> Any:
        warn_former_name(former, now)
        return function(*arguments, **named)

    return classmethod(renamed) if isinstance(method, classmethod) else renamed
