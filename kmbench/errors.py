"""Everything kmbench raises on purpose, each with a reason code and the way to mend it."""

from __future__ import annotations

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
    """Root of kmbench's exceptions: one line that names the thing and the mend.

    Parameters
    ----------
    what : str
        What is wrong and where: the file, the option, the value.
    mend : str, optional
        What the user can do about it.
    """

    reason = "error"

    def __init__(self, what: str, mend: str | None = None) -> None:
        self.what = what
        self.mend = mend
        message = what if mend is None else f"{what}; {mend}"
        super().__init__(" ".join(message.split()))


class SpecError(KmbenchError):
    """A data SPEC that cannot be read, or names a source or option that does not exist."""

    reason = "bad_spec"


class DataError(KmbenchError):
    """Data that is missing, torn, of a wrong kind, or holds values no engine can cluster."""

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
