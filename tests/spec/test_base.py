"""Every noun is frozen and closed, and equal content has an equal digest."""

from __future__ import annotations

import datetime
import importlib
import inspect
import json
import pkgutil
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

import brie_bench.spec
from brie_bench import Choice, Completion, Conversation, Presentation, Prompt, Question, Sampling, Turn, Verdict
from brie_bench.spec.base import (
    Flag,
    JsonObject,
    NonEmpty,
    Positive,
    Prose,
    Spec,
    Whole,
    canonical_json,
    digest,
    freeze,
)


def _nouns() -> list[type[Spec]]:
    modules = [
        importlib.import_module(f"brie_bench.spec.{each.name}")
        for each in pkgutil.iter_modules(brie_bench.spec.__path__)
    ]
    classes = {each for module in modules for each in vars(module).values() if inspect.isclass(each)}
    return sorted((each for each in classes if issubclass(each, Spec)), key=lambda each: each.__name__)


TEXTS = st.text(st.characters(exclude_categories=[]), max_size=20)
"""Any text at all, lone surrogates too."""
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("noun", _nouns(), ids=lambda noun: noun.__name__)
def test_every_noun_is_frozen_and_closed(noun: type[Spec]) -> None:
    """No noun can be changed, takes an unknown key, or holds a number that JSON has no word for."""
    config = noun.model_config
    assert (True, "forbid", False) == (config.get("frozen"), config.get("extra"), config.get("allow_inf_nan"))


@pytest.mark.parametrize("noun", _nouns(), ids=lambda noun: noun.__name__)
def test_every_noun_says_what_it_is(noun: type[Spec]) -> None:
    """A noun's docstring becomes its description in the schema."""
    assert (noun.__doc__ or "").strip()


def test_a_noun_cannot_be_changed() -> None:
    """Assigning to a field raises."""
    with pytest.raises(ValidationError, match="frozen"):
        Prompt(id="a", text="b").id = "c"  # type: ignore[misc]


def test_an_unknown_key_is_an_error() -> None:
    """A misspelt key is never passed over."""
    with pytest.raises(ValidationError, match="txt"):
        Prompt(id="a", text="b", txt="c")  # type: ignore[call-arg]


def test_canonical_json_leaves_defaults_out() -> None:
    """What is at its default is not written."""
    assert {"id": "a", "text": "b"} == Prompt(id="a", text="b", tags=(), domain=None).canonical()


def test_a_default_that_is_written_out_changes_no_digest() -> None:
    """Saying a default and leaving it out is the same content."""
    assert Sampling().content_digest() == Sampling(temperature=None, seed=None).content_digest()


def test_a_new_optional_field_changes_no_digest() -> None:
    """Yesterday's keys stay valid when a noun learns an optional field."""

    class Prompt2(Prompt):
        """A prompt of next year."""

        difficulty: int | None = None

    assert Prompt(id="a", text="b").content_digest() == Prompt2(id="a", text="b").content_digest()
    assert Prompt(id="a", text="b").content_digest() != Prompt2(id="a", text="b", difficulty=1).content_digest()


@pytest.mark.parametrize(
    ("expected", "noun"),
    [
        ("82631d0996acb85221a6aa5d8d3e7a20", Prompt(id="a", text="b")),
        ("44136fa355b3678a1146ad16f7e8649e", Sampling()),
        ("0e79691ca2e6a3c629b1c543de23175d", Sampling(temperature=0.75, max_tokens=512)),
    ],
)
def test_digests_do_not_change_from_release_to_release(expected: str, noun: Spec) -> None:
    """A recorded completion is found again under the same key in the next release."""
    assert expected == noun.content_digest()


def _shuffled(value: Any, source: random.Random) -> Any:
    if isinstance(value, dict):
        items = list(value.items())
        source.shuffle(items)
        return {key: _shuffled(each, source) for key, each in items}
    return [_shuffled(each, source) for each in value] if isinstance(value, list) else value


@settings(deadline=None, max_examples=100)
@given(VALUES, st.randoms(use_true_random=False))
def test_a_digest_does_not_depend_on_the_order_of_keys(value: Any, source: random.Random) -> None:
    """Two mappings with the same entries are the same content, surrogates and all."""
    assert digest(value) == digest(_shuffled(value, source))


@settings(deadline=None, max_examples=100)
@given(VALUES)
def test_nothing_is_lost_in_canonical_json(value: Any) -> None:
    """It can be read back, so different content has different text."""
    assert value == json.loads(canonical_json(value))


def test_canonical_json_is_compact_sorted_and_keeps_its_letters() -> None:
    """Keys sorted, no spaces, UTF-8 as it is."""
    assert '{"a":["ö",null,true],"b":1.5}' == canonical_json({"b": 1.5, "a": ["ö", None, True]})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_canonical_json_refuses_what_is_no_number(value: float) -> None:
    """NaN is in no record."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json([value])


def test_a_digest_has_32_hexadecimal_digits() -> None:
    """128 bits of SHA-256: of the empty mapping, those of `{}`."""
    assert "44136fa355b3678a1146ad16f7e8649e" == digest({})


@pytest.mark.parametrize("kind", [Prose, NonEmpty])
@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("a\ufffdb", "a\ud800b"),
        ("\ufffd", "\udfff"),
        ("\U0001f9c0", "\ud83e\uddc0"),
        ("é", "é"),
        ("\x00\x1b", "\x00\x1b"),
    ],
)
def test_a_lone_surrogate_becomes_the_replacement_character(kind: Any, expected: str, text: str) -> None:
    """What no file can hold is replaced, a pair of surrogates is joined, all else stays."""
    assert expected == TypeAdapter(kind).validate_python(text)


@settings(deadline=None, max_examples=100)
@given(TEXTS)
def test_any_text_of_a_model_can_be_recorded(text: str) -> None:
    """A completion of any characters is written and read back as the same content."""
    completion = Completion(text=text, model=text, reasoning=text, choices={text: {text: 0.5}})
    assert completion == Completion.model_validate_json(completion.model_dump_json(exclude_defaults=True))
    assert 32 == len(completion.content_digest())


@settings(deadline=None, max_examples=50)
@given(TEXTS, st.sampled_from(["A", "B", "tie"]))
def test_any_words_of_a_judge_can_be_recorded(text: str, label: str) -> None:
    """A verdict of any characters is written and read back as the same content."""
    verdict = Verdict(label=label, rationale=text, raw=text, model=text, scores={"A": {text: 3}})
    assert verdict == Verdict.model_validate_json(verdict.model_dump_json(exclude_defaults=True))


@settings(deadline=None, max_examples=50)
@given(TEXTS, TEXTS)
def test_any_presentation_has_a_digest(a: str, b: str) -> None:
    """A presentation of any characters has a key, and its slots are not interchangeable."""
    messages = (Turn(role="user", content="x"),)
    one, other = Presentation(messages=messages, a=a, b=b), Presentation(messages=messages, a=b, b=a)
    assert (one.a == one.b) == (one.content_digest() == other.content_digest())


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u2003"])
def test_white_space_is_no_text(text: str) -> None:
    """A text that must not be empty holds more than white space."""
    with pytest.raises(ValidationError):
        TypeAdapter(NonEmpty).validate_python(text)


@pytest.mark.parametrize("value", ["1", b"1", True])
@pytest.mark.parametrize("kind", [Whole, Positive])
def test_text_and_truth_are_no_numbers(kind: Any, value: object) -> None:
    """`"2"` and `true` are refused as the published schemas refuse them."""
    with pytest.raises(ValidationError, match="a number belongs here"):
        TypeAdapter(kind).validate_python(value)


def test_a_whole_number_may_be_written_with_a_point() -> None:
    """2.0 is the integer 2, as JSON Schema has it; 2.5 is none."""
    assert 2 == TypeAdapter(Positive).validate_python(2.0)
    with pytest.raises(ValidationError):
        TypeAdapter(Positive).validate_python(2.5)


@pytest.mark.parametrize("value", [0, -1, 10**30])
def test_a_count_is_between_one_and_a_billion(value: int) -> None:
    """What would overflow a counter is refused where it is written."""
    with pytest.raises(ValidationError):
        TypeAdapter(Positive).validate_python(value)


@pytest.mark.parametrize("value", ["yes", 1, 0, "true"])
def test_only_true_and_false_are_truths(value: object) -> None:
    """`1` and `"yes"` are refused as the published schemas refuse them."""
    with pytest.raises(ValidationError):
        TypeAdapter(Flag).validate_python(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"x", datetime.date(2026, 2, 28), {1, 2}, object()])
def test_options_are_plain_json(value: object) -> None:
    """What JSON cannot say could have no digest and no record: it is refused at once."""
    with pytest.raises(ValidationError):
        TypeAdapter(JsonObject).validate_python({"a": [{"b": value}]})


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_plain_json_options_have_a_digest_and_a_record(options: dict[str, Any]) -> None:
    """Whatever passes as options can be put into a key and into a file."""
    kept = TypeAdapter(JsonObject).validate_python(options)
    assert kept == json.loads(canonical_json(kept).encode())


def test_options_that_are_spelt_differently_are_one_configuration() -> None:
    """Key order, tuples and keys that are no text make no difference."""
    assert {"1": [1, 2], "b": {"c": 3, "d": 4}} == freeze({"b": {"d": 4, "c": 3}, 1: (1, 2)})
    assert ["1", "b"] == list(freeze({"b": 2, 1: 1}))


def test_replace_validates_anew() -> None:
    """A copy with a wrong value is refused."""
    prompt = Prompt(id="a", text="b")
    assert Prompt(id="a", text="c") == prompt.replace(text="c")
    assert prompt.key != prompt.replace(text="c").key
    with pytest.raises(ValidationError):
        prompt.replace(text=" ")


def test_what_was_computed_once_makes_no_difference() -> None:
    """A prompt whose key has been asked for equals one whose key has not."""
    one, other = Prompt(id="a", text="b"), Prompt(id="a", text="b")
    assert one.key
    assert one == other
    assert one.content_digest() == other.content_digest()


def test_a_field_of_a_subclass_keeps_its_number_finite() -> None:
    """Infinity is refused in every number of every noun."""

    class Measure(Spec):
        """One number."""

        value: float = Field(default=0.0)

    with pytest.raises(ValidationError, match="finite"):
        Measure(value=float("inf"))


def test_a_conversation_round_trips_through_its_canonical_json() -> None:
    """What is written is what is read, dates and tuples too."""
    conversation = Conversation.model_validate(
        {
            "id": "a",
            "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}],
            "prompt_group": "g",
            "domain": "d",
            "patterns": ["one"],
            "provenance": {"author": "A. Author", "date": "2026-02-28", "consent": False},
        }
    )
    assert conversation == Conversation.model_validate(json.loads(canonical_json(conversation.canonical())))


def test_a_question_needs_two_options() -> None:
    """A choice of one is none."""
    with pytest.raises(ValidationError):
        Choice(questions=(Question(name="q", instructions="which?", options=("only",)),))
