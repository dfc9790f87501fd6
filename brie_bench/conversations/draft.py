"""What a conversation says as YAML to edit, its texts as they stand, and back."""

from __future__ import annotations

import json
import re
from pathlib import Path

from brie_bench.conversations.review import Words
from brie_bench.errors import BrieError
from brie_bench.files import read_spec, write_text

_PLAIN = re.compile(
    "[\n\x20-\x7e\u00a0-\u167f\u1681-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\ud7ff\U00010000-\U0001f9ff]*"
)
"""Texts that an editor shows as they are and YAML keeps as they are."""
_HEAD = """\
# What is said in {id}. Change the words or the turns, save and close. The user speaks first, the assistant last; a system
# turn may stand before them. Keep the four spaces before each line of a text.
"""


def draft(id: str, words: Words) -> str:
    """The YAML. A text that an editor would not show as it is stands in quotes, its odd characters written as escapes."""
    turns = (f"- role: {turn.role}\n  content: {_scalar(turn.content)}\n" for turn in words.messages)
    return f"{_HEAD.format(id=id)}messages:\n{''.join(turns)}"


def _scalar(text: str) -> str:
    if not _PLAIN.fullmatch(text):
        return json.dumps(text)
    chomp = "+" if text.endswith("\n") else "-"
    lines = text.removesuffix("\n").split("\n")
    return f"|2{chomp}\n" + "\n".join(f"    {line}" if line else "" for line in lines)


def read_draft(path: Path) -> Words:
    """What the file says now. Raises SpecError, with the line, for what is no conversation."""
    return read_spec(path, Words)


def write_draft(path: Path, id: str, words: Words) -> None:
    """Write the YAML, and see that it reads as it was meant."""
    write_text(path, draft(id, words))
    if read_draft(path) != words:
        raise BrieError(f"the words of '{id}' cannot be written as YAML.", where=path)
