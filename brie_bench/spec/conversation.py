"""Authored data: turns, and the conversations an expert wrote with the help of LLMs."""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from brie_bench.spec.base import Flag, Name, NonEmpty, Prose, Spec

_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def _day(value: Any) -> Any:
    if isinstance(value, datetime.date) or (isinstance(value, str) and re.search(_DAY, value)):
        return value
    raise ValueError("a day belongs here, such as 2026-02-28")


Day = Annotated[
    datetime.date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date", "pattern": _DAY})
]

Role = Literal["system", "user", "assistant"]


class Turn(Spec):
    """One message of a conversation."""

    role: Role
    """Who speaks."""
    content: NonEmpty
    """What is said; white space alone is refused."""


def check_turns(turns: tuple[Turn, ...], *, ends_with: Literal["user", "assistant"]) -> None:
    """Raise ValueError unless `turns` are an optional system turn, then user and assistant in turn."""
    spoken = turns[1:] if turns and turns[0].role == "system" else turns
    for number, turn in enumerate(spoken):
        expected = "user" if number % 2 == 0 else "assistant"
        if turn.role != expected:
            position = len(turns) - len(spoken) + number + 1
            raise ValueError(f"turn {position} is the {turn.role}'s where the {expected}'s belongs")
    if not spoken or spoken[-1].role != ends_with:
        raise ValueError(f"the last turn must be the {ends_with}'s")


class Provenance(Spec):
    """Where a conversation comes from, and what may be done with it."""

    author: NonEmpty
    """The person or group that wrote or curated it."""
    model: Prose | None = None
    """The model that helped, as its provider names it."""
    lab: Prose | None = None
    """The lab of that model: `anthropic`, `openai`, `google`, …"""
    source: Prose | None = None
    """Where it was written: an export, a book, a project."""
    date: Day | None = None
    """When it was written."""
    licence: Prose | None = None
    """An SPDX licence identifier, such as `CC-BY-4.0`."""
    consent: Flag | None = None
    """Whether everybody whose words these are agreed to this use."""


class Conversation(Spec):
    """An authored conversation: a system turn or none, then user and assistant in turn, the assistant last."""

    id: Name
    """Unique within its file."""
    messages: Annotated[tuple[Turn, ...], Field(min_length=2)]
    """The turns, in order."""
    prompt_group: Name
    """Conversations that answer the same prompt share it; a split never divides a group."""
    domain: Name
    """The ground it stands on: `philosophy`, `creative`, …"""
    patterns: tuple[NonEmpty, ...] = ()
    """The reasoning it shows, in the author's own words."""
    phase: Literal["authored", "curated", "validated"] = "authored"
    """How far it has come."""
    split: Literal["train", "validation", "test"] | None = None
    """Where it is used; none before the split."""
    provenance: Provenance
    """Where it comes from."""

    @model_validator(mode="after")
    def _roles_in_turn(self) -> Conversation:
        check_turns(self.messages, ends_with="assistant")
        return self
