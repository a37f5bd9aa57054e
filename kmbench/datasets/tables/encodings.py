"""What the bytes of a text file are: UTF-8, UTF-16 or cp1252, with a byte order mark or without."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import IO

from kmbench.errors import DataError

__all__ = ["Encoding", "find_encoding"]

_BLOCK = 2**22
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How text is written as bytes.

    Attributes
    ----------
    name : str
        As Python names it.
    mark : bytes
        The byte order mark at the beginning, or nothing.
    guessed : bool
        Whether the bytes only rule out the others: cp1252 reads any bytes.
    line_end : str
        Of the first line.
    """

    name: str
    mark: bytes = b""
    guessed: bool = False
    line_end: str = "\n"


def find_encoding(file: IO[bytes], where: str) -> Encoding:
    """Read a file to its end and say how its text is written.

    A byte order mark decides. Without one, every second byte of UTF-16 is zero in most of the text. Text that is
    UTF-8 as a whole is UTF-8: other text with umlauts is not, by the way its bytes are built. What is left is taken
    for cp1252, the Windows encoding of western Europe and the Americas, and said to be a guess.

    Raises
    ------
    DataError
        If the file holds zero bytes, and so is no text.
    """
    head = file.read(_BLOCK)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name, mark, line_end=_line_end(head[: 2**16], name))
    for name, start in (("utf-16-le", 1), ("utf-16-be", 0)):
        if len(head) > 3 and head[start : 2**12 : 2].count(0) > 0.7 * len(head[start : 2**12 : 2]):
            return Encoding(name, line_end=_line_end(head[: 2**16], name))
    decoder = codecs.getincrementaldecoder("utf-8")()
    utf8, block = True, head
    while block:
        if b"\0" in block:
            raise DataError(f"{where} is not a text table: it holds zero bytes", "export it as .csv")
        if utf8:
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                utf8 = False
        block = file.read(_BLOCK)
    if utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            utf8 = False
    line_end = _line_end(head[: 2**16], "latin-1")
    return Encoding("utf-8", line_end=line_end) if utf8 else Encoding("cp1252", guessed=True, line_end=line_end)


def _line_end(head: bytes, name: str) -> str:
    text = head.decode(name, "replace")
    places = {end: text.find(end) for end in ("\r\n", "\n", "\r")}
    found = {end: place for end, place in places.items() if place >= 0}
    return min(found, key=lambda end: (found[end], -len(end))) if found else "\n"
