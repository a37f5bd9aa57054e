"""A commit as an importable tree: exported, built, and asked which worker protocol it speaks."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from kmbench.errors import GateError
from kmbench.runner.channel import PROTOCOL
from kmbench.runner.process import Limits, WorkerFailure, WorkerProcess

__all__ = ["Revision", "build_revision"]

SHORT = 7
"""Digits of a commit that are shown."""

WORKER = "kmbench.runner.worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit that can be measured.

    Attributes
    ----------
    name : str
        In the records and the tables.
    commit, subject : str
        Of the commit.
    tree : Path
        Folder in which this commit's kmbench is installed, with its entry points.
    """

    name: str
    commit: str
    subject: str
    tree: Path


def build_revision(repository: Path, text: str, folder: Path, role: str) -> Revision:
    """Export a commit and install it into a folder of its own, next to nothing else.

    A copy on ``sys.path`` would not do: backends are found by entry points, which only an installation has. What it
    depends on comes from the running interpreter, the same for both revisions.

    Parameters
    ----------
    repository : Path
        Any folder of a git checkout.
    text : str
        What names the commit: a hash, a branch, ``HEAD~1``.
    folder : Path
        Must exist; the tree is made in it.
    role : str
        ``base`` or ``head``.

    Raises
    ------
    GateError
        If there is no such commit, it cannot be built, or its worker speaks another protocol.
    """
    commit = _git(repository, "rev-parse", "--verify", "--quiet", f"{text}^{{commit}}").strip()
    if not commit:
        raise GateError(f"{role} {text!r} names no commit here", "a shallow clone may lack it: fetch its history")
    subject = _git(repository, "log", "-1", "--format=%s", commit).strip()
    source, tree = folder / f"{role}-source", folder / role
    _export(repository, commit, source)
    _install(source, tree, f"{role} {commit[:SHORT]}")
    shutil.rmtree(source, ignore_errors=True)
    revision = Revision(name=commit[:SHORT], commit=commit, subject=subject, tree=tree)
    _ask_protocol(revision, role, folder / f"{role}.log")
    return revision


def _git(repository: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(repository), *arguments], capture_output=True, text=True, errors="replace", check=False
        )
    except OSError as error:
        raise GateError(f"git cannot be run: {error}", "install git") from None
    if "not a git repository" in done.stderr:
        raise GateError(f"{repository} is not in a git checkout", "run the gate inside of one")
    return done.stdout


def _export(repository: Path, commit: str, target: Path) -> None:
    top = _git(repository, "rev-parse", "--show-toplevel").strip()
    done = subprocess.run(["git", "-C", top, "archive", "--format=tar", commit], capture_output=True, check=False)
    if done.returncode:
        raise GateError(f"git cannot export {commit[:SHORT]}: {done.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(target, filter="data")


def _install(source: Path, tree: Path, what: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--disable-pip-version-check", "--target", str(tree), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not (tree / "kmbench").is_dir():
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["pip said nothing"]
        said = next((line for line in reversed(lines) if "rror" in line), lines[-1]).strip()
        raise GateError(f"{what} cannot be built: {said}", "its build needs hatchling: pip install 'kmbench[dev]'")


def _ask_protocol(revision: Revision, role: str, log: Path) -> None:
    """Start its worker once, to know that it comes from the tree and that this runner understands it."""
    who = f"{role} {revision.name}"
    with WorkerProcess(WORKER, 1, Limits(60.0, None), log, revision.tree) as worker:
        try:
            told = worker.request("hello")
        except WorkerFailure as failure:
            said = "no protocol number" if "hello" in failure.reason else f"nothing ({failure.reason})"
            raise GateError(
                f"the worker of {who} speaks {said}, and this kmbench speaks protocol {PROTOCOL}",
                "compare with a later commit",
            ) from None
    if told["protocol"] != PROTOCOL:
        raise GateError(
            f"the worker of {who} speaks protocol {told['protocol']}, and this kmbench speaks {PROTOCOL}",
            "compare with a commit of the same protocol",
        )
    if Path(told["package"]).resolve() != (revision.tree / "kmbench").resolve():
        raise GateError(f"the worker of {who} imports kmbench from elsewhere: {told['package']}")
