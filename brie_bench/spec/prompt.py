"""A prompt: the unit of every interval and test."""

from __future__ import annotations

from functools import cached_property

from pydantic import Field, model_validator

from brie_bench.spec.base import Name, NonEmpty, Spec, digest
from brie_bench.spec.conversation import Turn, check_turns


class Prompt(Spec):
    """An input: one text, or the turns of a conversation that the user's turn ends. Exactly one of the two."""

    id: Name
    """Names the prompt; unique within its suite."""
    text: NonEmpty | None = None
    """The user's words, where one turn is all there is."""
    messages: tuple[Turn, ...] = ()
    """The turns, where there are several."""
    domain: Name | None = None
    """The ground it stands on."""
    tags: tuple[Name, ...] = Field(default=(), description="Free words for the reader.")

    @model_validator(mode="after")
    def _one_of_two(self) -> Prompt:
        if (self.text is None) == (not self.messages):
            raise ValueError("give either 'text' or 'messages', and one of them")
        if self.messages:
            check_turns(self.messages, ends_with="user")
        return self

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """The prompt as turns, whichever way it was written."""
        return self.messages or (Turn(role="user", content=self.text or ""),)

    @cached_property
    def key(self) -> str:
        """The digest of the turns alone: two prompts with the same words are one prompt, whatever they are called."""
        return digest([turn.canonical() for turn in self.turns])
