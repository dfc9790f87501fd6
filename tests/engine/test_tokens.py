"""Tokens, before anybody has counted them: about, and at most."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Request, Sampling, Turn
from brie_bench.engine.calls.tokens import about, input_about, input_at_most, output_at_most
from brie_bench.spec.completion import Choice, JsonSchema, Question

quick = settings(max_examples=60, deadline=None)


def request(*texts: str, **fields: object) -> Request:
    """A request of user turns with these texts."""
    return Request(messages=tuple(Turn(role="user", content=text) for text in texts), **fields)


def test_four_bytes_are_about_a_token() -> None:
    """Rounded up, counted in UTF-8; nothing has none."""
    assert [0, 1, 1, 2, 2] == [about(text) for text in ("", "a", "abcd", "abcde", "éééé")]


def test_every_byte_is_a_token_at_most() -> None:
    """Beside 64 for the request and 16 for each turn."""
    assert 64 + 2 * 16 + 3 + 2 == input_at_most(request("abc", "é"))


def test_the_shape_of_an_answer_is_sent_too() -> None:
    """A schema as JSON, questions with their options; and what a provider adds to say so."""
    schema = JsonSchema(definition={"type": "object"})
    assert (64 + 16 + 1 + len('{"type":"object"}') + 1024) == input_at_most(request("a", answer=schema))
    choice = Choice(questions=(Question(name="w", instructions="which", options=("A", "B")),))
    assert 64 + 16 + 1 + len("wwhichAB") + 1024 == input_at_most(request("a", answer=choice))


def test_what_limits_an_answer() -> None:
    """Its token limit; without one, nothing, unless it is a choice: then its names and a probability for each."""
    choice = Choice(questions=(Question(name="w", instructions="which", options=("A", "B")),))
    assert 7 == output_at_most(request("a", sampling=Sampling(max_tokens=7)))
    assert None is output_at_most(request("a"))
    assert 64 + 3 * (1 + 32) == output_at_most(request("a", answer=choice))
    assert 9 == output_at_most(request("a", answer=choice, sampling=Sampling(max_tokens=9)))


@quick
@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_the_estimate_is_below_the_bound(texts: list[str]) -> None:
    """Whatever the texts are."""
    asked = request(*(f"x{text}" for text in texts))
    assert 0 < input_about(asked) <= input_at_most(asked)
