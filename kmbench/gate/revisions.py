"""A commit that can be measured: installed into a folder of its own, and known to be what its workers import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from kmbench.errors import GateError
from kmbench.gate import origin
from kmbench.gate.checkout import checked_out, commit_of, package_folder, subject_of
from kmbench.gate.install import install, modules_of
from kmbench.runner.channel import PROTOCOL
from kmbench.runner.process import Limits, WorkerFailure, WorkerProcess

__all__ = ["Revision", "build_revision", "build_tree"]

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
        Folder in which this commit's package is installed, with its entry points.
    modules : tuple of str
        Import names of what is installed there.
    """

    name: str
    commit: str
    subject: str
    tree: Path
    modules: tuple[str, ...] = ("kmbench",)

    @property
    def is_kmbench(self) -> bool:
        """Whether the commit is one of kmbench itself, so that its workers are its own."""
        return "kmbench" in self.modules


def build_revision(repository: Path, text: str, folder: Path, role: str, *, isolated: bool = True) -> Revision:
    """Install a commit into a folder of its own, next to nothing else.

    A copy on ``sys.path`` would not do: backends are found by entry points, which only an installation has. What it
    depends on comes from the running interpreter, the same for both revisions.

    Parameters
    ----------
    repository : Path
        Any folder of a git checkout: of kmbench, of a plug-in, or of a package that a backend uses. Where it holds a
        package of its own, as in a repository of several, that one is installed, else the one at the top.
    text : str
        What names the commit: a hash, a branch, ``HEAD~1``.
    folder : Path
        Must exist; the tree is made in it.
    role : str
        ``base`` or ``head``.
    isolated : bool
        Whether what the build needs is installed for it, as its ``pyproject.toml`` asks; else the build uses what the
        running interpreter has.

    Raises
    ------
    GateError
        If there is no such commit, it cannot be built, its worker speaks another protocol, or what is installed
        would not be what is imported.
    """
    return build_tree(repository, commit_of(repository, text, role), folder / role, role, isolated=isolated)


def build_tree(repository: Path, commit: str, tree: Path, role: str, *, isolated: bool = True) -> Revision:
    """Install a commit, given by its full hash, into the folder `tree`; see `build_revision`."""
    name = commit[:SHORT]
    what = f"{role} {name}"
    with checked_out(repository, commit, tree.parent / f"{tree.name}-source") as source:
        install(package_folder(source, repository, what), tree, what, isolated=isolated)
    revision = Revision(
        name=name, commit=commit, subject=subject_of(repository, commit), tree=tree, modules=modules_of(tree)
    )
    if not revision.modules:
        raise GateError(f"{what}: its build installs no module", "check what its build puts into the wheel")
    if revision.is_kmbench:
        _ask_protocol(revision, role, tree.parent / f"{tree.name}.log")
    else:
        _check_origin(revision, what)
    return revision


def _check_origin(revision: Revision, what: str) -> None:
    """Make sure that a worker would import the tree's modules, which hooks of editable installs can prevent."""
    paths = [str(revision.tree), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    command = [sys.executable, "-P", str(origin.__file__), *revision.modules]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise GateError(f"{what}: its modules cannot be looked up: {done.stderr.strip()[-300:]}")
    for module, place in json.loads(done.stdout).items():
        if place is not None and not Path(place).resolve().is_relative_to(revision.tree.resolve()):
            raise GateError(
                f"the worker of {what} would import {module} from {Path(place).parent}",
                "an editable install takes precedence: install the package without --editable",
            )


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
