"""Progress of the tuner on standard error: a line that is rewritten on a terminal, one line per step elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

__all__ = ["TuneProgress"]


class TuneProgress:
    """Takes what is being done, and the share of it that is done.

    With `each_step` off only the first words, up to a comma, are a line of their own where there is no terminal.
    """

    def __init__(self, console: Console, *, each_step: bool = True) -> None:
        self._console = console
        self._each_step = each_step
        self._last = ""
        self._bar: Progress | None = None
        if console.is_terminal:
            columns = (
                TextColumn("{task.description:<34}"),
                BarColumn(bar_width=16),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=console, transient=True, refresh_per_second=4)
            self._task = self._bar.add_task("data", total=1.0)

    def __call__(self, what: str, share: float) -> None:
        """Show a step."""
        if self._bar is not None:
            self._bar.update(self._task, description=what, completed=share)
            return
        line = what if self._each_step else what.partition(",")[0]
        if line != self._last:
            self._console.print(line, markup=False, highlight=False)
        self._last = line

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
