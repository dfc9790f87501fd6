"""A JSON array of objects, entry by entry: memory is one entry, and an entry that is wrong is an error of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO, Any

from brie_bench.errors import SpecError

CHUNK = 1 << 18
"""Characters that are read at a time, at least."""
LONGEST = 1 << 24
"""Characters of one entry; a longer one is passed over rather than held in memory."""

_VISIBLE = re.compile(r"[^ \t\r\n]")
_BETWEEN = re.compile(r'["{}\[\],]')
_QUOTED = re.compile(r'["\\]')


def read_array(file: IO[str], where: object) -> Iterator[tuple[int, int, dict[str, Any] | SpecError]]:
    """Line, number from 1 and value of each object of the array in `file`; what is wrong stands in an entry's place.

    Reading goes on after an entry that is no JSON, no object or too long, as far as its end can be told, and ends where the
    file is no array. `where` names the file in errors.
    """
    text = _Text(file)
    try:
        for line, number, value in _entries(text):
            if isinstance(value, str):
                yield line, number, SpecError(f"{value}.", where=f"{where}:{line}")
            else:
                yield line, number, value
    except UnicodeDecodeError:
        what = "not UTF-8: the file is not read any further."
        yield text.line, text.number + 1, SpecError(what, where=f"{where}:{text.line}", mend="Save the file as UTF-8.")


def _entries(text: _Text) -> Iterator[tuple[int, int, dict[str, Any] | str]]:
    opening = text.next()
    if opening != "[":
        yield text.line, 0, "not valid JSON: an array belongs here" if opening else "the file is empty"
        return
    text.skip()
    following = text.next()
    while following != "]":
        line = text.line
        text.number += 1
        value = text.value()
        yield line, text.number, value
        following = text.next()
        if not following and isinstance(value, str):
            return  # what is wrong with the last entry is that the file ends, or has cost its end
        if following == ",":
            text.skip()
            following = text.next()
        elif following != "]":
            ends = "',' or ']' is missing" if following else "the file ends within the array"
            yield text.line, text.number + 1, f"not valid JSON: {ends}; the file is not read any further"
            return
    text.skip()
    if text.next():
        yield text.line, text.number + 1, "not valid JSON: something follows the array"


class _Text:
    """A file's text, read as far as it is needed."""

    decode = json.JSONDecoder().raw_decode

    def __init__(self, file: IO[str]) -> None:
        self.file = file
        self.buffer = ""
        self.at = 0
        self.line = 1
        self.number = 0

    def next(self) -> str:
        """The next character that is not white space, still to be read; nothing at the end."""
        while True:
            following = _VISIBLE.search(self.buffer, self.at)
            self._move(following.start() if following else len(self.buffer))
            if self.at < len(self.buffer) or not self._more():
                return self.buffer[self.at : self.at + 1]

    def skip(self) -> None:
        """Pass over one character."""
        self._move(self.at + 1)

    def value(self) -> dict[str, Any] | str:
        """The object that begins here, or what is wrong with it; either way it is passed over."""
        too_long = f"longer than {LONGEST} characters"
        while True:
            try:
                value, end = self.decode(self.buffer, self.at)
            except json.JSONDecodeError as error:
                if self._may_go_on(error) and len(self.buffer) - self.at > LONGEST:
                    reason = too_long
                    break
                if self._may_go_on(error) and self._more():
                    continue
                reason = (
                    f"not valid JSON: {error.msg} (line {self.line + self.buffer.count(chr(10), self.at, error.pos)})"
                )
                break
            except RecursionError:
                reason = "not valid JSON: nested too deep"
                break
            except ValueError as error:  # a whole number of thousands of digits
                reason = f"not valid JSON: {error}"
                break
            if end == len(self.buffer) and self._more():  # a number may go on
                continue
            length = end - self.at
            self._move(end)
            if length > LONGEST:
                return too_long
            return value if isinstance(value, dict) else f"a {type(value).__name__} where a JSON object belongs"
        self._pass_over()
        return reason

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        """Whether what is wrong may only be that the buffer ends; a literal or an escape has less than 16 characters."""
        return error.msg.startswith("Unterminated string") or error.pos > len(self.buffer) - 16

    def _pass_over(self) -> None:
        """Go to the end of the value that begins here: by its quotes and brackets, holding a chunk of it."""
        depth, quoted = 0, False
        while True:
            mark = (_QUOTED if quoted else _BETWEEN).search(self.buffer, self.at)
            if mark is None:
                self._move(len(self.buffer))
                if not self._more():
                    return
                continue
            self._move(mark.start())
            character = mark.group()
            if not quoted and depth == 0 and character in "]},":
                return
            if character == "\\" and self.at + 1 == len(self.buffer):
                self._more()
            self._move(min(self.at + (2 if character == "\\" else 1), len(self.buffer)))
            if character == '"':
                quoted = not quoted
            elif character in "{[":
                depth += 1
            elif character in "}]":
                depth -= 1
            if depth == 0 and not quoted and character in '"}]':
                return

    def _move(self, position: int) -> None:
        self.line += self.buffer.count("\n", self.at, position)
        self.at = position

    def _more(self) -> bool:
        """Read on, more each time; whether there was more."""
        rest = self.buffer[self.at :]
        chunk = self.file.read(max(CHUNK, len(rest)))
        self.buffer, self.at = rest + chunk, 0
        return bool(chunk)
