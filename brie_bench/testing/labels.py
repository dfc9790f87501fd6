"""Which slot a name or an option speaks of: `A`, `response_b`, `tie`, `neither`."""

from __future__ import annotations

import re

from brie_bench.testing.opinion import Side, Slot

_TIES = frozenset(["tie", "tied", "draw", "neither", "equal", "both", "none", "c"])
_WORD = re.compile(r"[A-Za-z0-9]+")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_NAMED = re.compile(r"\b(?:response|answer|text|assistant|option)[ _-]?([AB])\b", re.IGNORECASE)
_FILLER = frozenset(["response", "answer", "text", "assistant", "option", "the"])


def side_of(option: object) -> Side | None:
    """The side that an option to choose stands for, or None."""
    words = [word.lower() for word in _WORD.findall(str(option))]
    words = [word for word in words if word not in _FILLER] or words
    if len(words) != 1:
        return "tie" if words and _TIES & set(words) else None
    return {"a": "A", "b": "B"}.get(words[0]) or ("tie" if words[0] in _TIES else None)  # type: ignore[return-value]


def sides_of(options: tuple[object, ...]) -> dict[str, Side] | None:
    """The side of each option, or None where the options are not slots: both slots must be among them."""
    named = [option for option in options if isinstance(option, str)]
    sides = {option: side for option in named if (side := side_of(option)) is not None}
    return sides if len(sides) == len(options) and {"A", "B"} <= set(sides.values()) else None


def slot_in(name: str) -> Slot | None:
    """The one slot that a name such as `scores.A.depth`, `depth_b` or `depthB` speaks of, or None."""
    return _only({part.upper() for part in _PART.findall(name)} & {"A", "B"})


def slot_spoken_of(instructions: str) -> Slot | None:
    """The one slot that instructions such as `How deep is response B?` speak of, or None."""
    return _only({match.upper() for match in _NAMED.findall(instructions)})


def _only(found: set[str]) -> Slot | None:
    if found == {"A"}:
        return "A"
    return "B" if found == {"B"} else None
