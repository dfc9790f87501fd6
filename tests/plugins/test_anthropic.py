"""anthropic's models, through the real library and a fake server: what is sent, what is read, what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from providers import CONVERSATION, answering, asking, at, giving, in_schema, seen

from brie_bench import Completion, Failed, FinishReason, Request, Sampling, Usage
from brie_bench.testing import Accounting, Ending, FakeProvider, always, cut_off, echo, refusal, says
from brie_bench.testing.fault import Spoiled


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "fake-key")


@pytest.fixture(scope="module")
def server() -> Iterator[FakeProvider]:
    """Says what it was asked."""
    with FakeProvider(seen, versions={"alias": "alias-2026-11-01"}) as server:
        yield server


def read(body: Any) -> Completion:
    """What the plugin makes of an answer."""
    with FakeProvider(echo(), Spoiled("made up", answering(body))) as server:
        return at(server, "anthropic/m").complete(asking())


MESSAGE = {
    "model": "m-2026",
    "content": [{"type": "text", "text": "Yes."}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 2},
}


def test_every_turn_arrives(server: FakeProvider) -> None:
    """The system prompt stands apart; the others alternate; the limit is sent."""
    request = Request(messages=CONVERSATION, sampling=Sampling(max_tokens=99))
    turns = [[turn.role, turn.content] for turn in CONVERSATION]
    expected = {"turns": turns, "max": 99, "sampling": {}}
    assert expected == json.loads(at(server, "anthropic/m").complete(request).text)


def test_a_wish_that_the_api_has_no_word_for_is_not_sent(server: FakeProvider) -> None:
    """No temperature, top_p or seed: neither declared, nor sent, nor said to be applied."""
    model = at(server, "anthropic/m")
    answer = model.complete(asking(temperature=0.5, top_p=0.9, seed=7, max_tokens=50))
    assert frozenset({"max_tokens", "json_schema"}) == model.supports
    assert json.loads(answer.text)["sampling"] == {}
    assert Sampling(max_tokens=50) == answer.sampling_applied


def test_a_limit_is_sent_even_where_nobody_set_one(server: FakeProvider) -> None:
    """The API demands it; the completion says what it was."""
    answer = at(server, "anthropic/m").complete(asking())
    assert (4096, Sampling(max_tokens=4096)) == (json.loads(answer.text)["max"], answer.sampling_applied)


def test_the_answering_model_is_recorded(server: FakeProvider) -> None:
    """Its dated id, not the alias that was asked for."""
    assert "alias-2026-11-01" == at(server, "anthropic/alias").complete(asking()).model


def test_usage_is_the_sum_of_what_is_cached_written_and_neither() -> None:
    """388 characters are 97 tokens, and 3 for the turn; of 17 tokens of output 7 were thought."""
    accounting = Accounting(cached_share=0.5, written_share=0.25, reasoning_tokens=7)
    with FakeProvider(says("x" * 40), accounting=accounting) as server:
        answer = at(server, "anthropic/m").complete(asking("y" * 388))
    assert Usage(input_tokens=100, cached_tokens=50, output_tokens=17, reasoning_tokens=7) == answer.usage


def test_what_was_thought_stands_apart() -> None:
    """Thinking is recorded, and is no part of the text that is judged."""
    with FakeProvider(giving("So.", reasoning="Hm, hm."), accounting=Accounting(reasoning_tokens=3)) as server:
        answer = at(server, "anthropic/m").complete(asking())
    assert ("So.", "Hm, hm.") == (answer.text, answer.reasoning)


def test_a_schema_is_asked_for_in_the_apis_own_way(server: FakeProvider) -> None:
    """`output_config.format`; beside it how hard to think."""
    at(server, "anthropic/m", effort="low").complete(in_schema())
    sent = server.log[-1].json["output_config"]
    assert ("low", "json_schema", "object") == (
        sent["effort"],
        sent["format"]["type"],
        sent["format"]["schema"]["type"],
    )


@pytest.mark.parametrize(
    ("fault", "finish"), [(cut_off(), FinishReason.LENGTH), (refusal(), FinishReason.REFUSED)], ids=["cut", "refused"]
)
def test_a_cut_off_or_refusing_text_is_a_completion(fault: Any, finish: FinishReason) -> None:
    """With its text, and the reason why it ended."""
    with FakeProvider(says("I have thought about it for long."), fault) as server:
        answer = at(server, "anthropic/m").complete(asking())
    assert finish is answer.finish_reason
    assert answer.text


def test_a_refusal_without_a_word_is_a_failure() -> None:
    """There is nothing to judge; what it took is known."""
    with FakeProvider(giving("", Ending.BLOCK)) as server, pytest.raises(Failed) as caught:
        at(server, "anthropic/m").complete(asking())
    assert ("refused", False, 5) == (caught.value.kind, caught.value.retryable, caught.value.usage.input_tokens)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "refused"),
        ("pause_turn", "other"),
        ("a reason of tomorrow", "other"),
        (None, "unknown"),
    ],
)
def test_why_an_answer_ended(reason: str | None, finish: str) -> None:
    """Each stop reason in our words; one that is not known is no mistake."""
    assert finish == read({**MESSAGE, "stop_reason": reason}).finish_reason


def test_an_empty_answer_is_an_answer() -> None:
    """The model had nothing to say."""
    assert "" == read({**MESSAGE, "content": []}).text


@pytest.mark.parametrize("usage", [None, {}, "many", {"input_tokens": "3", "output_tokens": -2}, [3]])
def test_odd_counts_do_not_cost_the_answer(usage: Any) -> None:
    """What the counts do not say is not known; the text is kept."""
    answer = read({**MESSAGE, "usage": usage})
    assert ("Yes.", Usage()) == (answer.text, answer.usage)


@pytest.mark.parametrize(
    "body", [{}, [], None, "text", 7, {"content": None}, {"content": "Yes."}, {"content": {"text": "Yes."}}]
)
def test_a_body_of_another_shape_is_no_answer(body: Any) -> None:
    """It may pass, and may have been billed: what it took is not known."""
    with pytest.raises(Failed) as caught:
        read(body)
    assert ("error", True, None) == (caught.value.kind, caught.value.retryable, caught.value.usage)


def test_it_speaks_to_no_server_but_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The option wins over the environment."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    with FakeProvider(echo(), always(cut_off()).only(protocol="openai")) as server:
        assert "Hello" == at(server, "anthropic/m").complete(asking()).text
