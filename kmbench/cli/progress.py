"""Progress of a run on standard error: a bar with an estimate on a terminal, one line per cell elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from kmbench.cli.note_lines import print_notes
from kmbench.records import Status
from kmbench.runner.events import CaseStarted, CellEnded, DataRead, Event, Step, StudyStarted
from kmbench.wording import seconds_text

__all__ = ["Progress"]


class Progress:
    """A listener of the runner's events."""

    def __init__(self, console: Console) -> None:
        self.folder: str | None = None
        self._console = console
        self._bar: Bar | None = None
        if console.is_terminal:
            columns = (
                TextColumn("{task.description}", table_column=None),
                BarColumn(bar_width=20),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
            )
            self._bar = Bar(*columns, console=console, transient=True, refresh_per_second=2)
        self._work: dict[str, float] = {}
        self._per_step = 0.0
        self._case_end = 0.0
        self._lacking: set[str] = set()  # why engines cannot run here: told once

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if isinstance(event, DataRead):
            print_notes(self._console, event.notes)
        elif isinstance(event, StudyStarted):
            self._begin(event)
        elif isinstance(event, CaseStarted):
            self._case(event)
        elif isinstance(event, Step):
            self._advance(f"{event.key.backend}: {event.what}" if event.what != "reference" else event.what)
        elif isinstance(event, CellEnded):
            self._cell(event)

    def _begin(self, event: StudyStarted) -> None:
        self.folder = event.folder
        self._work = event.work
        if event.cells_done:
            self._console.print(f"{event.cells_done} of {event.cells} cells were measured earlier", highlight=False)
        if self._bar is not None:
            self._task = self._bar.add_task("data", total=sum(event.work.values()) or 1.0)

    def _case(self, event: CaseStarted) -> None:
        key = event.key
        task = "" if key.workload is None else f"{key.workload} on "
        title = f"[{event.number}/{event.of}] {task}{key.dataset}  k={key.k}  threads={key.threads}  {key.protocol}"
        self._console.print(title, markup=False, highlight=False, style="bold")
        work = self._work.get(key.case_id, 0.0)
        self._per_step = work / event.steps
        if self._bar is not None:
            if event.number > 1:  # steps that failed cells did not take
                self._bar.update(self._task, completed=self._case_end)
            self._case_end += work

    def _advance(self, what: str) -> None:
        if self._bar is not None:
            self._bar.update(self._task, advance=self._per_step, description=f"{what:<28.28}")

    def _cell(self, event: CellEnded) -> None:
        record = event.record
        took = "" if event.seconds is None else f", {seconds_text(event.seconds)}"
        line = f"  {record.key.label}: {record.status.value}{took}"
        if record.reason and record.reason not in self._lacking:
            line += f" ({record.reason})"
        if record.reason and record.status is Status.UNAVAILABLE:
            self._lacking.add(record.reason)
        style = "red" if record.status.is_failure else "yellow" if record.status != "ok" else None
        self._console.print(line, markup=False, highlight=False, style=style)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
