"""The Python face of kmbench: what `kmbench run` does, for data that is named and for data that is in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from kmbench.analysis.run import Run
from kmbench.datasets.held import is_spec, matrix_of
from kmbench.errors import StudyError
from kmbench.results import Results
from kmbench.runner.events import Event, Listener
from kmbench.runner.run import run_study
from kmbench.study import Study

__all__ = ["measure", "run", "study_from"]


def _ignore(event: Event) -> None:
    """Take an event and do nothing."""


def study_from(study: Study | str | Path | None, options: dict[str, Any]) -> Study:
    """Return a study from a file or a Study, with options that override it.

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
    study: Any = None,
    *,
    output: str | Path | None = None,
    resume: bool = False,
    listener: Listener = _ignore,
    **options: Any,
) -> Results:
    """Measure a study, or your own data, and return the results.

    Parameters
    ----------
    study : Study, path of a TOML file, data, or None
        Data can be an array of shape (n, d), a data frame of numbers (pandas or polars), a torch tensor on
        the CPU, or a dict of such by name. None: a study made of `options` if they name ``data``, else the built-in
        ``quick``.
    output : str or Path, optional
        Run folder; by default a new one under ``results/``. It is `Results.folder`.
    resume : bool
        Continue the run in the folder.
    listener : callable
        Takes the events of `kmbench.runner.events`, for a progress display.
    **options
        Keys of a study: ``data``, ``backends``, ``k``, ``iterations``, ``protocol``, ``threads``, ``repeats``,
        ``seed``, ``timeout`` (seconds), ``memory_limit`` (bytes, or text such as ``"4G"``), ``baseline``.
        ``data`` takes SPECs and what `study` takes.

    Raises
    ------
    KmbenchError
        Before anything is measured, if the study, its data or the folder will not do.

    Examples
    --------
    >>> from kmbench import run
    >>> results = run(X, k=[64, 256], backends=["numpy-lloyd", "sklearn-lloyd"])  # doctest: +SKIP
    >>> results.frame()[["label", "fit_predict_seconds", "speedup", "inertia_ratio"]]  # doctest: +SKIP
    >>> results.plot()  # doctest: +SKIP
    """
    arrays: dict[str, NDArray[Any]] = {}
    if study is not None and not isinstance(study, str | Path | Study):
        if "data" in options:
            raise StudyError("data is given twice", "leave data= out, or the first argument")
        options["data"], study = study, None
    if "data" in options:
        options["data"], arrays = _named(options["data"])
        if arrays and study is None and options.get("k") is None:
            raise StudyError("the number of clusters is missing", "give k=[64, 256]")
    chosen = study_from(study, options)
    return Results(measure(chosen, None if output is None else Path(output), resume, listener, arrays))


def measure(
    study: Study,
    output: Path | None,
    resume: bool,
    listener: Listener,
    arrays: Mapping[str, NDArray[Any]] | None = None,
    stop_after: float | None = None,
) -> Run:
    """Measure a study and return the run; the arguments are those of `run`, and arrays that the study names.

    `stop_after` is the time in seconds after which no further case is begun.

    Raises
    ------
    KmbenchError
        Before anything is measured, if the study, its data or the folder will not do.
    """
    result = run_study(study, output, resume, listener, stop_after=stop_after, arrays=arrays or {})
    return Run(
        records=result.records,
        study=result.study,
        host=result.host,
        folder=result.folder,
        cases_left=result.cases_left,
    )


def _named(data: Any) -> tuple[list[str], dict[str, NDArray[Any]]]:
    """Return the names of data sets as a study has them, and those that are in memory."""
    if is_spec(data):
        return [str(data)], {}
    if isinstance(data, Mapping):
        return [str(name) for name in data], {str(name): matrix_of(one, str(name)) for name, one in data.items()}
    if isinstance(data, list | tuple) and data and all(is_spec(one) for one in data):
        return [str(one) for one in data], {}
    return ["X"], {"X": matrix_of(data, "X")}
