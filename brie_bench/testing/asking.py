"""What any protocol asks and answers, without a protocol's words: `Asked` and `Answer`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class QuestionKind(StrEnum):
    """How a typed question is answered."""

    CHOICE = "choice"
    SCORE = "score"
    PREDICATE = "predicate"


@dataclass(frozen=True, slots=True)
class Question:
    """One typed question of a decisions endpoint."""

    name: str
    """Names the answer; empty where the asker gave no name."""
    instructions: str
    """What to decide."""
    options: tuple[str, ...]
    """A choice's values; a score's levels, the lowest first; `true` and `false` for a predicate."""
    kind: QuestionKind = QuestionKind.CHOICE
    """How it is answered."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to a model: its turns, and the shape of the answer that it wants."""

    turns: tuple[tuple[str, str], ...]
    """Role (`system`, `user`, `assistant`) and text."""
    model: str = ""
    """The model's name, as it was asked for."""
    max_tokens: int | None = None
    """Where the answer is cut off."""
    schema: Mapping[str, Any] | None = None
    """A JSON Schema, where the answer is to be a JSON value."""
    questions: tuple[Question, ...] = ()
    """Typed questions, where the answer is to be probabilities."""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """Temperature and the like, in the protocol's own words."""

    @property
    def text(self) -> str:
        """The last user turn; empty without one."""
        return next((text for role, text in reversed(self.turns) if role == "user"), "")

    @property
    def system(self) -> str:
        """The system turns, joined."""
        return "\n\n".join(text for role, text in self.turns if role == "system")


class Ending(StrEnum):
    """Why an answer ended. Each protocol says it in its own words."""

    STOP = "stop"
    LENGTH = "length"
    REFUSAL = "refusal"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a policy answers."""

    text: str = ""
    """The text; a JSON document where a schema was given; what is said in a refusal."""
    ending: Ending = Ending.STOP
    """Why it ended."""
    probabilities: tuple[Mapping[str, float] | None, ...] = ()
    """For typed questions, one for each: option to probability, or None where this one question is refused."""
    reasoning: str = ""
    """What was thought aloud before."""
