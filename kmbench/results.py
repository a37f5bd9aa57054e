"""What `kmbench.run` and `compare_callables` return."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmbench.analysis.run import Run
from kmbench.errors import OutputError
from kmbench.shown import Shown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from kmbench.notes import Note

__all__ = ["Results"]


class Results(Shown):
    """A measured run, as a notebook shows it.

    Attributes
    ----------
    run : Run
        Records, study and host, and all that follows from them.
    """

    __slots__ = ("run",)
    shown_by = "kmbench.results"

    def __init__(self, run: Run) -> None:
        self.run = run

    @property
    def folder(self) -> Path | None:
        """The run folder."""
        return self.run.folder

    @property
    def failed(self) -> bool:
        """Whether a cell failed, or nothing was measured at all."""
        return self.run.failed

    @property
    def notes(self) -> list[Note]:
        """What a reader must know before believing the results."""
        return self.run.notes

    @property
    def answers(self) -> list[str]:
        """A sentence for each case."""
        from kmbench.report.race import headline_of
        from kmbench.report.sentences import case_name, headline

        cases = [case for case in self.run.cases if case.lead.protocol != "target"]
        return [str(headline(case, case_name(case.lead))) for case in cases] + [
            str(headline_of(race)) for race in self.run.races
        ]

    def samples(self) -> pd.DataFrame:
        """Return one row for each sample of each cell."""
        return self.run.samples_frame()

    def frame(self) -> pd.DataFrame:
        """Return one row for each cell, with every figure: times are medians in seconds."""
        return self.run.frame()

    def __getitem__(self, columns: Any) -> Any:
        """Return columns of `frame`, by name."""
        return self.frame()[columns]

    def _repr_html_(self) -> str:
        """Return the answers, the forest plot and the table, for a notebook."""
        from html import escape

        from kmbench.shown import image_of

        answers = "".join(f"<p><strong>{escape(answer)}</strong></p>" for answer in self.answers)
        notes = "".join(f"<p><small>{escape(f'{note.code}: {note}')}</small></p>" for note in self.notes)
        table = _worded(self.run).to_html(index=False, border=0)
        return f"{answers}{image_of(self.plot())}{table}{notes}"


def sentence(result: Results) -> str:
    """Return how many cells there are, and the answer of the first case."""
    from kmbench.wording import count_text

    cells, answers = result.run.cells, result.answers
    more = f" (and {count_text(len(answers) - 1, 'more case')})" if len(answers) > 1 else ""
    return f"{count_text(len(cells), 'cell')}. {answers[0] if answers else 'No cell has finished.'}{more}"


def frame(result: Results) -> pd.DataFrame:
    """Return one row for each cell."""
    return result.frame()


def plot(result: Results, ax: Axes) -> None:
    """Draw the speed-ups with their intervals; without any, the times."""
    from kmbench.report.forest import draw_on, forest_cases

    cases = forest_cases(result.run.cases)
    if cases:
        draw_on(ax, cases)
        return
    sound = [row for row in result.run.cells if row.fit_predict_seconds is not None]
    ax.barh([row.label for row in sound], [row.fit_predict_seconds or 0.0 for row in sound])
    ax.set_xlabel("seconds for fit and labels")


def save(result: Results, path: Path) -> None:
    """Write the page as ``.html``, or the records as ``.jsonl``."""
    if path.suffix.lower() in (".html", ".htm"):
        from kmbench.figures.html import write_whole
        from kmbench.report.page import render_page

        write_whole(path, render_page(result.run))
    elif path.suffix.lower() == ".jsonl":
        from kmbench.figures.html import write_whole

        write_whole(path, "".join(f"{record.to_line()}\n" for record in result.run.records))
    else:
        raise OutputError(f"{path}: unknown suffix", "use .html, .csv, .jsonl, .png, .svg or .pdf")


def _worded(run: Run) -> pd.DataFrame:
    """Return the table with figures as people read them."""
    import pandas as pd

    from kmbench.figures_of_cells import Face, figures_of

    rows: list[dict[str, Any]] = []
    for row in run.cells:
        told = {"case": f"{row.dataset} k={row.k}", "backend": row.label, "status": row.status.value}
        for figure in figures_of(Face.MARKDOWN):
            worded = figure.word(row)
            told[figure.title] = f"{worded.main} {worded.aside}".strip()
        rows.append(told | {"verdict": "" if row.verdict is None else row.verdict.value})
    return pd.DataFrame(rows)
