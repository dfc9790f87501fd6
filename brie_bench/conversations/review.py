"""Curation: decisions about conversations, and what they come to.

A decision is about the words that its reviewer saw: it names their digest. Replayed, the same log makes the same file of the
same conversations; where the words have changed since, a decision is told and not applied.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import model_validator

from brie_bench.conversations.importing import content
from brie_bench.conversations.reading import Placed
from brie_bench.spec.base import Name, NonEmpty, Spec
from brie_bench.spec.conversation import Conversation, Turn, check_turns

Phase = Literal["authored", "curated", "validated"]
PHASES: tuple[Phase, ...] = ("authored", "curated", "validated")


class Words(Spec):
    """What is said in a conversation: all that an edit may change."""

    messages: tuple[Turn, ...]
    """The turns, in order."""

    @model_validator(mode="after")
    def _roles_in_turn(self) -> Words:
        check_turns(self.messages, ends_with="assistant")
        return self


class Decision(Spec):
    """One decision about a conversation: a line of the log."""

    id: Name
    """The conversation's id."""
    content: NonEmpty
    """The digest of what it said when this was decided."""
    action: Literal["keep", "drop", "edit", "tag", "phase"]
    """What was decided."""
    edit: Words | None = None
    """Of an edit: what it says now."""
    tag: tuple[NonEmpty, ...] | None = None
    """Of a tag: all its patterns from now on."""
    phase: Phase | None = None
    """Of a phase: how far it has come."""
    decided_at: datetime.datetime | None = None
    """When, for people; a replay does not look at it."""

    @model_validator(mode="after")
    def _complete(self) -> Decision:
        for name in ("edit", "tag", "phase"):
            if (getattr(self, name) is not None) != (self.action == name):
                raise ValueError(
                    f"the action '{self.action}' {'needs' if self.action == name else 'has no'} key '{name}'"
                )
        return self


@dataclass(eq=False)
class Reviewed:
    """A conversation as the decisions so far leave it."""

    placed: Placed
    """As it was read."""
    conversation: Conversation
    """As it is."""
    kept: bool | None = None
    """Whether it stays; None where that is not decided, and it stays."""

    def apply(self, decision: Decision) -> None:
        """Do what was decided."""
        if decision.edit is not None:
            self.conversation = self.conversation.model_copy(update={"messages": decision.edit.messages})
        elif decision.tag is not None:
            self.conversation = self.conversation.model_copy(update={"patterns": decision.tag})
        elif decision.phase is not None:
            self.conversation = self.conversation.model_copy(update={"phase": decision.phase})
        else:
            self.kept = decision.action == "keep"


Misfit = Literal["changed", "absent"]
"""Why a decision is not applied: the conversation says something else, or is not there."""


@dataclass
class Review:
    """Some conversations, and what was decided about them."""

    all: list[Reviewed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._by_id: dict[str, list[Reviewed]] = {}
        self._by_content: dict[str, list[Reviewed]] = {}
        for each in self.all:
            self._by_id.setdefault(each.conversation.id, []).append(each)
            self._by_content.setdefault(content(each.conversation.messages), []).append(each)

    @classmethod
    def of(cls, placed: Iterable[Placed]) -> Review:
        """Nothing decided yet."""
        return cls([Reviewed(each, each.conversation) for each in placed])

    def apply(self, decision: Decision) -> Misfit | None:
        """Apply a decision to the conversation with its id and its words, or, where none has that id, to all with its words.

        None, or why it was not applied.
        """
        named = self._by_id.get(decision.id)
        same = self._by_content.get(decision.content, [])
        meant = [each for each in same if named is None or each.conversation.id == decision.id]
        for each in meant:
            each.apply(decision)
            if decision.edit is not None:
                same.remove(each)
                self._by_content.setdefault(content(decision.edit.messages), []).append(each)
        if meant:
            return None
        return "absent" if named is None else "changed"

    def remaining(self, *, kept_only: bool = False) -> list[Conversation]:
        """What was not dropped, or, with `kept_only`, what was kept."""
        return [each.conversation for each in self.all if (each.kept if kept_only else each.kept is not False)]

    def others(self, one: Reviewed) -> list[Reviewed]:
        """The other responses to its prompt."""
        group = one.conversation.prompt_group
        return [each for each in self.all if each is not one and each.conversation.prompt_group == group]

    def undecided(self) -> list[int]:
        """The positions of what was neither kept nor dropped."""
        return [number for number, each in enumerate(self.all) if each.kept is None]


def decide(
    one: Reviewed,
    action: Literal["keep", "drop", "edit", "tag", "phase"],
    *,
    edit: Words | None = None,
    tag: Sequence[str] | None = None,
    phase: Phase | None = None,
) -> Decision:
    """A decision of now about a conversation as it is."""
    return Decision(
        id=one.conversation.id,
        content=content(one.conversation.messages),
        action=action,
        edit=edit,
        tag=None if tag is None else tuple(tag),
        phase=phase,
        decided_at=datetime.datetime.now(datetime.UTC).replace(microsecond=0),
    )
