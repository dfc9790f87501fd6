"""What a file to import holds, whatever it is packed in: an archive, a JSON array or JSON lines. Memory is one entry."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from brie_bench.archive import MAGIC, members
from brie_bench.errors import SpecError, plain
from brie_bench.files import Source, read_objects, unreadable
from brie_bench.json_array import read_array

_WIDE = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16", codecs.BOM_UTF32_BE: "UTF-32"}
_MEMBER = re.compile(r"conversations(?:-\d+)?\.json")
"""What an export calls its conversations; large ones are cut into numbered files."""


class Entry(NamedTuple):
    """One object of a file, or the error that stands in its place."""

    place: str
    """The file's name; in an array with the entry's number: `conversation 3 of export.zip/conversations.json`."""
    line: int
    value: dict[str, Any] | SpecError
    numbered: bool = True
    """Whether `place` says which entry it is, so that its line says nothing more."""

    @property
    def origin(self) -> str:
        """Which entry of which file, for a provenance."""
        return self.place if self.numbered else f"{self.place}, line {self.line}"


def exported(source: Source) -> Iterator[Entry]:
    """Each conversation of a data export: the archive as it was downloaded, or the `conversations.json` out of it.

    Raises SpecError for a file that is neither, a damaged archive, and a zip bomb.
    """
    if not beginning(source).startswith(MAGIC):
        with _opened(source) as file:
            yield from _array(file, source.name, "conversation")
        return
    found = False
    for name, member in members(source.path, _MEMBER):
        found = True
        place = f"{source.name}/{plain(name, 100)}"
        if isinstance(member, SpecError):
            yield Entry(place, 1, member)
        else:
            yield from _array(member, place, "conversation")
    if not found:
        raise SpecError("no conversations.json in this archive.", where=source.path, mend="Is it a data export?")


def rows(source: Source) -> Iterator[Entry]:
    """Each row of a JSONL file, or of a file that holds a JSON array."""
    head = beginning(source)
    if head.startswith(MAGIC):
        raise SpecError("this is an archive, a JSON file is needed.", where=source.path, mend="Unpack it first.")
    if head.lstrip().startswith(b"["):
        with _opened(source) as file:
            yield from _array(file, source.name, "row")
    else:
        for line, value in read_objects(source.path):
            yield Entry(source.name, line, value, numbered=False)


def beginning(source: Source) -> bytes:
    """The first bytes, without a UTF-8 byte order mark. Raises SpecError for a file that is empty or not UTF-8."""
    with _opened(source) as file:
        head = file.read(1024)
    if not head:
        raise SpecError("this file is empty.", where=source.path)
    for mark, name in _WIDE.items():
        if head.startswith(mark):
            raise SpecError(f"this file is {name}, not UTF-8.", where=source.path, mend="Save it as UTF-8.")
    return head.removeprefix(codecs.BOM_UTF8)


def _opened(source: Source) -> IO[bytes]:
    try:
        return source.path.open("rb")
    except OSError as error:
        raise unreadable(source.path, error) from None


def _array(file: IO[bytes], name: str, word: str) -> Iterator[Entry]:
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        for line, number, value in read_array(text, name):
            yield Entry(f"{word} {number} of {name}" if number else name, line, value)
