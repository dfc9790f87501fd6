"""Batches: submitted, polled, found again and collected by each library."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from brie_bench.testing import BatchScript, Ending, Endpoint, Fate, at, echo, half_body, lost, rate_limited
from testing.libraries import Libraries, anthropic, google_errors, openai, talking, types

TEXTS = {"p-1": "first text", "p-2": "second text", "p-3": "third text"}


@dataclass(frozen=True)
class Service:
    """What one library does with a batch: each row is a key and a text, or the reason why it has none."""

    submit: Callable[[Libraries, Mapping[str, str]], str]
    state: Callable[[Libraries, str], str]
    collect: Callable[[Libraries, str], list[tuple[str, str]]]
    cancel: Callable[[Libraries, str], object]
    found: Callable[[Libraries], list[str]]
    working: str
    done: str


def _submit_anthropic(to: Libraries, texts: Mapping[str, str]) -> str:
    requests: list[Any] = [
        {
            "custom_id": key,
            "params": {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": text}]},
        }
        for key, text in texts.items()
    ]
    return to.anthropic.messages.batches.create(requests=requests).id


def _collect_anthropic(to: Libraries, name: str) -> list[tuple[str, str]]:
    rows = []
    for each in to.anthropic.messages.batches.results(name):
        if each.result.type == "succeeded":
            message = each.result.message
            text = "".join(block.text for block in message.content if block.type == "text")
            said = text if message.stop_reason == "end_turn" else f"<{message.stop_reason}>"
        elif each.result.type == "errored":
            said = f"<{each.result.error.error.type}>"
        else:
            said = f"<{each.result.type}>"
        rows.append((each.custom_id, said))
    return rows


def _submit_openai(to: Libraries, texts: Mapping[str, str], endpoint: Any = "/v1/chat/completions") -> str:
    lines = [
        {
            "custom_id": key,
            "method": "POST",
            "url": endpoint,
            "body": {"model": "m", "messages": [{"role": "user", "content": text}]},
        }
        for key, text in texts.items()
    ]
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()
    file = to.openai.files.create(file=("mark.jsonl", content), purpose="batch")
    batch = to.openai.batches.create(
        input_file_id=file.id, endpoint=endpoint, completion_window="24h", metadata={"mark": "the-mark"}
    )
    return batch.id


def _collect_openai(to: Libraries, name: str) -> list[tuple[str, str]]:
    batch = to.openai.batches.retrieve(name)
    rows = []
    for file in (batch.output_file_id, batch.error_file_id):
        for line in to.openai.files.content(file).text.splitlines() if file else ():
            row = json.loads(line)
            body = (row["response"] or {}).get("body") or {}
            if row["error"]:
                said = f"<{row['error']['code']}>"
            elif "error" in body:
                said = f"<{body['error']['type']}>"
            else:
                choice = body["choices"][0]
                said = (
                    choice["message"]["content"]
                    if choice["finish_reason"] == "stop"
                    else f"<{choice['finish_reason']}>"
                )
            rows.append((row["custom_id"], said))
    return rows


def _submit_google(to: Libraries, texts: Mapping[str, str]) -> str:
    requests = [types.InlinedRequest(contents=text, metadata={"key": key}) for key, text in texts.items()]
    return str(to.google.batches.create(model="m", src=requests, config={"display_name": "the-mark"}).name)


def _collect_google(to: Libraries, name: str) -> list[tuple[str, str]]:
    rows = []
    job = to.google.batches.get(name=name)
    for each in job.dest.inlined_responses if job.dest and job.dest.inlined_responses else ():
        key = (each.metadata or {})["key"]
        if each.error:
            rows.append((key, f"<{each.error.code}>"))
            continue
        reason = each.response.candidates[0].finish_reason
        rows.append((key, each.response.text if reason is types.FinishReason.STOP else f"<{reason.value}>"))
    return rows


SERVICES = {
    "anthropic": Service(
        _submit_anthropic,
        lambda to, name: to.anthropic.messages.batches.retrieve(name).processing_status,
        _collect_anthropic,
        lambda to, name: to.anthropic.messages.batches.cancel(name),
        lambda to: [batch.id for batch in to.anthropic.messages.batches.list()],
        "in_progress",
        "ended",
    ),
    "openai": Service(
        _submit_openai,
        lambda to, name: to.openai.batches.retrieve(name).status,
        _collect_openai,
        lambda to, name: to.openai.batches.cancel(name),
        lambda to: [batch.id for batch in to.openai.batches.list() if (batch.metadata or {})["mark"] == "the-mark"],
        "in_progress",
        "completed",
    ),
    "google": Service(
        _submit_google,
        lambda to, name: str(to.google.batches.get(name=name).state.value),
        _collect_google,
        lambda to, name: to.google.batches.cancel(name=name),
        lambda to: [str(job.name) for job in to.google.batches.list() if job.display_name == "the-mark"],
        "JOB_STATE_RUNNING",
        "JOB_STATE_SUCCEEDED",
    ),
}

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


@each_service
def test_a_batch_makes_the_round(service: Service) -> None:
    """Submitted, found unfinished, found finished, collected by key: every row once, each with its own text."""
    with talking(echo(), batches=BatchScript(polls=2)) as (server, to):
        name = service.submit(to, TEXTS)
        assert [service.state(to, name) for _ in range(3)] == [service.working] * 2 + [service.done]
        rows = service.collect(to, name)
        assert (len(rows), dict(rows)) == (3, TEXTS)
        assert (server.counters.batch_rows, server.counters.billed) == (3, 0)
        assert server.counters.usage.output == sum(-(-len(text) // 4) for text in TEXTS.values())


@each_service
def test_a_finished_batch_is_billed_once(service: Service) -> None:
    """However often it is collected."""
    with talking(echo(), batches=BatchScript(polls=0)) as (server, to):
        name = service.submit(to, TEXTS)
        service.state(to, name)
        assert sorted(service.collect(to, name)) == sorted(service.collect(to, name))
        assert server.counters.batch_rows == 3


@pytest.mark.parametrize(("order", "expected"), [("given", ["p-1", "p-2", "p-3"]), ("reversed", ["p-3", "p-2", "p-1"])])
def test_rows_come_back_in_the_order_of_the_script(order: Any, expected: list[str]) -> None:
    """anthropic's and openai's in any; google's as they were given."""
    with talking(echo(), batches=BatchScript(polls=0, order=order)) as (_, to):
        keys = {name: [key for key, _ in _whole(service, to)] for name, service in SERVICES.items()}
    assert keys == {"anthropic": expected, "openai": expected, "google": ["p-1", "p-2", "p-3"]}


def _whole(service: Service, to: Libraries) -> list[tuple[str, str]]:
    name = service.submit(to, TEXTS)
    service.state(to, name)
    return service.collect(to, name)


def test_a_shuffled_order_is_the_same_in_every_run() -> None:
    """Twenty rows, shuffled, all there, and shuffled alike by a second server."""
    texts = {f"k-{i}": f"text {i}" for i in range(20)}
    orders = []
    for _ in range(2):
        with talking(echo(), batches=BatchScript(polls=0, order="shuffled")) as (_, to):
            name = _submit_anthropic(to, texts)
            orders.append([key for key, _ in _collect_anthropic(to, name)])
    assert orders[0] == orders[1]
    assert orders[0] != sorted(orders[0], key=list(texts).index)
    assert set(orders[0]) == set(texts)


FATES: dict[str, dict[Fate | Ending, str]] = {
    "anthropic": {
        Fate.ERRORED: "<api_error>",
        Fate.EXPIRED: "<expired>",
        Fate.CANCELLED: "<canceled>",
        Ending.LENGTH: "<max_tokens>",
        Ending.REFUSAL: "<refusal>",
    },
    "openai": {
        Fate.ERRORED: "<server_error>",
        Fate.EXPIRED: "<batch_expired>",
        Fate.CANCELLED: "<batch_cancelled>",
        Ending.LENGTH: "<length>",
        Ending.BLOCK: "<content_filter>",
    },
    "google": {
        Fate.ERRORED: "<13>",
        Fate.EXPIRED: "<4>",
        Fate.CANCELLED: "<1>",
        Ending.LENGTH: "<MAX_TOKENS>",
        Ending.REFUSAL: "<SAFETY>",
    },
}


@pytest.mark.parametrize(("name", "fate"), [(name, fate) for name, fates in FATES.items() for fate in fates])
def test_a_row_meets_its_fate(name: str, fate: Fate | Ending) -> None:
    """By key or by position; the other rows succeed, and only they are billed."""
    with talking(echo(), batches=BatchScript(polls=0, rows={"p-2": fate})) as (server, to):
        rows = dict(_whole(SERVICES[name], to))
        assert rows == {**TEXTS, "p-2": FATES[name][fate]}
        assert server.counters.batch_rows == (2 if isinstance(fate, Fate) else 3)


def test_openais_batch_has_expired_where_a_row_has() -> None:
    """Its state says so, though the other rows are there."""
    with talking(echo(), batches=BatchScript(polls=0, rows={1: Fate.EXPIRED})) as (_, to):
        batch = to.openai.batches.retrieve(_submit_openai(to, TEXTS))
        assert (batch.status, batch.request_counts.completed, batch.request_counts.failed) == ("expired", 2, 1)


@each_service
def test_a_row_that_failed_succeeds_when_it_is_submitted_again(service: Service) -> None:
    """A mapping's fates are for the first time that a key is seen."""
    with talking(echo(), batches=BatchScript(polls=0, rows={0: Fate.ERRORED})) as (_, to):
        assert dict(_whole(service, to))["p-1"].startswith("<")
        assert dict(_whole(service, to)) == TEXTS


@each_service
def test_a_function_decides_about_rows(service: Service) -> None:
    """It sees the key, the position, the attempt and the request."""
    seen = []

    def fate(row: Any) -> Fate | None:
        seen.append((row.position, row.key, row.attempt))
        return None

    with talking(echo(), batches=BatchScript(polls=0, rows=fate)) as (_, to):
        _whole(service, to)
    assert seen == [(0, "p-1", 1), (1, "p-2", 1), (2, "p-3", 1)]


ENDS = {
    Fate.EXPIRED: ("ended", "expired", types.JobState.JOB_STATE_EXPIRED.value),
    Fate.ERRORED: ("ended", "failed", types.JobState.JOB_STATE_FAILED.value),
    Fate.CANCELLED: ("ended", "cancelled", types.JobState.JOB_STATE_CANCELLED.value),
}


@pytest.mark.parametrize("fate", ENDS)
def test_a_whole_batch_ends_otherwise(fate: Fate) -> None:
    """Its state says so, no row has an answer, nothing is billed."""
    with talking(echo(), batches=BatchScript(polls=0, ends=fate)) as (server, to):
        for (_, service), expected in zip(SERVICES.items(), ENDS[fate], strict=True):
            name = service.submit(to, TEXTS)
            assert service.state(to, name) == expected
            assert all(said.startswith("<") for _, said in service.collect(to, name))
        assert server.counters.batch_rows == 0


@each_service
def test_a_cancelled_batch_keeps_what_was_finished(service: Service) -> None:
    """Cancelled after one row: that row has its answer, where the service hands out any."""
    with talking(echo(), batches=BatchScript(polls=9, finished_before_cancel=1)) as (server, to):
        name = service.submit(to, TEXTS)
        service.cancel(to, name)
        service.state(to, name)
        rows = dict(service.collect(to, name))
        answered = {key: said for key, said in rows.items() if not said.startswith("<")}
        assert answered == ({} if service is SERVICES["google"] else {"p-1": "first text"})
        assert server.counters.batch_rows == 1


def test_a_batch_being_cancelled_says_so() -> None:
    """Between the wish and the deed there is a state of its own."""
    with talking(echo(), batches=BatchScript(polls=9)) as (_, to):
        assert to.anthropic.messages.batches.cancel(_submit_anthropic(to, TEXTS)).processing_status == "canceling"
        assert to.openai.batches.cancel(_submit_openai(to, TEXTS)).status == "cancelling"


@each_service
def test_a_batch_finishes_by_the_clock(service: Service) -> None:
    """Not by how often somebody looks, when the script says how long it takes."""
    with talking(echo(), batches=BatchScript(seconds=3600)) as (server, to):
        name = service.submit(to, TEXTS)
        for _ in range(4):
            service.state(to, name)
        assert service.state(to, name) == service.working
        server.clock.advance(3601)
        assert service.state(to, name) == service.done


@each_service
def test_what_is_unfinished_after_a_day_has_expired(service: Service) -> None:
    """Nobody waits longer than the window."""
    with talking(echo(), batches=BatchScript(polls=1000)) as (server, to):
        name = service.submit(to, TEXTS)
        server.clock.advance(25 * 3600)
        service.state(to, name)
        assert all(said.startswith("<") for _, said in service.collect(to, name))
        assert server.batches[0].fate is Fate.EXPIRED


@each_service
def test_a_lost_submission_is_found_again(service: Service) -> None:
    """The connection drops after the batch was made: the client sees a failure, the list shows the batch."""
    rule = at(lost(), 1).only(endpoints={Endpoint.BATCH_CREATE})
    with talking(echo(), rule, batches=BatchScript(polls=0)) as (server, to):
        with pytest.raises(Exception, match=r"[Cc]onnection|disconnected"):
            service.submit(to, TEXTS)
        (name,) = service.found(to)
        service.state(to, name)
        assert dict(service.collect(to, name)) == TEXTS
        assert len(server.batches) == 1


@each_service
def test_batches_are_listed_page_by_page(service: Service) -> None:
    """The newest first; the library asks for the next page itself."""
    with talking(echo()) as (_, to):
        names = [service.submit(to, {"k": f"text {i}"}) for i in range(25)]
        assert service.found(to) == names[::-1]


@each_service
def test_there_is_nothing_to_collect_before_the_end(service: Service) -> None:
    """An unfinished batch has no results."""
    with talking(echo(), batches=BatchScript(polls=9)) as (_, to):
        name = service.submit(to, TEXTS)
        if service is SERVICES["anthropic"]:
            with pytest.raises(anthropic.AnthropicError, match="Has it finished"):
                service.collect(to, name)
        else:
            assert service.collect(to, name) == []


def test_an_unknown_batch_is_not_found() -> None:
    """Nor is another provider's."""
    with talking(echo()) as (_, to):
        with pytest.raises(anthropic.NotFoundError):
            to.anthropic.messages.batches.retrieve("msgbatch_none")
        with pytest.raises(openai.NotFoundError):
            to.openai.batches.retrieve(_submit_anthropic(to, TEXTS))
        with pytest.raises(google_errors.ClientError, match="404"):
            to.google.batches.get(name="batches/none")


def test_anthropic_refuses_keys_that_are_not_unique_or_not_plain() -> None:
    """400, at submission."""
    with talking(echo()) as (server, to):
        params: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
        for keys in (["k", "k"], ["a b"], ["k" * 65]):
            with pytest.raises(anthropic.BadRequestError, match="custom_id"):
                to.anthropic.messages.batches.create(requests=[{"custom_id": key, "params": params} for key in keys])
        assert server.batches == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("no json", "invalid_json_line"),
        ('{"custom_id": "k", "url": "/v1/responses", "body": {"model": "m"}}', "mismatched_endpoint"),
        ('{"custom_id": "p-1", "url": "/v1/chat/completions", "body": {"model": "m"}}', "duplicate_custom_id"),
    ],
)
def test_openai_fails_a_batch_whose_file_is_not_as_it_should_be(line: str, code: str) -> None:
    """The batch is made, and has failed, with the line."""
    good = '{"custom_id": "p-1", "url": "/v1/chat/completions", "body": {"model": "m"}}'
    with talking(echo()) as (_, to):
        file = to.openai.files.create(file=("f.jsonl", f"{good}\n{line}\n".encode()), purpose="batch")
        batch = to.openai.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        assert (batch.status, [(each.code, each.line) for each in batch.errors.data]) == ("failed", [(code, 2)])
        assert to.openai.batches.retrieve(batch.id).status == "failed"


def test_a_row_that_is_not_valid_errs_alone() -> None:
    """What a call would answer with a 400 is that row's error."""
    with talking(echo(), batches=BatchScript(polls=0)) as (_, to):
        requests: Any = [
            {"custom_id": "bad", "params": {"model": "m", "max_tokens": 9, "messages": []}},
            {
                "custom_id": "hot",
                "params": {
                    "model": "m",
                    "max_tokens": 9,
                    "temperature": 0.5,
                    "messages": [{"role": "user", "content": "hi"}],
                },
            },
        ]
        name = to.anthropic.messages.batches.create(requests=requests).id
        assert dict(_collect_anthropic(to, name)) == {
            "bad": "<invalid_request_error>",
            "hot": "<invalid_request_error>",
        }


def test_openai_batches_take_responses_too() -> None:
    """The endpoint is that of the batch."""
    with talking(echo(), batches=BatchScript(polls=0)) as (_, to):
        line = {"custom_id": "k", "method": "POST", "url": "/v1/responses", "body": {"model": "m", "input": "hi"}}
        file = to.openai.files.create(file=("f.jsonl", json.dumps(line).encode()), purpose="batch")
        batch = to.openai.batches.create(input_file_id=file.id, endpoint="/v1/responses", completion_window="24h")
        done = to.openai.batches.retrieve(batch.id)
        row = json.loads(to.openai.files.content(str(done.output_file_id)).text)
        assert row["response"]["body"]["output"][0]["content"][0]["text"] == "hi"


def test_a_file_is_kept_byte_by_byte_and_can_be_removed() -> None:
    """Whatever bytes, line ends and boundaries it holds."""
    content = bytes(range(256)) + b"\r\n--not-a-boundary\r\n\n\r\n"
    with talking(echo()) as (_, to):
        file = to.openai.files.create(file=("f.bin", content), purpose="batch")
        assert (to.openai.files.content(file.id).read(), file.bytes) == (content, len(content))
        assert [each.id for each in to.openai.files.list()] == [to.openai.files.retrieve(file.id).id]
        assert to.openai.files.delete(file.id).deleted
        with pytest.raises(openai.NotFoundError):
            to.openai.files.content(file.id)


def test_faults_happen_to_batches_where_a_rule_says_so() -> None:
    """A poll is rate limited, results are cut in half; calls are spared."""
    faults = [
        at(rate_limited(1), 1).only(endpoints={Endpoint.BATCH_POLL}),
        at(half_body(), 1).only(endpoints={Endpoint.BATCH_RESULTS}),
    ]
    with talking(echo(), faults, batches=BatchScript(polls=0)) as (_, to):
        name = _submit_anthropic(to, TEXTS)
        with pytest.raises(anthropic.RateLimitError):
            to.anthropic.messages.batches.retrieve(name)
        with pytest.raises(ValueError, match="Unterminated"):
            _collect_anthropic(to, name)
        assert dict(_collect_anthropic(to, name)) == TEXTS


def test_a_batch_uses_the_model_of_its_row_or_else_its_own() -> None:
    """google's rows may name a model; without one the batch's counts."""
    with talking(echo(), batches=BatchScript(polls=0)) as (_, to):
        requests = [types.InlinedRequest(contents="hi"), types.InlinedRequest(contents="hi", model="other")]
        name = str(to.google.batches.create(model="m", src=requests).name)
        rows = to.google.batches.get(name=name).dest.inlined_responses
        assert [row.response.model_version for row in rows] == ["m", "other"]
