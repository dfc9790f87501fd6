"""openai's models and compatible servers, through the real library and a fake server: what is sent, read and refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from brie_bench_openai import OpenAI
from providers import CONVERSATION, SCHEMA, answering, asking, at, by_choice, giving, in_schema, seen

from brie_bench import Completion, Failed, FinishReason, Request, Sampling, Usage
from brie_bench.testing import Accounting, Answer, Asked, Ending, FakeProvider, cut_off, echo, honest, refusal, says
from brie_bench.testing.fault import Spoiled

APIS = ("chat", "responses")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "fake-key")


@pytest.fixture(scope="module")
def server() -> Iterator[FakeProvider]:
    """Says what it was asked."""
    with FakeProvider(seen, versions={"alias": "alias-2026-11-01"}) as server:
        yield server


def read(body: Any, request: Request | None = None, **options: Any) -> Completion:
    """What the plugin makes of an answer."""
    with FakeProvider(echo(), Spoiled("made up", answering(body))) as server:
        return at(server, "openai/m", **options).complete(request or asking())


def chosen(finish_reason: str | None = "stop", **message: Any) -> dict[str, Any]:
    """A chat completion with one choice."""
    given = {"role": "assistant", "content": "Yes.", **message}
    return {"model": "m-2026", "choices": [{"index": 0, "message": given, "finish_reason": finish_reason}]}


@pytest.mark.parametrize("api", APIS)
def test_every_turn_arrives(server: FakeProvider, api: str) -> None:
    """System, user and assistant; the sampling is sent and said to be applied."""
    sampling = Sampling(max_tokens=99, temperature=0.5, top_p=0.9)
    answer = at(server, "openai/m", api=api).complete(Request(messages=CONVERSATION, sampling=sampling))
    turns = [[turn.role, turn.content] for turn in CONVERSATION]
    expected = {"turns": turns, "max": 99, "sampling": {"temperature": 0.5, "top_p": 0.9}}
    assert (expected, sampling) == (json.loads(answer.text), answer.sampling_applied)


@pytest.mark.parametrize(("api", "seed"), [("chat", 7), ("responses", None)])
def test_the_newer_endpoint_knows_no_seed(server: FakeProvider, api: str, seed: int | None) -> None:
    """Neither declared, nor sent, nor said to be applied."""
    model = at(server, "openai/m", api=api)
    answer = model.complete(asking(seed=7))
    assert ("seed" in model.supports) == (seed is not None)
    assert (seed, seed) == (json.loads(answer.text)["sampling"].get("seed"), answer.sampling_applied.seed)


def test_what_a_model_is_without_is_not_sent() -> None:
    """A server that refuses the temperature answers all the same."""
    with FakeProvider(seen, refuses={"openai": ["temperature", "top_p"]}) as server:
        model = at(server, "openai/m", without=["temperature", "top_p"])
        assert Sampling(seed=3) == model.complete(asking(temperature=0.5, seed=3)).sampling_applied
        assert frozenset({"max_tokens", "seed", "json_schema", "choice"}) == model.supports


def test_the_limit_has_two_names(server: FakeProvider) -> None:
    """Compatible servers know the old one; openai's own newer models refuse it."""
    at(server, "openai/m").complete(asking(max_tokens=9))
    assert 9 == server.log[-1].json["max_tokens"]
    sent, _ = OpenAI(OpenAI.Options(model="m"), OpenAI.home, lambda key, make: make())._body(asking(max_tokens=9))
    assert (9, False) == (sent["max_completion_tokens"], "max_tokens" in sent)


@pytest.mark.parametrize("api", APIS)
def test_the_answering_model_is_recorded(server: FakeProvider, api: str) -> None:
    """Its dated id, not the alias that was asked for."""
    assert "alias-2026-11-01" == at(server, "openai/alias", api=api).complete(asking()).model


@pytest.mark.parametrize("api", APIS)
def test_usage_is_whole_and_says_what_is_in_it(api: str) -> None:
    """Cached tokens are part of the input, reasoning is part of the output."""
    accounting = Accounting(cached_share=0.5, written_share=0.25, reasoning_tokens=7)
    with FakeProvider(says("x" * 40), accounting=accounting) as server:
        answer = at(server, "openai/m", api=api).complete(asking("y" * 388))
    assert Usage(input_tokens=100, cached_tokens=50, output_tokens=17, reasoning_tokens=7) == answer.usage


def test_what_was_thought_stands_apart() -> None:
    """A summary is asked for together with the effort, recorded, and no part of the text that is judged."""
    with FakeProvider(giving("So.", reasoning="Hm, hm."), accounting=Accounting(reasoning_tokens=3)) as server:
        answer = at(server, "openai/m", api="responses", effort="low").complete(asking())
        sent = server.log[-1].json
    assert ("So.", "Hm, hm.") == (answer.text, answer.reasoning)
    assert ({"effort": "low", "summary": "auto"}, False) == (sent["reasoning"], sent["store"])


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_compatible_servers_put_thought_beside_the_text(name: str) -> None:
    """Under one of two names."""
    answer = read(chosen(**{name: "Hm, hm."}))
    assert ("Yes.", "Hm, hm.") == (answer.text, answer.reasoning)


def test_a_schema_is_asked_for_in_each_endpoints_own_way(server: FakeProvider) -> None:
    """`response_format`, `text.format`: both strict, with its name."""
    for api in APIS:
        at(server, "openai/m", api=api).complete(in_schema())
    chat, response = (entry.json for entry in server.log[-2:])
    expected = {"name": "verdict", "schema": SCHEMA, "strict": True}
    assert {"type": "json_schema", "json_schema": expected} == chat["response_format"]
    assert {"type": "json_schema", **expected} == response["text"]["format"]


def test_typed_questions_have_a_probability_for_every_option() -> None:
    """Question to option to probability; the turns keep their roles."""
    with FakeProvider(honest()) as server:
        answer = at(server, "openai/m").complete(by_choice().replace(messages=CONVERSATION))
        assert ["system", "user", "assistant", "user"] == [turn["role"] for turn in server.log[-1].json["input"]]
    assert {"winner": {"A", "B", "tie"}, "depth": {"A", "B", "tie"}} == {q: set(a) for q, a in answer.choices.items()}
    assert pytest.approx(1.0) == sum(answer.choices["winner"].values())
    assert ("m", "") == (answer.model, answer.text)


def test_a_refused_question_is_a_failure() -> None:
    """One of two questions has no answer: there is no verdict, and what it took is known."""

    def half(asked: Asked) -> Answer:
        return Answer("", Ending.STOP, ({"A": 0.5, "B": 0.5, "tie": 0.0}, None))

    with FakeProvider(half) as server, pytest.raises(Failed, match="'depth' was refused") as caught:
        at(server, "openai/m").complete(by_choice())
    assert ("refused", False) == (caught.value.kind, caught.value.retryable)
    assert caught.value.usage.input_tokens


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(("fault", "finish"), [(cut_off(), "length"), (refusal(), "refused")], ids=["cut", "refused"])
def test_a_cut_off_or_refusing_text_is_a_completion(api: str, fault: Any, finish: str) -> None:
    """With its text, and the reason why it ended; a refusal stands elsewhere on the wire."""
    with FakeProvider(says("I have thought about it for long."), fault) as server:
        answer = at(server, "openai/m", api=api).complete(asking())
    assert finish == answer.finish_reason
    assert answer.text


@pytest.mark.parametrize("api", APIS)
def test_a_filter_that_leaves_no_word_is_a_failure(api: str) -> None:
    """There is nothing to judge; what it took is known."""
    with FakeProvider(giving("", Ending.BLOCK)) as server, pytest.raises(Failed) as caught:
        at(server, "openai/m", api=api).complete(asking())
    assert ("refused", False, 5) == (caught.value.kind, caught.value.retryable, caught.value.usage.input_tokens)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "refused"),
        ("tool_calls", "other"),
        ("a reason of tomorrow", "other"),
        (None, "unknown"),
    ],
)
def test_why_an_answer_ended(reason: str | None, finish: str) -> None:
    """Each finish reason in our words; one that is not known is no mistake. A filtered text is a completion."""
    assert finish == read(chosen(reason)).finish_reason


def test_an_empty_answer_is_an_answer() -> None:
    """All tokens went into thought."""
    answer = read(chosen("length", content=None))
    assert ("", FinishReason.LENGTH, Usage()) == (answer.text, answer.finish_reason, answer.usage)


CHAT_BODIES = [{}, [], None, "text", {"choices": []}, {"choices": None}, {"choices": [{"message": "Yes."}]}]
RESPONSES_BODIES = [
    {},
    {"output": None},
    {"output": "Yes."},
    {"output": [], "status": "failed", "error": {"message": "x"}},
]


@pytest.mark.parametrize(
    ("api", "body"),
    [*(("chat", body) for body in CHAT_BODIES), *(("responses", body) for body in RESPONSES_BODIES)],
)
def test_a_body_of_another_shape_is_no_answer(api: str, body: Any) -> None:
    """It may pass, and may have been billed: what it took is not known."""
    with pytest.raises(Failed) as caught:
        read(body, api=api)
    assert ("error", True, None) == (caught.value.kind, caught.value.retryable, caught.value.usage)


@pytest.mark.parametrize(
    "answers",
    [
        [],
        None,
        [{"type": "choice", "name": "winner", "probabilities": [{"value": "A", "probability": 1.0}]}],
        [{"type": "choice", "name": "winner", "probabilities": [{"value": v} for v in ("A", "B", "tie")]}],
    ],
)
def test_a_question_without_a_probability_for_every_option_is_no_answer(answers: Any) -> None:
    """Nothing is guessed."""
    with pytest.raises(Failed, match="unreadable"):
        read({"model": "m", "answers": answers}, by_choice())


def test_a_server_without_keys_needs_none(monkeypatch: pytest.MonkeyPatch, server: FakeProvider) -> None:
    """Local servers take anything: nobody has to make a key up."""
    monkeypatch.delenv("OPENAI_API_KEY")
    assert at(server, "openai/m").complete(asking()).text


def test_a_models_name_may_have_slashes_and_colons(server: FakeProvider) -> None:
    """As compatible servers like them."""
    at(server, "openai/org/model:7b").complete(asking())
    assert "org/model:7b" == server.log[-1].model
