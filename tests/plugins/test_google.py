"""google's models, through the real library and a fake server: what is sent, what is read, what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from providers import CONVERSATION, SCHEMA, answering, asking, at, by_choice, giving, in_schema, seen

from brie_bench import Completion, Failed, FinishReason, Request, Sampling, Usage
from brie_bench.testing import Accounting, Ending, FakeProvider, cut_off, echo, honest, says
from brie_bench.testing.fault import Spoiled


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    monkeypatch.setenv("GEMINI_API_KEY", "fake-key")


@pytest.fixture(scope="module")
def server() -> Iterator[FakeProvider]:
    """Says what it was asked."""
    with FakeProvider(seen, versions={"alias": "alias-2026-11-01"}) as server:
        yield server


def read(body: Any, request: Request | None = None) -> Completion:
    """What the plugin makes of an answer."""
    with FakeProvider(echo(), Spoiled("made up", answering(body))) as server:
        return at(server, "google/m").complete(request or asking())


def candidate(**fields: Any) -> dict[str, Any]:
    """An answer with one candidate."""
    given = {"content": {"parts": [{"text": "Yes."}], "role": "model"}, "finishReason": "STOP", **fields}
    return {"candidates": [given], "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2}}


def test_every_turn_arrives(server: FakeProvider) -> None:
    """The system prompt stands apart; an assistant's turn is a model's; the sampling is sent and said to be applied."""
    sampling = Sampling(max_tokens=99, temperature=0.5, top_p=0.9, seed=3)
    answer = at(server, "google/m").complete(Request(messages=CONVERSATION, sampling=sampling))
    turns = [[turn.role, turn.content] for turn in CONVERSATION]
    expected = {"turns": turns, "max": 99, "sampling": {"temperature": 0.5, "topP": 0.9, "seed": 3}}
    assert (expected, sampling) == (json.loads(answer.text), answer.sampling_applied)


def test_what_a_model_is_without_is_not_sent(server: FakeProvider) -> None:
    """Neither declared, nor sent, nor said to be applied."""
    model = at(server, "google/m", without=["temperature", "choice"])
    answer = model.complete(asking(temperature=0.5, seed=3))
    assert frozenset({"max_tokens", "top_p", "seed", "json_schema"}) == model.supports
    assert ({"seed": 3}, Sampling(seed=3)) == (json.loads(answer.text)["sampling"], answer.sampling_applied)


def test_the_answering_model_is_recorded(server: FakeProvider) -> None:
    """Its dated id, not the alias that was asked for."""
    assert "alias-2026-11-01" == at(server, "google/alias").complete(asking()).model


def test_usage_counts_thoughts_as_output() -> None:
    """They stand beside the candidates: 10 tokens said and 7 thought are 17."""
    accounting = Accounting(cached_share=0.5, reasoning_tokens=7)
    with FakeProvider(says("x" * 40), accounting=accounting) as server:
        answer = at(server, "google/m").complete(asking("y" * 388))
    assert Usage(input_tokens=100, cached_tokens=50, output_tokens=17, reasoning_tokens=7) == answer.usage


def test_what_was_thought_stands_apart() -> None:
    """Thoughts are asked for together with the effort, recorded, and no part of the text that is judged."""
    with FakeProvider(giving("So.", reasoning="Hm, hm."), accounting=Accounting(reasoning_tokens=3)) as server:
        answer = at(server, "google/m", effort="low").complete(asking())
        assert {"include_thoughts": True, "thinking_level": "LOW"} == (
            server.log[-1].json["generationConfig"]["thinkingConfig"]
        )
    assert ("So.", "Hm, hm.") == (answer.text, answer.reasoning)


def test_a_schema_is_asked_for_in_the_apis_own_way(server: FakeProvider) -> None:
    """The schema and its media type; what comes back is text."""
    answer = at(server, "google/m").complete(in_schema())
    sent = server.log[-1].json["generationConfig"]
    assert ("application/json", SCHEMA) == (sent["responseMimeType"], sent["responseJsonSchema"])
    assert FinishReason.STOP is answer.finish_reason


def test_typed_questions_have_a_probability_for_every_option() -> None:
    """Question to option to probability."""
    with FakeProvider(honest()) as server:
        answer = at(server, "google/m").complete(by_choice())
    assert {"winner": {"A", "B", "tie"}, "depth": {"A", "B", "tie"}} == {q: set(a) for q, a in answer.choices.items()}
    assert pytest.approx(1.0) == sum(answer.choices["winner"].values())
    assert answer.usage.input_tokens


def test_several_turns_are_one_input_with_their_speakers() -> None:
    """A decision's input has no roles."""
    with FakeProvider(honest()) as server:
        at(server, "google/m").complete(by_choice().replace(messages=CONVERSATION))
        assert server.log[-1].json["input"] == "system: Be brief.\n\nuser: One?\n\nassistant: Two.\n\nuser: Three?"


def test_a_cut_off_text_is_a_completion() -> None:
    """With its text, and the reason why it ended."""
    with FakeProvider(says("I have thought about it for long."), cut_off()) as server:
        answer = at(server, "google/m").complete(asking())
    assert (FinishReason.LENGTH, True) == (answer.finish_reason, bool(answer.text))


@pytest.mark.parametrize("ending", [Ending.REFUSAL, Ending.BLOCK])
@pytest.mark.parametrize("request_", [asking(), by_choice()], ids=["text", "choice"])
def test_a_block_without_a_word_is_a_failure(ending: Ending, request_: Request) -> None:
    """There is nothing to judge; what it took is known."""
    with FakeProvider(giving("", ending)) as server, pytest.raises(Failed) as caught:
        at(server, "google/m").complete(request_)
    assert ("refused", False) == (caught.value.kind, caught.value.retryable)
    assert caught.value.usage.input_tokens


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "refused"),
        ("RECITATION", "refused"),
        ("LANGUAGE", "other"),
        ("A_REASON_OF_TOMORROW", "other"),
        (None, "unknown"),
    ],
)
def test_why_an_answer_ended(reason: str | None, finish: str) -> None:
    """Each finish reason in our words; one that is not known is no mistake. A blocked answer with a text is a completion."""
    assert finish == read(candidate(finishReason=reason)).finish_reason


def test_an_empty_answer_is_an_answer() -> None:
    """All tokens went into thought, or there was nothing to say."""
    answer = read(candidate(content=None, finishReason="MAX_TOKENS"))
    assert ("", FinishReason.LENGTH) == (answer.text, answer.finish_reason)


@pytest.mark.parametrize("body", [{}, [], None, "text", {"candidates": None}, {"candidates": ["Yes."]}])
def test_a_body_of_another_shape_is_no_answer(body: Any) -> None:
    """It may pass, and may have been billed: what it took is not known."""
    with pytest.raises(Failed) as caught:
        read(body)
    assert ("error", True, None) == (caught.value.kind, caught.value.retryable, caught.value.usage)


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"winner": {"probabilities": {"A": 1.0}}, "depth": {"probabilities": {"A": 1.0}}},
        {"winner": {"probabilities": {"A": 0.2, "B": "much", "tie": 0.1}}},
        {"winner": {"probabilities": {"A": 0.2, "B": 0.7, "tie": 0.1}}},
    ],
)
def test_a_question_without_a_probability_for_every_option_is_no_answer(answers: Any) -> None:
    """Nothing is guessed."""
    with pytest.raises(Failed, match="not answered"):
        read({"answers": answers}, by_choice())


def test_the_library_keeps_its_connections() -> None:
    """Forty calls at a time, three times over, open forty connections: none is opened for a call."""
    from concurrent.futures import ThreadPoolExecutor

    with FakeProvider(echo(), latency=0.1) as server, ThreadPoolExecutor(40) as pool:
        model = at(server, "google/m")
        for _ in range(3):
            list(pool.map(lambda _: model.complete(asking()), range(40)))
        assert 40 >= server.traffic.connections


def test_another_services_settings_do_not_divert_it(monkeypatch: pytest.MonkeyPatch, server: FakeProvider) -> None:
    """The library would go to Vertex AI."""
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    assert at(server, "google/m").complete(asking()).text
