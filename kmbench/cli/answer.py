"""What `kmbench run` prints when it is done: races, cases and tasks, each below the sentence that answers."""

from __future__ import annotations

from rich.console import Console

from kmbench.analysis.run import Run
from kmbench.cli.race import print_races
from kmbench.cli.table import print_cases
from kmbench.cli.task_table import print_tasks
from kmbench.report.sentences import case_name, headline, summary

__all__ = ["print_run"]


def print_run(console: Console, run: Run, *, wide: bool = False) -> None:
    """Print a run; `wide`: with all figures."""
    print_races(console, run.races)
    cases = [case for case in run.cases if case.lead.protocol != "target"]
    answers = [headline(case, case_name(case.lead)) for case in cases]
    sentences = [answer.finding for answer in answers]
    print_cases(console, cases, run.notes, wide=wide, summary=summary(answers), sentences=sentences)
    print_tasks(console, run.cells)
