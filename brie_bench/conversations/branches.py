"""A tree of messages: every leaf ends a branch, and every branch is a conversation.

Chat services keep a tree: a prompt that was edited and a response that was made again are its forks.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from brie_bench.conversations.turns import Said, in_turn
from brie_bench.spec.conversation import Turn

MOST = 100
"""Branches of one conversation; the rest is left out, so that a small file cannot become a huge one."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the tree; without `said` nothing of it is taken."""

    parent: str | None
    said: Said | None = None
    left_out: tuple[str, ...] = ()
    """Why something of it is left out."""
    ends: bool = False
    """Whether what follows makes no sense without what was left out: its branches end before it."""
    model: str | None = None
    day: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """One conversation of the tree."""

    turns: tuple[Turn, ...]
    model: str | None
    """The model that responded; several with commas."""
    day: datetime.date | None
    """The day of its last message."""


def branches(messages: Mapping[str, Message]) -> Iterator[Branch | str]:
    """Every branch that holds a prompt and a response, and why each other thing is left out, once.

    A branch that is the beginning of another one is not a conversation of its own.
    """
    for message in messages.values():
        yield from message.left_out
    parents = {message.parent for message in messages.values()}
    leaves = [name for name in messages if name not in parents]
    if messages and not leaves:
        yield "messages that follow each other in a circle"
    yield from ["a branch beyond the hundredth"] * (len(leaves) - MOST)
    paths = [_path(messages, leaf) for leaf in leaves[:MOST]]
    answered = [_answered(messages, path) for path in paths]
    taken = {name for path in answered for name in path}
    unanswered = {path[len(kept)] for path, kept in zip(paths, answered, strict=True) if len(path) > len(kept)} - taken
    yield from ["a last prompt without a response"] * len(unanswered)
    told: set[tuple[str, str]] = set()
    for path in _longest(answered):
        turns, lost = in_turn([said for name in path if (said := messages[name].said)])
        for position, reason in lost:
            if (path[position], reason) not in told:
                told.add((path[position], reason))
                yield reason
        if turns:
            yield _branch([messages[name] for name in path], turns)
    if not taken and not unanswered and not any(message.ends for message in messages.values()):
        yield "a conversation without a response"


def _path(messages: Mapping[str, Message], leaf: str) -> tuple[str, ...]:
    """From the root to `leaf`, the messages that say something; it ends before one that ends it."""
    path: list[str] = []
    seen: set[str] = set()
    name: str | None = leaf
    while name is not None and name in messages and name not in seen:
        seen.add(name)
        message = messages[name]
        if message.ends:
            path.clear()
        elif message.said:
            path.append(name)
        name = message.parent
    return tuple(reversed(path))


def _answered(messages: Mapping[str, Message], path: tuple[str, ...]) -> tuple[str, ...]:
    """Without the prompts at the end, which nobody answered."""
    length = len(path)
    while length and _role(messages[path[length - 1]]) != "assistant":
        length -= 1
    return path[:length]


def _role(message: Message) -> str | None:
    return message.said.role if message.said else None


def _longest(paths: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Each path that no other begins with, once, in the order they came."""
    ordered = [*sorted(set(paths)), ()]  # sorted, a path stands right before those that begin with it
    whole = {path for path, after in itertools.pairwise(ordered) if path and after[: len(path)] != path}
    return [path for path in dict.fromkeys(paths) if path in whole]


def _branch(messages: Sequence[Message], turns: tuple[Turn, ...]) -> Branch:
    models = dict.fromkeys(message.model for message in messages if message.model)
    days = [message.day for message in messages if message.day]
    return Branch(turns, ", ".join(models) or None, days[-1] if days else None)
