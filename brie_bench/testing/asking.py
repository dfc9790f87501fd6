"""What any protocol asks and answers, without a protocol's words, and what an answer took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from enum import StrEnum
from typing import Any

_CHARACTERS = 4
"""Four characters are one token, which needs no tokenizer."""

_PER_TURN = 3


class QuestionKind(StrEnum):
    """How a typed question is answered."""

    CHOICE = "choice"
    SCORE = "score"


@dataclass(frozen=True, slots=True)
class Question:
    """One typed question of a decisions endpoint."""

    name: str
    """Names the answer; empty where the asker gave no name."""
    instructions: str
    """What to decide."""
    options: tuple[str, ...]
    """A choice's values; a score's levels, the lowest first."""
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


def count(text: str) -> int:
    """How many tokens `text` has."""
    return -(-len(text) // _CHARACTERS)


def cut(text: str, n: int) -> str:
    """The first `n` tokens of `text`."""
    return text[: n * _CHARACTERS]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer."""

    input: int = 0
    """All input: read from a cache, written to one, or neither."""
    cached: int = 0
    """The part of the input that was read from a cache."""
    written: int = 0
    """The part of the input that was written to a cache."""
    output: int = 0
    """All output, reasoning included."""
    reasoning: int = 0
    """The part of the output that was reasoning."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Accounting:
    """How a server counts tokens. The same request and answer always take the same."""

    cached_share: float = 0.0
    """The share of the input that is read from a cache."""
    written_share: float = 0.0
    """The share of the input that is written to one (google has no such thing and counts it as plain input)."""
    reasoning_tokens: int = 0
    """What each answer thinks before it speaks."""

    def usage(self, asked: Asked, answer: Answer) -> Usage:
        """The tokens of one answer."""
        given = sum(count(text) + _PER_TURN for _, text in asked.turns)
        given += sum(count(question.instructions) + len(question.options) for question in asked.questions)
        given += 0 if asked.schema is None else count(str(asked.schema))
        said = count(answer.text) + sum(len(each) for each in answer.probabilities if each)
        return Usage(
            input=given,
            cached=int(given * self.cached_share),
            written=int(given * self.written_share),
            output=said + self.reasoning_tokens,
            reasoning=self.reasoning_tokens,
        )
