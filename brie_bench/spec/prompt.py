"""A prompt: the unit of every interval and test."""

from __future__ import annotations

import re
import unicodedata
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
        """The digest of the turns' words alone: two prompts with the same words are one prompt, whatever they are called and
        however they are spaced or encoded. What is asked, judged and cached goes by the text as it is written."""
        return digest([{**turn.canonical(), "content": words(turn.content)} for turn in self.turns])


_UNSEEN = re.compile(  # what Unicode calls default-ignorable, and controls that are no white space
    "[\x00-\x08\x0e-\x1b\x7f\x80-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)


def words(text: str) -> str:
    """`text` as a reader sees it: composed (NFC), without characters that show nothing, one space for any white space."""
    return " ".join(unicodedata.normalize("NFC", _UNSEEN.sub("", text)).split())
