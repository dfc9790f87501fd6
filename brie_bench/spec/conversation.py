"""Authored data: turns, and the conversations an expert wrote with the help of LLMs."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from brie_bench.spec.base import Name, NonEmpty, Spec

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
            raise ValueError(f"turn {position} is a {turn.role} turn where a {expected} turn belongs")
    if not spoken or spoken[-1].role != ends_with:
        raise ValueError(f"the last turn must be the {ends_with}'s")


class Provenance(Spec):
    """Where a conversation comes from, and what may be done with it."""

    author: NonEmpty
    """The person or group that wrote or curated it."""
    model: str | None = None
    """The model that helped, as its provider names it."""
    lab: str | None = None
    """The lab of that model: `anthropic`, `openai`, `google`, …"""
    source: str | None = None
    """Where it was written: an export, a book, a project."""
    date: datetime.date | None = None
    """When it was written."""
    licence: str | None = None
    """An SPDX licence identifier, such as `CC-BY-4.0`."""
    consent: bool | None = None
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
