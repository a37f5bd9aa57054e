"""Everything kmbench raises on purpose, each with a reason code and a hint that tells how to fix it."""

from __future__ import annotations

from kmbench.deprecation import warn_former_name

__all__ = [
    "BackendError",
    "CaseError",
    "DataError",
    "GateError",
    "KmbenchError",
    "OutputError",
    "SpecError",
    "StudyError",
    "TuneError",
    "WorkloadError",
]


class KmbenchError(Exception):
    """Root of kmbench's exceptions: one line that names what is wrong and how to fix it.

    Parameters
    ----------
    what : str
        What is wrong and where: the file, the option, the value.
    hint : str, optional
        What the user can do about it.
    mend : str, optional
        Former name of `hint`.
    """

    reason = "error"

    def __init__(self, what: str, hint: str | None = None, *, mend: str | None = None) -> None:
        if mend is not None:
            warn_former_name(f"{type(self).__name__}(mend=...)", "hint=...")
            hint = mend if hint is None else hint
        self.what = what
        self.hint = hint
        message = what if hint is None else f"{what}; {hint}"
        super().__init__(" ".join(message.split()))

    @property
    def mend(self) -> str | None:
        """Former name of `hint`."""
        warn_former_name(f"{type(self).__name__}.mend", "hint")
        return self.hint


class SpecError(KmbenchError):
    """A data SPEC that cannot be read, or that names a source or option that does not exist."""

    reason = "bad_spec"


class DataError(KmbenchError):
    """Data that is missing, incomplete, of a wrong kind, or holds values that no engine can cluster."""

    reason = "bad_data"


class CaseError(KmbenchError):
    """A case that cannot exist on its data, such as more clusters than rows."""

    reason = "bad_case"


class BackendError(KmbenchError):
    """An unknown backend, or a parameter it does not have or whose value is out of bounds."""

    reason = "bad_backend"


class StudyError(KmbenchError):
    """A study file, or an option of a run, that does not describe anything to measure."""

    reason = "bad_study"


class OutputError(KmbenchError):
    """A run folder that cannot be written, is in use, or holds something else."""

    reason = "bad_output"


class GateError(KmbenchError):
    """Two revisions that cannot be compared: one cannot be found, built or measured."""

    reason = "cannot_measure"


class TuneError(KmbenchError):
    """A question to the tuner that has no answer: a target, a list count or an index that cannot exist."""

    reason = "bad_tune"


class WorkloadError(KmbenchError):
    """An unknown workload, a parameter it does not have, or a task that its data does not allow."""

    reason = "bad_workload"
