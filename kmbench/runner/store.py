"""The run folder: ``records.jsonl``, ``host.json`` and ``study.toml``; one writer, never half a line."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kmbench.errors import OutputError
from kmbench.records import RECORDS_FILE, Record, RecordKind, parse_records
from kmbench.run_folder import HOST_FILE, STUDY_FILE, read_host
from kmbench.study.model import Study
from kmbench.whole_file import whole_file

__all__ = ["RunFolder"]

LOCK = ".lock"


class RunFolder:
    """A folder that this process alone writes to.

    Parameters
    ----------
    path : Path
        The folder; made if it does not exist.
    resume : bool
        Whether to go on with the run that it holds.

    Raises
    ------
    OutputError
        If the path is a file or cannot be written, another run writes to it, or it holds a run and `resume` is
        not asked for.
    """

    def __init__(self, path: Path, *, resume: bool) -> None:
        self.path = path
        _refuse_file(path)
        self._made = [folder for folder in (path, *path.parents) if not folder.exists()]
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = (path / LOCK).open("w")
        except OSError as error:
            raise OutputError(f"cannot write to {path}: {error.strerror}", "give another --output") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise OutputError(f"another run is writing to {path}", "wait for it or give another --output") from None
        self.records: list[Record] = []
        file = path / RECORDS_FILE
        if file.exists():
            if not resume:
                self.discard()
                raise OutputError(f"{path} already holds a run", "continue it with --resume or give another --output")
            self.records = self._reopen(file)
        self.session = max((record.session for record in self.records), default=-1) + 1
        self._file = -1

    def _reopen(self, file: Path) -> list[Record]:
        """Read the records and cut off a line that was torn."""
        content = file.read_bytes()
        records = list(parse_records(content, str(file)))
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(file, whole)
        return records

    def begin(self, study: Study, host: dict[str, Any]) -> None:
        """Write the study and the host beside the records, or check that a resumed run has the same.

        Raises
        ------
        OutputError
            If the run in the folder is of another study or was started on another host.
        """
        study = study.recorded()
        if self.records:
            self._check_same(study, host)
        else:
            _replace(self.path / STUDY_FILE, study.to_toml())
            _replace(self.path / HOST_FILE, json.dumps(host, indent=2, ensure_ascii=False) + "\n")
        self._file = os.open(self.path / RECORDS_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def _check_same(self, study: Study, host: dict[str, Any]) -> None:
        before = Study.from_file(self.path / STUDY_FILE).model_dump()
        now = study.model_dump()
        changed = [name for name in before if before[name] != now[name]]
        if changed:
            raise OutputError(
                f"the run in {self.path} belongs to another study: {', '.join(changed)} differ",
                "resume it with its own study, or give another --output",
            )
        there = read_host(self.path).get("fingerprint")
        if there is None:
            raise OutputError(
                f"{self.path / HOST_FILE} is missing or names no host", "restore it, or start a new run"
            )
        if there != host["fingerprint"]:
            raise OutputError(
                f"the run in {self.path} was started on another host or with other versions "
                f"(fingerprint {there}, here {host['fingerprint']})",
                "start a new run with another --output",
            )

    def append(self, record: Record) -> None:
        """Write one record, in one piece, and wait until the disk has it."""
        line = record.to_line().encode() + b"\n"
        try:
            if os.write(self._file, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file)
        except OSError as error:
            raise OutputError(
                f"cannot write records under {self.path}: {error.strerror}", "fix that, then continue with --resume"
            ) from None
        self.records.append(record)

    def note_session(self, facts: dict[str, Any]) -> None:
        """Add what this session's host was like to ``host.json``."""
        file = self.path / HOST_FILE
        host = read_host(self.path)
        host.setdefault("sessions", []).append({"session": self.session} | facts)
        _replace(file, json.dumps(host, indent=2, ensure_ascii=False) + "\n")

    def finished_cells(self) -> set[str]:
        """Return the ids of the cells whose outcome is recorded."""
        return {record.key.cell_id for record in self.records if record.kind is RecordKind.OUTCOME}

    def discard(self) -> None:
        """Give up a folder in which nothing was begun, and remove what this run made of it."""
        if self._made and not (self.path / RECORDS_FILE).exists():
            shutil.rmtree(self.path, ignore_errors=True)
            for parent in self._made[1:]:
                with contextlib.suppress(OSError):  # something else lies in it by now
                    parent.rmdir()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._lock.close()
        else:
            self.discard()


def _refuse_file(path: Path) -> None:
    for part in (path, *path.parents):
        if part.exists():
            if not part.is_dir():
                raise OutputError(f"output folder {path}: {part} is a file", "give --output a folder")
            return


def _replace(file: Path, text: str) -> None:
    with whole_file(file, "fix that, then continue with --resume") as temporary:
        temporary.write_text(text, encoding="utf-8")
