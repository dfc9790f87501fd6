"""How many tokens a request takes, before anybody has counted them: about, and at most.

A byte is the smallest thing that a tokenizer makes a token of, so a text has at most as many tokens as UTF-8 gives it
bytes; English has about a quarter of that. What a provider adds around the texts is bounded generously.
"""

from __future__ import annotations

from brie_bench.spec.base import canonical_json
from brie_bench.spec.completion import Choice, JsonSchema, Request

BYTES_PER_TOKEN = 4
"""Of English prose, about."""
PER_TURN = 16
"""Tokens that mark a turn's beginning, role and end, at most."""
PER_REQUEST = 64
"""Tokens that a provider adds to a plain request, at most."""
PER_SHAPE = 1024
"""Tokens that it adds to ask for a shape of answer, at most."""
PER_OPTION = 32
"""Tokens of a probability and what surrounds it, at most."""


def about(text: str) -> int:
    """About how many tokens a text has; at least 1 unless it is empty."""
    return -(-_bytes(text) // BYTES_PER_TOKEN)


def input_about(request: Request) -> int:
    """About how many tokens are sent."""
    return sum(map(about, _sent(request)))


def input_at_most(request: Request) -> int:
    """A number of tokens that what is sent does not exceed, whatever the tokenizer."""
    added = PER_REQUEST + PER_TURN * len(request.messages)
    return sum(map(_bytes, _sent(request))) + added + (0 if request.answer.kind == "text" else PER_SHAPE)


def output_at_most(request: Request) -> int | None:
    """A number of tokens that the answer does not exceed; None where nothing limits it."""
    if request.sampling.max_tokens is None and isinstance(request.answer, Choice):
        questions = request.answer.questions
        named = sum(_bytes(name) + PER_OPTION for each in questions for name in (each.name, *each.options))
        return PER_REQUEST + named
    return request.sampling.max_tokens


def _sent(request: Request) -> list[str]:
    texts = [turn.content for turn in request.messages]
    if isinstance(request.answer, JsonSchema):
        texts.append(canonical_json(request.answer.definition))
    elif isinstance(request.answer, Choice):
        texts += [text for each in request.answer.questions for text in (each.name, each.instructions, *each.options)]
    return texts


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
