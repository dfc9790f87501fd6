"""What a judge was shown, and what it thinks of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

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


Slot = Literal["A", "B"]
Side = Literal["A", "B", "tie"]


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verdict in slot terms. Swapping the two texts mirrors every number in it."""

    label: Side
    """The better text's slot, or a tie."""
    lean: float = 0.0
    """How far it leans: from −1, all for B, to 1, all for A."""
    reason: str = ""
    """Why, in a sentence."""

    @property
    def probabilities(self) -> dict[Side, float]:
        """P(A), P(B) and P(tie), which sum to 1; the label has the largest."""
        if self.label == "tie":
            return {"A": 0.2, "B": 0.2, "tie": 0.6}
        sure = round(0.5 + 0.4 * min(abs(self.lean), 1.0), 4)
        tie = round((1.0 - sure) * 0.6, 4)
        rest = round(1.0 - sure - tie, 4)
        return {"A": sure, "B": rest, "tie": tie} if self.label == "A" else {"A": rest, "B": sure, "tie": tie}

    def score(self, slot: Slot) -> int:
        """A criterion's score, 1 to 5; every criterion gets the same."""
        lean = max(-1.0, min(1.0, self.lean))
        return 3 + round(2 * lean) if slot == "A" else 3 - round(2 * lean)


def weighed(a: float, b: float, what: str) -> Opinion:
    """The opinion of somebody who prefers whichever of two numbers is larger."""
    total = abs(a) + abs(b)
    lean = (a - b) / total if total else 0.0
    label: Side = "tie" if a == b else "A" if a > b else "B"
    return Opinion(label, lean, f"{what}: {a:g} against {b:g}.")
