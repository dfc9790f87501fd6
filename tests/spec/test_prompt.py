"""A prompt is one text, or the turns of a conversation that the user's turn ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from brie_bench import Conversation, Prompt, Turn
from brie_bench.spec.conversation import Provenance, check_turns

U, A, S = ({"role": role, "content": f"says {role}"} for role in ("user", "assistant", "system"))


def test_a_text_is_one_turn_of_the_user() -> None:
    """The two ways to write a prompt of one turn are the same prompt."""
    one = Prompt(id="a", text="says user")
    assert (Turn(role="user", content="says user"),) == one.turns
    assert one.key == Prompt.model_validate({"id": "b", "messages": [U]}).key


def test_a_prompt_is_its_words() -> None:
    """Name, domain and tags do not make another prompt; words do."""
    key = Prompt(id="a", text="x").key
    assert key == Prompt(id="b", text="x", domain="d", tags=("t",)).key
    assert key != Prompt(id="a", text="y").key


@pytest.mark.parametrize(
    "text",
    [
        "caf\u00e9  at ten?",
        "cafe\u0301 at ten?",
        " caf\u00e9\u00a0at\nten?\t",
        "caf\u00e9\u200b at\u2009ten?\ufeff",
        "ca\xadf\u00e9 a\x01t ten\ufe0f?",
    ],
)
def test_a_prompt_s_words_are_what_a_reader_sees(text: str) -> None:
    """However they are spaced and encoded, and whatever stands between them that shows nothing; the text itself is kept."""
    prompt = Prompt(id="a", text=text)
    assert Prompt(id="b", text="caf\u00e9 at ten?").key == prompt.key
    assert text == prompt.turns[0].content
    assert len({Prompt(id="a", text=each).key for each in ("at ten", "atten", "At ten", "at t\u00e9n", "at ten?")}) == 5


@pytest.mark.parametrize("given", [{}, {"text": "x", "messages": [U]}, {"messages": []}, {"text": None}])
def test_a_prompt_has_exactly_one_of_text_and_messages(given: dict[str, Any]) -> None:
    """Both or neither is an error."""
    with pytest.raises(ValidationError, match="either 'text' or 'messages'"):
        Prompt.model_validate({"id": "a", **given})


@pytest.mark.parametrize("messages", [[A], [U, A], [U, U], [S], [S, A, U], [U, S], [S, S, U], [U, A, A, U]])
def test_a_prompts_turns_alternate_and_end_with_the_user(messages: list[dict[str, str]]) -> None:
    """Anything else leaves nothing to complete."""
    with pytest.raises(ValidationError, match=r"turn \d is|last turn"):
        Prompt.model_validate({"id": "a", "messages": messages})


@pytest.mark.parametrize("messages", [[U], [S, U], [U, A, U], [S, U, A, U]])
def test_a_prompt_may_have_a_system_turn_first(messages: list[dict[str, str]]) -> None:
    """A system turn or none, then user and assistant in turn."""
    assert len(messages) == len(Prompt.model_validate({"id": "a", "messages": messages}).turns)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(["system", "user", "assistant"]), max_size=7), st.sampled_from(["user", "assistant"]))
def test_turns_are_checked_as_the_words_say(roles: list[Any], last: Any) -> None:
    """An optional system turn, then strictly user, assistant, user, …, ended by the one that must end."""
    turns = tuple(Turn(role=role, content="x") for role in roles)
    spoken = roles[1:] if roles[:1] == ["system"] else roles
    valid = bool(spoken) and spoken == (["user", "assistant"] * len(spoken))[: len(spoken)] and spoken[-1] == last
    try:
        check_turns(turns, ends_with=last)
    except ValueError:
        assert not valid
    else:
        assert valid


def test_a_wrong_turn_is_named_by_its_position() -> None:
    """The position counts the system turn."""
    with pytest.raises(ValidationError, match="turn 3 is the user's where the assistant's belongs"):
        Prompt.model_validate({"id": "a", "messages": [S, U, U]})


def _conversation(**changes: Any) -> dict[str, Any]:
    whole = {"id": "a", "messages": [U, A], "prompt_group": "g", "domain": "d", "provenance": {"author": "A. Author"}}
    return {**whole, **changes}


@pytest.mark.parametrize("messages", [[U], [A, U], [U, A, U], [S, U], [U, U, A], []])
def test_a_conversation_ends_with_the_assistant(messages: list[dict[str, str]]) -> None:
    """There is something to learn only in an answer."""
    with pytest.raises(ValidationError):
        Conversation.model_validate(_conversation(messages=messages))


@pytest.mark.parametrize("messages", [[U, A], [S, U, A], [U, A, U, A]])
def test_a_conversation_may_go_on(messages: list[dict[str, str]]) -> None:
    """Any number of exchanges."""
    assert len(messages) == len(Conversation.model_validate(_conversation(messages=messages)).messages)


@pytest.mark.parametrize("change", [{"phase": "draft"}, {"split": "dev"}, {"domain": "two words"}, {"provenance": {}}])
def test_a_conversation_holds_only_known_words(change: dict[str, Any]) -> None:
    """Phase and split are closed lists, a domain is a name, and somebody wrote it."""
    with pytest.raises(ValidationError):
        Conversation.model_validate(_conversation(**change))


@pytest.mark.parametrize("date", [0, 1_700_000_000, "0", "20260228", "2026-02-28T00:00:00", "2026-13-01", "2026-02-30"])
def test_a_date_is_a_day(date: object) -> None:
    """A number of seconds or a time of day is no date, nor is a day that never was."""
    with pytest.raises(ValidationError):
        Provenance.model_validate({"author": "A. Author", "date": date})
