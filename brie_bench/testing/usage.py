"""What an answer took, before a protocol puts it into its own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brie_bench.testing.asking import Answer, Asked
from brie_bench.testing.tokens import count

_PER_TURN = 3


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
        return Usage(
            self.input + other.input,
            self.cached + other.cached,
            self.written + other.written,
            self.output + other.output,
            self.reasoning + other.reasoning,
        )


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
        given += _size(asked.schema)
        said = count(answer.text) + sum(len(each) for each in answer.probabilities if each)
        return Usage(
            input=given,
            cached=int(given * self.cached_share),
            written=int(given * self.written_share),
            output=said + self.reasoning_tokens,
            reasoning=self.reasoning_tokens,
        )


def _size(schema: Mapping[str, Any] | None) -> int:
    return 0 if schema is None else count(str(schema))
