"""The Python face of kmbench: what `kmbench run` does, returned as a data frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmbench.analysis.run import Run
from kmbench.runner.events import Event, Listener
from kmbench.runner.run import run_study
from kmbench.study import Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["measure", "run", "study_from"]


def _ignore(event: Event) -> None:
    """Take an event and do nothing."""


def study_from(study: Study | str | Path | None, options: dict[str, Any]) -> Study:
    """Return a study from a file or a Study, with options put over it.

    Without a study, options that name data make a study of their own; otherwise the built-in ``quick`` is used.

    Raises
    ------
    StudyError
        If the file or an option does not describe a study.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if isinstance(study, Study):
        return study.overridden(given)
    if study is not None:
        return Study.from_file(study).overridden(given)
    if "data" in given:
        return Study.build(given, "the command line")
    return Study.builtin("quick").overridden(given)


def run(
    study: Study | str | Path | None = None,
    *,
    output: str | Path | None = None,
    resume: bool = False,
    listener: Listener = _ignore,
    **options: Any,
) -> pd.DataFrame:
    """Measure a study and return one row for each cell.

    Parameters
    ----------
    study : Study, path of a TOML file, or None
        None: a study made of `options` if they name ``data``, else the built-in ``quick``.
    output : str or Path, optional
        Run folder; by default a new one under ``results/``. It is in ``frame.attrs["folder"]``.
    resume : bool
        Go on with the run in the folder.
    listener : callable
        Takes the events of `kmbench.runner.events`, for a progress display.
    **options
        Keys of a study: ``data``, ``backends``, ``k``, ``iterations``, ``protocol``, ``threads``, ``repeats``,
        ``seed``, ``timeout`` (seconds), ``memory_limit`` (bytes, or text such as ``"4G"``), ``baseline``.

    Raises
    ------
    KmbenchError
        Before anything is measured, if the study, its data or the folder will not do.

    Examples
    --------
    >>> from kmbench import run
    >>> cells = run(data="digits", k=10, backends="numpy-lloyd,sklearn-lloyd")  # doctest: +SKIP
    >>> cells[["label", "fit_predict_seconds", "speedup", "inertia_ratio"]]  # doctest: +SKIP
    """
    chosen = study_from(study, options)
    measured = measure(chosen, None if output is None else Path(output), resume, listener)
    frame = measured.frame()
    frame.attrs["folder"] = str(measured.folder)
    return frame


def measure(
    study: Study, output: Path | None, resume: bool, listener: Listener, stop_after: float | None = None
) -> Run:
    """Measure a study and return the run; the arguments are those of `run`.

    `stop_after` is the time in seconds after which no further case is begun.

    Raises
    ------
    KmbenchError
        Before anything is measured, if the study, its data or the folder will not do.
    """
    result = run_study(study, output, resume, listener, stop_after=stop_after)
    return Run(
        records=result.records,
        study=result.study,
        host=result.host,
        folder=result.folder,
        cases_left=result.cases_left,
    )
