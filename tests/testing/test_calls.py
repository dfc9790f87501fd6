"""Calls: what each library asks at each endpoint, and what it makes of the answer."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from brie_bench.testing import Accounting, Answer, Asked, FakeProvider, echo, honest, says
from testing.libraries import (
    CALLS,
    PROTOCOL,
    Libraries,
    anthropic,
    google_errors,
    httpx2,
    openai,
    talking,
    text_of,
    types,
)

TEXTS = ("anthropic", "openai chat", "openai responses", "google")
SCHEMA = {
    "type": "object",
    "properties": {"winner": {"type": "string", "enum": ["A", "B", "tie"]}, "why": {"type": "string"}},
    "required": ["winner", "why"],
    "additionalProperties": False,
}


def test_there_is_a_call_for_every_kind_of_endpoint() -> None:
    """The table of protocols names each kind of call, and nothing else."""
    assert set(CALLS) == set(PROTOCOL)


@pytest.mark.parametrize("kind", TEXTS)
def test_each_library_reads_the_text(to: Libraries, kind: str) -> None:
    """What the policy said arrives, character by character."""
    said = 'Ünïcode, "quotes",\nnew lines\tand <b>tags</b> 𝄞'
    assert said == text_of(CALLS[kind](to, "m", said))


@pytest.mark.parametrize("kind", CALLS)
def test_each_call_is_recognised(kind: str) -> None:
    """Three protocols on one port: each call is logged under its own, though they share paths."""
    with talking(echo()) as (server, to):
        CALLS[kind](to, "some-model", "hi")
        assert (PROTOCOL[kind], "call", "some-model") == (
            server.log[0].protocol,
            server.log[0].endpoint,
            server.log[0].model,
        )


def test_the_answering_model_is_the_one_that_a_name_stands_for(to: Libraries) -> None:
    """An alias is answered by its dated id, in every protocol that says who answered."""
    assert [
        CALLS["anthropic"](to, "alias", "hi").model,
        CALLS["openai chat"](to, "alias", "hi").model,
        CALLS["openai responses"](to, "alias", "hi").model,
        CALLS["openai decisions"](to, "alias", "hi").model,
        CALLS["google"](to, "alias", "hi").model_version,
    ] == ["alias-2026-11-01"] * 5


def _seen(asked: Asked) -> Answer:
    """Says what was asked, as JSON."""
    return Answer(json.dumps({"turns": asked.turns, "max": asked.max_tokens, "sampling": dict(asked.sampling)}))


@pytest.fixture(scope="module")
def seeing() -> Any:
    """The libraries, pointed at a server that says what it was asked."""
    with talking(_seen) as (_, to):
        yield to


TURNS = [["system", "Be brief."], ["user", "One?"], ["assistant", "Two."], ["user", "Three?"]]


def test_anthropics_turns_arrive(seeing: Libraries) -> None:
    """A system prompt, earlier turns and the limit are what the policy sees."""
    answer = seeing.anthropic.messages.create(
        model="m",
        max_tokens=99,
        system="Be brief.",
        messages=[
            {"role": "user", "content": "One?"},
            {"role": "assistant", "content": [{"type": "text", "text": "Two."}]},
            {"role": "user", "content": [{"type": "text", "text": "Three?"}]},
        ],
    )
    assert json.loads(text_of(answer)) == {"turns": TURNS, "max": 99, "sampling": {}}


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_openai_chats_turns_arrive(seeing: Libraries, limit: str) -> None:
    """Either limit counts; a developer's turn is a system's."""
    answer = seeing.openai.chat.completions.create(
        model="m",
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "One?"},
            {"role": "assistant", "content": "Two."},
            {"role": "user", "content": [{"type": "text", "text": "Three?"}]},
        ],
        temperature=0.5,
        seed=7,
        **{limit: 99},
    )
    expected = {"turns": TURNS, "max": 99, "sampling": {"temperature": 0.5, "seed": 7}}
    assert expected == json.loads(text_of(answer))


def test_openai_responses_turns_arrive(seeing: Libraries) -> None:
    """Instructions are the system's turn."""
    answer = seeing.openai.responses.create(
        model="m",
        instructions="Be brief.",
        input=[
            {"role": "user", "content": "One?"},
            {"role": "assistant", "content": "Two."},
            {"role": "user", "content": [{"type": "input_text", "text": "Three?"}]},
        ],
        max_output_tokens=99,
        top_p=0.9,
    )
    assert json.loads(answer.output_text) == {"turns": TURNS, "max": 99, "sampling": {"top_p": 0.9}}


def test_googles_turns_arrive(seeing: Libraries) -> None:
    """A model's turn is an assistant's; the system instruction stands apart."""
    contents = [
        types.Content(role=role, parts=[types.Part(text=text)])
        for role, text in (("user", "One?"), ("model", "Two."), ("user", "Three?"))
    ]
    config = types.GenerateContentConfig(system_instruction="Be brief.", max_output_tokens=99, temperature=0.5, seed=3)
    answer = seeing.google.models.generate_content(model="m", contents=contents, config=config)
    expected = {"turns": TURNS, "max": 99, "sampling": {"temperature": 0.5, "seed": 3}}
    assert expected == json.loads(answer.text or "")


@pytest.fixture(scope="module")
def counting() -> Any:
    """The libraries, pointed at a server that caches, and thinks before it speaks."""
    accounting = Accounting(cached_share=0.5, written_share=0.25, reasoning_tokens=7)
    with talking(says("x" * 40), accounting=accounting) as (_, to):
        yield to


ASKED = "y" * 388
"""97 tokens, and 3 for the turn: 100, of which 50 are read from a cache and 25 written to one."""


def test_anthropics_usage_is_in_its_words(counting: Libraries) -> None:
    """Input is the sum of three; thinking is part of the output."""
    usage = CALLS["anthropic"](counting, "m", ASKED).usage
    assert (usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens) == (25, 25, 50)
    assert (usage.output_tokens, usage.output_tokens_details.thinking_tokens) == (17, 7)


def test_openai_chats_usage_is_in_its_words(counting: Libraries) -> None:
    """Prompt and completion are whole; cached and reasoning are parts of them."""
    usage = CALLS["openai chat"](counting, "m", ASKED).usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (100, 17, 117)
    assert (usage.prompt_tokens_details.cached_tokens, usage.prompt_tokens_details.cache_write_tokens) == (50, 25)
    assert usage.completion_tokens_details.reasoning_tokens == 7


def test_openai_responses_usage_is_in_its_words(counting: Libraries) -> None:
    """Input and output are whole; cached and reasoning are parts of them."""
    usage = CALLS["openai responses"](counting, "m", ASKED).usage
    assert (
        usage.input_tokens,
        usage.input_tokens_details.cached_tokens,
        usage.output_tokens,
        usage.output_tokens_details.reasoning_tokens,
    ) == (100, 50, 17, 7)


def test_a_schema_is_input_too() -> None:
    """Asking for a JSON value takes more tokens than asking for a text."""
    with talking(echo()) as (server, to):
        _structured(to, "google", SCHEMA)
        structured = server.counters.usage.input
        to.google.models.generate_content(model="m", contents="Decide.")
        assert server.counters.usage.input - structured < structured


def test_openai_decisions_usage_is_in_its_words(counting: Libraries) -> None:
    """A question costs its instructions and options; an answer its probabilities."""
    usage = CALLS["openai decisions"](counting, "m", ASKED).usage
    assert (usage.input_tokens, usage.output_tokens, usage.output_tokens_details.reasoning_tokens) == (105, 10, 7)


def test_googles_usage_is_in_its_words(counting: Libraries) -> None:
    """Thoughts stand beside the candidates, not in them; what is 0 is absent."""
    usage = CALLS["google"](counting, "m", ASKED).usage_metadata
    assert (
        usage.prompt_token_count,
        usage.candidates_token_count,
        usage.thoughts_token_count,
        usage.cached_content_token_count,
        usage.total_token_count,
    ) == (100, 10, 7, 50, 117)
    assert usage.tool_use_prompt_token_count is None


def test_googles_zeros_are_absent(to: Libraries) -> None:
    """Nothing cached and nothing thought: None, not 0."""
    usage = CALLS["google"](to, "m", "hi").usage_metadata
    assert (usage.cached_content_token_count, usage.thoughts_token_count) == (None, None)


def test_google_decisions_usage_is_in_its_words(counting: Libraries) -> None:
    """The newer endpoints count in totals."""
    usage = CALLS["google decisions"](counting, "m", ASKED).usage
    assert (
        usage.total_input_tokens,
        usage.total_cached_tokens,
        usage.total_output_tokens,
        usage.total_thought_tokens,
    ) == (105, 52, 3, 7)


def test_reasoning_stands_apart_from_the_text(counting: Libraries) -> None:
    """A thinking block, a reasoning item and a thought part come before the text, and are not in it."""
    message = CALLS["anthropic"](counting, "m", "hi")
    response = CALLS["openai responses"](counting, "m", "hi")
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    content = counting.google.models.generate_content(model="m", contents="hi", config=config)
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert [part.thought for part in content.candidates[0].content.parts] == [True, None]
    assert [text_of(message), response.output_text, content.text] == ["x" * 40] * 3


def test_request_ids_and_rate_limits_are_in_the_headers(to: Libraries) -> None:
    """Each protocol names them its own way; every request has an id of its own."""
    message = to.anthropic.messages.with_raw_response.create(
        model="m", max_tokens=9, messages=[{"role": "user", "content": "hi"}]
    )
    chats = [
        to.openai.chat.completions.with_raw_response.create(model="m", messages=[{"role": "user", "content": "hi"}])
        for _ in range(2)
    ]
    assert message.headers["request-id"] == message.parse()._request_id
    assert message.headers["anthropic-ratelimit-requests-limit"] == "4000"
    assert chats[0].headers["x-ratelimit-remaining-requests"] == "4999"
    assert len({chat.headers["x-request-id"] for chat in chats}) == 2


def test_each_library_lists_the_models() -> None:
    """For a doctor that asks which servers answer."""
    with talking(models=["one", "two"]) as (_, to):
        listed = [
            [model.id for model in to.anthropic.models.list()],
            [model.id for model in to.openai.models.list()],
            [str(model.name).removeprefix("models/") for model in to.google.models.list()],
        ]
    assert listed == [["one", "two"]] * 3


@pytest.mark.parametrize(
    ("kind", "error"), [("anthropic", anthropic.NotFoundError), ("openai chat", openai.NotFoundError)]
)
def test_a_model_that_is_not_there_is_not_found(kind: str, error: type[Exception]) -> None:
    """A retired model's name gets a 404."""
    with talking(models=["one"]) as (_, to), pytest.raises(error):
        CALLS[kind](to, "retired", "hi")


def test_anthropic_refuses_sampling_parameters(to: Libraries) -> None:
    """Its present API version answers temperature with a 400, however it gets into the body."""
    with pytest.raises(anthropic.BadRequestError, match="temperature"):
        to.anthropic.messages.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": "hi"}], extra_body={"temperature": 0.5}
        )


def test_a_server_can_be_told_what_to_refuse() -> None:
    """A reasoning model of openai's takes no temperature; an older anthropic server does."""
    with talking(echo(), refuses={"openai": ["temperature"], "google": ["topP"]}) as (_, to):
        with pytest.raises(openai.BadRequestError, match="temperature"):
            to.openai.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}], temperature=0.5)
        with pytest.raises(google_errors.ClientError, match="topP"):
            to.google.models.generate_content(model="m", contents="hi", config={"top_p": 0.5})
        answer = to.anthropic.messages.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": "hi"}], extra_body={"temperature": 0.5}
        )
        assert text_of(answer) == "hi"


def _structured(to: Libraries, kind: str, schema: dict[str, Any]) -> Any:
    """The JSON value that a library gets when it asks for one of this schema."""
    user: Any = [{"role": "user", "content": "Decide."}]
    if kind == "anthropic":
        wanted: Any = {"format": {"type": "json_schema", "schema": schema}}
        return json.loads(
            text_of(to.anthropic.messages.create(model="m", max_tokens=500, messages=user, output_config=wanted))
        )
    named: Any = {"name": "verdict", "schema": schema, "strict": True}
    if kind == "openai chat":
        wanted = {"type": "json_schema", "json_schema": named}
        return json.loads(text_of(to.openai.chat.completions.create(model="m", messages=user, response_format=wanted)))
    if kind == "openai responses":
        text: Any = {"format": {"type": "json_schema", **named}}
        return json.loads(to.openai.responses.create(model="m", input=user, text=text).output_text)
    config = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=schema)
    return json.loads(to.google.models.generate_content(model="m", contents="Decide.", config=config).text or "")


@pytest.mark.parametrize("kind", TEXTS)
def test_structured_output_is_valid_under_its_schema(to: Libraries, kind: str) -> None:
    """Each protocol's way to ask for a JSON value is understood."""
    given = _structured(to, kind, SCHEMA)
    jsonschema.validate(given, SCHEMA)
    assert given["why"] == "Decide."


@pytest.mark.parametrize("kind", ["anthropic", "openai chat", "openai responses"])
def test_an_open_schema_is_refused(to: Libraries, kind: str) -> None:
    """Whoever promises to keep to a schema asks that its objects be closed."""
    open_schema = {**SCHEMA, "additionalProperties": True}
    with pytest.raises((anthropic.BadRequestError, openai.BadRequestError), match="additionalProperties"):
        _structured(to, kind, open_schema)


@pytest.mark.parametrize("kind", ["openai chat", "openai responses"])
def test_openai_wants_every_property_required(to: Libraries, kind: str) -> None:
    """A strict schema with an optional property is refused."""
    with pytest.raises(openai.BadRequestError, match="'required' must list why"):
        _structured(to, kind, {**SCHEMA, "required": ["winner"]})


def test_anthropic_takes_no_limits(to: Libraries) -> None:
    """`minimum` and the like are not supported in its schemas; the others take them."""
    schema = {**SCHEMA, "properties": {"winner": {"type": "integer", "minimum": 3}, "why": {"type": "string"}}}
    with pytest.raises(anthropic.BadRequestError, match="minimum"):
        _structured(to, "anthropic", schema)
    assert _structured(to, "openai chat", schema)["winner"] >= 3


JUDGED = "\n\n".join(
    [
        "--- 0123456789abcdef begin response A\none two three four\n--- 0123456789abcdef end response A",
        "--- 0123456789abcdef begin response B\none one one one one\n--- 0123456789abcdef end response B",
    ]
)


@pytest.fixture(scope="module")
def judging() -> Any:
    """The libraries, pointed at an honest judge."""
    with talking(honest()) as (_, to):
        yield to


def test_openai_decisions_answer_every_kind_of_question(judging: Libraries) -> None:
    """Answers in question order: a choice's probabilities sum to 1; a score is the mean of its levels, from 0."""
    levels = [{"label": str(i)} for i in range(1, 6)]
    decision = judging.openai.decisions.create(
        model="m",
        input=JUDGED,
        questions=[
            {
                "type": "choice",
                "name": "winner",
                "instructions": "Which?",
                "choices": [{"value": "A"}, {"value": "B"}, {"value": "tie"}],
            },
            {"type": "score", "name": "depth_a", "instructions": "How deep?", "levels": levels},
            {"type": "score", "name": "depth_b", "instructions": "How deep?", "levels": levels},
            {"type": "choice", "instructions": "Sure?", "choices": [{"value": True}, {"value": False}]},
        ],
    )
    winner, of_a, of_b, sure = decision.answers
    assert (winner.type, winner.name, winner.choice) == ("choice", "winner", "A")
    assert [each.value for each in winner.probabilities] == ["A", "B", "tie"]
    assert pytest.approx(1.0) == sum(each.probability for each in winner.probabilities)
    assert pytest.approx(sum(each.value * each.probability for each in of_a.probabilities)) == of_a.score
    assert [each.value for each in of_a.probabilities] == [0, 1, 2, 3, 4]
    assert of_a.score > of_b.score
    assert sure.choice in (True, False)


def test_google_decisions_answer_every_kind_of_question(judging: Libraries) -> None:
    """Answers by name: a choice's probabilities by option, a score's by level, from 0, with a legend."""
    levels = ["poor", "weak", "fair", "good", "excellent"]
    decision = judging.google.decisions.create(
        model="m",
        input=JUDGED,
        questions={
            "winner": {"type": "choice", "instructions": "Which?", "criteria": {"A": "", "B": "", "tie": ""}},
            "depth_a": {"type": "score", "instructions": "How deep?", "criteria": levels},
        },
    )
    answers = decision.answers
    assert list(answers) == ["winner", "depth_a"]
    assert ("A", {"A", "B", "tie"}) == (answers["winner"].choice, set(answers["winner"].probabilities))
    assert pytest.approx(1.0) == sum(answers["winner"].probabilities.values())
    assert ({"0", "1", "2", "3", "4"}, "poor") == (
        set(answers["depth_a"].probabilities),
        answers["depth_a"].legend["0"],
    )


def test_one_refused_question_is_one_answer_less() -> None:
    """openai refuses it alone; google, which cannot, gives no answer at all."""
    policy = lambda asked: Answer(probabilities=({"A": 0.9, "B": 0.1}, None))  # noqa: E731
    choices = [{"value": "A"}, {"value": "B"}]
    with talking(policy) as (_, to):
        decision = to.openai.decisions.create(
            model="m",
            input="hi",
            questions=[{"type": "choice", "instructions": "Which?", "choices": choices} for _ in range(2)],
        )
        newer = to.google.decisions.create(
            model="m",
            input="hi",
            questions={
                name: {"type": "choice", "instructions": "Which?", "criteria": {"A": "", "B": ""}}
                for name in ("x", "y")
            },
        )
    assert [answer.type for answer in decision.answers] == ["choice", "refusal"]
    assert (newer.answers, newer.prompt_feedback.block_reason) == (None, "prohibited_content")


@pytest.mark.parametrize(
    ("path", "headers", "body", "words"),
    [
        ("/v1/messages", {"anthropic-version": "1"}, {"model": "m", "messages": []}, "max_tokens: Field required"),
        ("/v1/messages", {}, {"model": "m", "max_tokens": 9, "messages": []}, "at least one message"),
        ("/v1/chat/completions", {}, {"model": "m"}, "Missing required parameter: 'messages'"),
        ("/v1/chat/completions", {}, {"messages": [{"role": "user", "content": "hi"}]}, "'model'"),
        ("/v1/chat/completions", {}, {"model": "m", "messages": [{"role": "judge", "content": "hi"}]}, "judge"),
        ("/v1/responses", {}, {"model": "m", "input": "hi", "max_output_tokens": 0}, "max_output_tokens"),
        ("/v1/decisions", {}, {"model": "m", "input": "hi", "questions": []}, "1 to 400"),
        ("/v1beta/models/m:generateContent", {}, {"contents": []}, "contents is not specified"),
    ],
)
def test_a_request_that_is_not_valid_is_refused(
    server: FakeProvider, path: str, headers: dict[str, str], body: Any, words: str
) -> None:
    """400, in the protocol's words, as the real service would."""
    answer = httpx2.post(server.url + path, json=body, headers={"authorization": "Bearer k", **headers})
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/v1/messages/nowhere", {"type": "not_found_error"}),
        ("/v1/nowhere", {"code": "not_found"}),
        ("/v1beta/nowhere", {"code": 404, "status": "NOT_FOUND"}),
    ],
)
def test_an_unknown_path_is_not_found(server: FakeProvider, path: str, error: dict[str, Any]) -> None:
    """404, in the words of the protocol that it looks most like."""
    answer = httpx2.get(server.url + path, headers={"authorization": "Bearer k"})
    assert answer.status_code == 404
    assert error == {name: answer.json()["error"][name] for name in error}
