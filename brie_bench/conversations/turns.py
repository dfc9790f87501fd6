"""From what was said, in whatever order, to turns that a conversation may hold; whatever is lost on the way is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from brie_bench.spec.conversation import Role, Turn


class Said(NamedTuple):
    """Somebody's words, as they were found."""

    role: Role
    text: str


class Lost(NamedTuple):
    """What was left out or changed: the position of the words, and why."""

    position: int
    reason: str


def in_turn(said: Sequence[Said]) -> tuple[tuple[Turn, ...], list[Lost]]:
    """A system turn or none, then user and assistant in turn, the assistant last; empty where nothing of that is there."""
    turns: list[Turn] = []
    lost: list[Lost] = []
    last = 0
    for position, (role, text) in enumerate(said):
        spoken = any(turn.role != "system" for turn in turns)
        if not text.strip():
            lost.append(Lost(position, "an empty turn"))
        elif role == "system" and turns:
            lost.append(Lost(position, "a system turn that is not the first"))
        elif role == "assistant" and not spoken:
            lost.append(Lost(position, "a response before any prompt"))
        elif turns and turns[-1].role == role:
            lost.append(Lost(position, "two turns of one speaker in a row, joined"))
            turns[-1] = Turn(role=role, content=f"{turns[-1].content}\n\n{text}")
            last = position
        else:
            turns.append(Turn(role=role, content=text))
            last = position
    if turns and turns[-1].role == "user":
        turns.pop()
        lost.append(Lost(last, "a last prompt without a response"))
    return (tuple(turns), lost) if turns and turns[-1].role == "assistant" else ((), lost)
