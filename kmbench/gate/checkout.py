"""Commits of a git repository: by name, and as files beside the checkout that nobody has touched."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kmbench.errors import GateError

__all__ = ["checked_out", "commit_of", "commits_between", "known_commits", "package_folder", "subject_of"]

BUILD_FILES = ("pyproject.toml", "setup.py")


def commit_of(repository: Path, text: str, role: str) -> str:
    """Return the full hash of what names a commit.

    Raises
    ------
    GateError
        If there is no such commit, or no git checkout.
    """
    commit = _git(repository, "rev-parse", "--verify", "--quiet", f"{text}^{{commit}}").strip()
    if not commit:
        raise GateError(f"{role} {text!r} is not a commit here", "a shallow clone may lack it: fetch its history")
    return commit


def subject_of(repository: Path, commit: str) -> str:
    """Return the first line of a commit's message."""
    return _git(repository, "log", "-1", "--format=%s", commit).strip()


def commits_between(repository: Path, before: str, after: str) -> list[str]:
    """Return the commits after `before` up to `after` along the first parents, the oldest first.

    Empty where `before` is no ancestor of `after`.
    """
    told = _git(repository, "rev-list", "--reverse", "--first-parent", f"{before}..{after}").split()
    base = _git(repository, "merge-base", before, after).strip()
    return told if base == _git(repository, "rev-parse", before).strip() else []


def known_commits(folder: Path) -> list[str]:
    """Return the commits that lead to the one checked out, parents first; none where there is no checkout."""
    try:
        return _run(folder, "rev-list", "--topo-order", "--reverse", "HEAD").stdout.split()
    except GateError:
        return []


@contextmanager
def checked_out(repository: Path, commit: str, folder: Path) -> Iterator[Path]:
    """Give a commit's files in `folder`, as a worktree, whose ``.git`` tells builds the version from tags.

    Raises
    ------
    GateError
        If git cannot make it.
    """
    _must(repository, "-c", "core.hooksPath=/dev/null", "worktree", "add", "--detach", str(folder), commit)
    try:
        if (folder / ".gitmodules").is_file():
            _must(folder, "submodule", "update", "--init", "--recursive")
        yield folder
    finally:
        _run(repository, "worktree", "remove", "--force", "--force", str(folder))
        _run(repository, "worktree", "prune")


def package_folder(source: Path, repository: Path, what: str) -> Path:
    """Return the folder of a checked-out commit that is installed: that of `repository` in it, else the top.

    Raises
    ------
    GateError
        If neither holds a package.
    """
    inner = source / _git(repository, "rev-parse", "--show-prefix").strip()
    for folder in (inner, source):
        if any((folder / name).is_file() for name in BUILD_FILES):
            return folder
    raise GateError(f"{what} cannot be built: it has no {' and no '.join(BUILD_FILES)}")


def _must(repository: Path, *arguments: str) -> None:
    done = _run(repository, *arguments)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["without a message"])[-1]
        raise GateError(f"git {' '.join(a for a in arguments if not a.startswith(('-', '/')))} failed: {said}")


def _git(repository: Path, *arguments: str) -> str:
    done = _run(repository, *arguments)
    if "not a git repository" in done.stderr:
        raise GateError(f"{repository} is not in a git checkout", "run the gate inside one")
    if "dubious ownership" in done.stderr:
        raise GateError(f"git does not trust {repository}, which another user owns", "git config safe.directory")
    return done.stdout


def _run(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(repository), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise GateError(f"git cannot be run: {error}", "install git") from None
