"""Reading what a judge was shown back out of its prompt, by the mark that fences the texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_MARK = re.compile(r"^--- (\S{8,64}) begin \S", re.MULTILINE)
_CRITERIA = re.compile(r"\bcriteri(?:on|a)\b[^:\n]*:[ \t]*(\S[^\n]*?)\.?[ \t]*$", re.MULTILINE | re.IGNORECASE)
_TURN = re.compile(r"prompt, (\w+) turn")


@dataclass(frozen=True, slots=True)
class Shown:
    """A prompt and two texts, as a judge sees them."""

    turns: tuple[tuple[str, str], ...]
    """The prompt's turns: role and text."""
    a: str
    """The text in slot A."""
    b: str
    """The text in slot B."""
    criteria: tuple[str, ...] = ()
    """What is to be scored, as it is spelled in the prompt."""


def of_presentation(presentation: Any) -> Shown:
    """What a judge that is called directly sees: a `brie_bench.Presentation`, or anything shaped like one."""
    turns = tuple((str(turn.role), turn.content) for turn in presentation.messages)
    return Shown(turns, presentation.a, presentation.b, tuple(name.replace("_", " ") for name in presentation.criteria))


def find(texts: Iterable[str]) -> Shown | None:
    """What the first of `texts` that holds two fenced responses shows, or None: nobody is to judge anything."""
    return next((shown for text in texts if (shown := _read(text)) is not None), None)


def _read(text: str) -> Shown | None:
    """The first mark is the judge's own, because what a stranger wrote stands behind it; it occurs in no fenced text."""
    mark = _MARK.search(text)
    if mark is None:
        return None
    parts: list[tuple[str, str]] = []
    spoken, *pieces = f"\n{text}".split(f"\n--- {mark[1]} ")
    for piece in pieces:
        line, _, rest = piece.partition("\n")
        kind, _, name = line.partition(" ")
        if kind == "begin":
            parts.append((name, rest))
        else:
            spoken += f"\n{rest}"
    named = dict(parts)
    if not {"response A", "response B"} <= named.keys():
        return None
    turns = tuple((role[1], part) for name, part in parts if (role := _TURN.fullmatch(name)))
    return Shown(turns, named["response A"], named["response B"], _criteria(spoken))


def _criteria(instructions: str) -> tuple[str, ...]:
    match = _CRITERIA.search(instructions)
    return tuple(name.strip() for name in match[1].split(",") if name.strip()) if match else ()
