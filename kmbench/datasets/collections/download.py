"""One file from the network: broken transfers go on where they stopped, and a file is whole or not there.

pooch keeps the file and checks its hash; what it does not have is to go on with a transfer, which is here.
"""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from kmbench.errors import DataError, OutputError

__all__ = ["OpenFile", "Progress", "ResumingDownloader", "remote_bytes"]

Progress = Callable[[int, int | None], None]
"""Told how many bytes of a file are here, and how many there are where that is known."""

OpenFile = Callable[[Path, str], IO[bytes]]

ATTEMPTS = 5
"""Transfers without a single new byte that are tried in a row."""

_CHUNK = 2**16
"""Bytes that are written at once; of a transfer that breaks, fewer than these are lost."""
_CONNECT_SECONDS, _READ_SECONDS = 10, 60


class ResumingDownloader:
    """What pooch calls to get a file.

    Parameters
    ----------
    part : Path
        Where the bytes are kept until there are all of them.
    first_bytes : int or None
        Only so many are fetched.
    progress : callable
        See `Progress`.
    open_file : callable
        Opens `part` in a mode.
    wait : callable
        Waits some seconds before a transfer is tried again.
    """

    def __init__(
        self,
        part: Path,
        *,
        first_bytes: int | None = None,
        progress: Progress = lambda done, total: None,
        open_file: OpenFile = lambda path, mode: path.open(mode),
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._part, self._tag_file = part, part.with_name(part.name + ".etag")
        self._first_bytes = first_bytes
        self._progress, self._open_file, self._wait = progress, open_file, wait

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        """Fetch a file.

        Raises
        ------
        DataError
            If the server cannot be reached, does not have it, or breaks off again and again.
        OutputError
            If it cannot be written.
        """
        import requests

        failed = 0
        while True:
            before = self._size()
            reason = "it ended early"
            try:
                if self._transfer(url):
                    break
            except requests.exceptions.HTTPError as error:
                reason = _answer(error)
                if reason[0] < "5":
                    raise DataError(f"{url}: the server answers {reason}", "it may have moved") from None
                reason = f"the server answers {reason}"
            except requests.exceptions.RequestException as error:
                reason = _words(error)
            failed = failed + 1 if self._size() <= before else 0
            if failed == ATTEMPTS or (failed and before == 0 and reason == _NO_CONNECTION):
                raise self._broken(url, reason)
            if failed:
                self._wait(2.0**failed)
        try:
            self._part.replace(output_file)
        except OSError as error:
            raise OutputError(f"{output_file} cannot be written: {error.strerror}", "choose another folder") from None
        self._tag_file.unlink(missing_ok=True)

    def _transfer(self, url: str) -> bool:
        """Fetch what is missing; return whether all is here."""
        import requests

        have = self._size()
        if self._first_bytes is not None and have == self._first_bytes:
            return True
        headers = {"Accept-Encoding": "identity"}
        if have or self._first_bytes is not None:
            headers["Range"] = f"bytes={have}-{'' if self._first_bytes is None else self._first_bytes - 1}"
            tag = self._tag()
            if have and tag:
                headers["If-Range"] = tag
        timeout = (_CONNECT_SECONDS, _READ_SECONDS)
        with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
            if response.status_code == 416:  # nothing lies behind what is here
                whole = response.headers.get("Content-Range", "").rpartition("/")[2]
                if whole == str(have) and self._first_bytes is None:
                    return True
                self._part.unlink(missing_ok=True)
                return False
            response.raise_for_status()
            goes_on = response.status_code == 206
            if goes_on and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                raise DataError(f"{url}: the server sent a different part than requested", "try again later")
            total = _total(response, have if goes_on else 0, self._first_bytes)
            self._write(response, have if goes_on else 0, total)
        return total is None or self._size() == total

    def _write(self, response: Any, have: int, total: int | None) -> None:
        try:
            tag = response.headers.get("ETag", "")
            self._tag_file.write_text("" if tag.startswith("W/") else tag, encoding="utf-8")
            with self._open_file(self._part, "ab" if have else "wb") as file:
                self._progress(have, total)
                for chunk in response.iter_content(_CHUNK):
                    wanted = chunk if total is None else chunk[: total - have]
                    file.write(wanted)
                    have += len(wanted)
                    self._progress(have, total)
                    if have == total:
                        return
        except OSError as error:
            import requests

            if isinstance(error, requests.exceptions.RequestException):
                raise
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise OutputError(
                    f"{self._part.parent} is full: {self._size():,} bytes of {self._part.stem} are there",
                    "free some space and run the command again, which continues from there, or use --to",
                ) from None
            raise OutputError(
                f"{self._part.parent} cannot be written: {error.strerror or error}", "use --to with another folder"
            ) from None

    def _size(self) -> int:
        with contextlib.suppress(OSError):
            return self._part.stat().st_size
        return 0

    def _tag(self) -> str:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return self._tag_file.read_text(encoding="utf-8").strip()
        return ""

    def _broken(self, url: str, reason: str) -> DataError:
        size = self._size()
        kept = f"; {size:,} bytes are kept: run the command again to continue" if size else ""
        return DataError(f"{urlsplit(url).netloc}: {reason}{kept}", f"or fetch {url} by other means")


_NO_CONNECTION = "no connection: is there a network?"


def remote_bytes(url: str) -> int | None:
    """Return the size of a file on a server; None where the server does not tell.

    Raises
    ------
    DataError
        If the server cannot be reached, or does not have the file.
    """
    import requests

    try:
        with requests.head(
            url,
            allow_redirects=True,
            timeout=(_CONNECT_SECONDS, _READ_SECONDS),
            headers={"Accept-Encoding": "identity"},
        ) as response:
            if response.status_code in (403, 405, 501):  # servers that answer no HEAD
                return None
            response.raise_for_status()
            length = response.headers.get("Content-Length", "")
            return int(length) if length.isdigit() else None
    except requests.exceptions.HTTPError as error:
        raise DataError(f"{url}: the server answers {_answer(error)}", "it may have moved") from None
    except requests.exceptions.RequestException as error:
        raise DataError(f"{urlsplit(url).netloc}: {_words(error)}", f"or fetch {url} by other means") from None


def _total(response: Any, have: int, first_bytes: int | None) -> int | None:
    length = response.headers.get("Content-Length", "")
    total = have + int(length) if length.isdigit() else None
    if first_bytes is None:
        return total
    return first_bytes if total is None else min(total, first_bytes)


def _answer(error: Any) -> str:
    """Return status and words of an HTTP error, such as ``404 Not Found``."""
    return f"{error.response.status_code} {error.response.reason}"


def _words(error: Exception) -> str:
    """Return a reason in a few words: those of requests hold whole objects."""
    import requests

    if isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate cannot be verified"
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return "it redirects without end"
    if isinstance(error, requests.exceptions.ConnectionError):
        return _NO_CONNECTION
    return "the connection broke"
