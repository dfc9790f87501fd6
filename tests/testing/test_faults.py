"""Faults: what each one is to each library. The table is what a plugin that uses the library has to know."""

from __future__ import annotations

import builtins
import datetime
import email.utils
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from brie_bench.testing import (
    FAULTS,
    FakeProvider,
    RateLimit,
    always,
    at,
    dropped,
    hang,
    held,
    prose,
    rate_limited,
    slow,
    status,
    trickling,
)
from testing.libraries import (
    CALLS,
    Libraries,
    anthropic,
    google_errors,
    google_newer_errors,
    httpx2,
    openai,
    pointed_at,
    talking,
    text_of,
    types,
)

NOTHING = "nothing"
CONNECTION = ("APIConnectionError", "APIConnectionError", "RemoteProtocolError", "APIConnectionError")
SERVER = ("InternalServerError", "InternalServerError", "ServerError", "InternalServerError")
NO_JSON = ("JSONDecodeError", "JSONDecodeError", "JSONDecodeError", "APIResponseValidationError")
LIMITED = ("RateLimitError", "RateLimitError", "ClientError", "RateLimitError")
RETURNED = (NOTHING,) * 4

RAISES = {
    # fault: anthropic, openai (chat, responses and decisions), google, google's decisions
    "rate limited": LIMITED,
    "rate limited, in seconds": LIMITED,
    "rate limited, until a date": LIMITED,
    "rate limited, in the body": LIMITED,
    "500": SERVER,
    "503": ("ServiceUnavailableError", *SERVER[1:]),
    "529": ("OverloadedError", *SERVER[1:]),
    "HTML 502": SERVER,
    "headers repeated": SERVER,
    "HTML 200": (NOTHING, NOTHING, "JSONDecodeError", "APIError"),
    "hang": ("APITimeoutError", "APITimeoutError", "ReadTimeout", "APITimeoutError"),
    "dropped before": CONNECTION,
    "dropped before, reset": (*CONNECTION[:2], "ReadError", "APIConnectionError"),
    "dropped in the middle": CONNECTION,
    "lost": CONNECTION,
    "half a body": NO_JSON,
    "bad JSON": NO_JSON,
    "{}": RETURNED,
    "invalid UTF-8": ("UnicodeDecodeError", "UnicodeDecodeError", NOTHING, NOTHING),
    "lone surrogate": RETURNED,
    "huge": RETURNED,
    "cut off": RETURNED,
    "refusal": RETURNED,
    "block": RETURNED,
    "400": ("BadRequestError", "BadRequestError", "ClientError", "BadRequestError"),
    "401": ("AuthenticationError", "AuthenticationError", "ClientError", "AuthenticationError"),
    "403": ("PermissionDeniedError", "PermissionDeniedError", "ClientError", "PermissionDeniedError"),
    "404": ("NotFoundError", "NotFoundError", "ClientError", "NotFoundError"),
}
"""Fault to the exception that each library raises: its own, or httpx2's, json's and Python's as they are."""

COLUMNS = {"anthropic": 0, "openai chat": 1, "openai responses": 1, "openai decisions": 1, "google": 2}
COLUMNS["google decisions"] = 3
LIBRARIES = (anthropic, openai, google_errors, google_newer_errors)


def expected_of(fault: str, kind: str) -> type[Exception] | None:
    """The class in the table; None where the library returns something."""
    name = RAISES[fault][COLUMNS[kind]]
    if name == NOTHING:
        return None
    places = (LIBRARIES[COLUMNS[kind]], httpx2, json, builtins)
    found: type[Exception] = next(getattr(place, name) for place in places if hasattr(place, name))
    return found


STATUSES = {
    "rate limited": 429, "500": 500, "503": 503, "529": 529, "HTML 502": 502, "400": 400, "401": 401, "403": 403, "404": 404
}  # fmt: skip


def _model_of(fault: str) -> str:
    return fault.replace(" ", "-").replace("{}", "empty")


@pytest.fixture(scope="module")
def faulty() -> Iterator[tuple[FakeProvider, Libraries]]:
    """A server whose model `500` answers 500, and so on for every fault."""
    faults = [always(make()).only(model=_model_of(name)) for name, make in FAULTS.items()]
    with talking(prose(), faults) as both:
        yield both


def test_the_table_knows_every_fault() -> None:
    """None is left out."""
    assert set(RAISES) == set(FAULTS)


@pytest.mark.parametrize("kind", CALLS)
@pytest.mark.parametrize("fault", [fault for fault in RAISES if fault != "hang"])
def test_a_fault_is_this_exception(faulty: tuple[FakeProvider, Libraries], fault: str, kind: str) -> None:
    """Each fault raises what each library documents for it, or nothing."""
    raised = None
    try:
        CALLS[kind](faulty[1], _model_of(fault), "hi")
    except Exception as error:
        raised = type(error)
    assert raised is expected_of(fault, kind)


@pytest.mark.parametrize("kind", CALLS)
def test_a_hanging_server_is_a_time_out(kind: str) -> None:
    """Nothing comes: every library says so, each with its own class, and the server learns that the client left."""
    with talking(prose(), hang(), timeout=0.2) as (server, to):
        with pytest.raises(expected_of("hang", kind) or ()):
            CALLS[kind](to, "m", "hi")
        server.wait_until(lambda counters, traffic: counters.abandoned == 1)
        assert server.counters.billed == 0


@pytest.mark.parametrize("kind", ["anthropic", "openai chat", "google"])
def test_a_server_that_is_gone_refuses_the_connection(kind: str) -> None:
    """After closing, nobody listens on the port."""
    with FakeProvider() as server:
        to = pointed_at(server)
    with pytest.raises((anthropic.APIConnectionError, openai.APIConnectionError, httpx2.ConnectError)):
        CALLS[kind](to, "m", "hi")
    to.close()


@pytest.mark.parametrize(("fault", "expected"), STATUSES.items())
def test_the_status_is_on_the_exception(faulty: tuple[FakeProvider, Libraries], fault: str, expected: int) -> None:
    """`status_code`, or `code` where google says so."""
    for kind in CALLS:
        with pytest.raises(Exception) as caught:  # noqa: PT011  the table above says which
            CALLS[kind](faulty[1], _model_of(fault), "hi")
        assert getattr(caught.value, "status_code", getattr(caught.value, "code", None)) == expected


@pytest.mark.parametrize("kind", ["anthropic", "openai chat", "openai responses", "openai decisions"])
def test_an_html_page_with_a_200_comes_back_as_a_string(faulty: tuple[FakeProvider, Libraries], kind: str) -> None:
    """Two libraries hand the page over as if it were an answer: whoever uses them has to look."""
    assert isinstance(CALLS[kind](faulty[1], _model_of("HTML 200"), "hi"), str)


def test_an_empty_object_comes_back_full_of_nothing(faulty: tuple[FakeProvider, Libraries]) -> None:
    """`{}` is an answer to every library: its fields are None."""
    answers = [CALLS[kind](faulty[1], "empty", "hi") for kind in CALLS]
    fields = ["content", "choices", "output", "answers", "candidates", "answers"]
    assert [getattr(answer, name) for answer, name in zip(answers, fields, strict=True)] == [None] * 6


@pytest.mark.parametrize("kind", ["anthropic", "openai chat", "openai responses", "google"])
def test_half_a_surrogate_pair_arrives(faulty: tuple[FakeProvider, Libraries], kind: str) -> None:
    """Valid JSON that is no valid text: the text cannot be encoded."""
    text = text_of(CALLS[kind](faulty[1], _model_of("lone surrogate"), "hi"))
    with pytest.raises(UnicodeEncodeError):
        text.encode()


@pytest.mark.parametrize("kind", ["anthropic", "openai chat", "openai responses", "google"])
def test_ten_megabytes_arrive(faulty: tuple[FakeProvider, Libraries], kind: str) -> None:
    """A huge answer is a whole one."""
    assert len(text_of(CALLS[kind](faulty[1], "huge", "hi"))) > 10_000_000


def test_google_reads_invalid_utf8_as_replacement_characters(faulty: tuple[FakeProvider, Libraries]) -> None:
    """It alone does not notice."""
    assert "\ufffd" in text_of(CALLS["google"](faulty[1], _model_of("invalid UTF-8"), "hi"))


def test_a_cut_off_answer_says_so_in_each_protocols_words(faulty: tuple[FakeProvider, Libraries]) -> None:
    """max_tokens, length, incomplete, MAX_TOKENS."""
    message, chat, response, _, content, _ = (CALLS[kind](faulty[1], "cut-off", "hi") for kind in CALLS)
    assert (message.stop_reason, chat.choices[0].finish_reason) == ("max_tokens", "length")
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert content.candidates[0].finish_reason is types.FinishReason.MAX_TOKENS
    assert all(text_of(answer) for answer in (message, chat, response, content))


def test_a_refusal_says_so_in_each_protocols_words(faulty: tuple[FakeProvider, Libraries]) -> None:
    """A stop reason, a refusal beside the content, an answer of type refusal, SAFETY, no answers."""
    message, chat, response, decision, content, newer = (CALLS[kind](faulty[1], "refusal", "hi") for kind in CALLS)
    assert (message.stop_reason, message.stop_details.type) == ("refusal", "refusal")
    assert (chat.choices[0].message.content, chat.choices[0].finish_reason) == (None, "stop")
    assert "can't help" in chat.choices[0].message.refusal
    assert (response.status, response.output[0].content[0].type) == ("completed", "refusal")
    assert [(answer.type, answer.name) for answer in decision.answers] == [("refusal", "winner")]
    assert content.candidates[0].finish_reason is types.FinishReason.SAFETY
    assert (newer.answers, newer.prompt_feedback.block_reason) == (None, "safety")


def test_a_block_says_so_in_each_protocols_words(faulty: tuple[FakeProvider, Libraries]) -> None:
    """No content, a content filter, an incomplete response, no candidates and a reason."""
    message, chat, response, decision, content, newer = (CALLS[kind](faulty[1], "block", "hi") for kind in CALLS)
    assert (message.stop_reason, message.content) == ("refusal", [])
    assert (chat.choices[0].finish_reason, chat.choices[0].message.content) == ("content_filter", None)
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "content_filter")
    assert [answer.type for answer in decision.answers] == ["refusal"]
    assert content.candidates is None
    assert content.prompt_feedback.block_reason is types.BlockedReason.PROHIBITED_CONTENT
    assert (newer.answers, newer.prompt_feedback.block_reason) == (None, "prohibited_content")


def _raised(kind: str, fault: Any) -> Any:
    with talking(prose(), fault) as (_, to), pytest.raises(Exception) as caught:  # noqa: PT011  any of three
        CALLS[kind](to, "m", "hi")
    return caught.value


@pytest.mark.parametrize("kind", ["anthropic", "openai chat", "google"])
def test_a_wait_in_seconds_is_in_the_header(kind: str) -> None:
    """`retry-after: 2.5`."""
    assert _raised(kind, rate_limited(2.5)).response.headers["retry-after"] == "2.5"


@pytest.mark.parametrize("kind", ["anthropic", "openai chat", "google"])
def test_a_wait_until_a_date_is_in_the_header(kind: str) -> None:
    """An HTTP date about that far in the future."""
    date = email.utils.parsedate_to_datetime(
        _raised(kind, rate_limited(600, form="date")).response.headers["retry-after"]
    )
    assert datetime.timedelta(minutes=9) < date - datetime.datetime.now(datetime.UTC) < datetime.timedelta(minutes=11)


def test_a_wait_in_milliseconds_has_a_header_of_its_own() -> None:
    """`retry-after-ms`, which two libraries look at first."""
    headers = _raised("openai chat", rate_limited(0.25, form="milliseconds")).response.headers
    assert (headers["retry-after-ms"], "retry-after" in headers) == ("250", False)


@pytest.mark.parametrize("form", ["seconds", "details"])
def test_googles_wait_is_in_the_details_too(form: Any) -> None:
    """RetryInfo: with `details` there, and nowhere else."""
    error = _raised("google", rate_limited(7, form=form))
    infos = [each for each in error.details["error"]["details"] if each["@type"].endswith("google.rpc.RetryInfo")]
    assert [each["retryDelay"] for each in infos] == ["7s"]
    assert ("retry-after" in error.response.headers) == (form == "seconds")


@pytest.mark.parametrize("kind", ["anthropic", "openai chat", "google"])
def test_a_429_without_a_wait_says_nothing_of_one(kind: str) -> None:
    """No header, no details."""
    error = _raised(kind, rate_limited())
    assert "retry-after" not in error.response.headers
    assert "RetryInfo" not in error.response.text


def test_any_status_can_be_had() -> None:
    """402, 408, 409, 413 and the like."""
    assert isinstance(_raised("anthropic", status(413)), anthropic.ContentTooLargeError)


@pytest.mark.parametrize("kind", CALLS)
def test_a_slow_answer_is_an_answer(kind: str) -> None:
    """Late, but whole, and billed."""
    with talking(prose(), slow(0.05)) as (server, to):
        CALLS[kind](to, "m", "hi")
        assert (server.counters.billed, server.log[0].fault) == (1, "slow")
        assert server.log[0].seconds >= 0.05


def test_a_slow_answer_comes_too_late_for_an_impatient_client() -> None:
    """The client is gone when the answer is ready: nothing is billed."""
    with talking(prose(), slow(30.0), timeout=0.1) as (server, to):
        with pytest.raises(openai.APITimeoutError):
            CALLS["openai chat"](to, "m", "hi")
        server.wait_until(lambda counters, traffic: counters.abandoned == 1)


def test_a_trickling_answer_outlasts_the_time_out_between_two_bytes() -> None:
    """A time-out of 0.6 s between bytes never fires, though the answer takes 1.2 s."""
    with talking(prose(), trickling(1.2), timeout=0.6) as (server, to):
        assert text_of(CALLS["openai chat"](to, "m", "hi"))
        assert server.log[0].seconds > 1.0


def test_a_held_answer_waits_for_an_event() -> None:
    """A test can act while a call is in flight."""
    event = threading.Event()
    with talking(prose(), held(event)) as (server, to):
        answers: list[Any] = []
        caller = threading.Thread(target=lambda: answers.append(CALLS["anthropic"](to, "m", "hi")))
        caller.start()
        server.wait_until(lambda counters, traffic: traffic.in_flight == 1)
        assert answers == []
        event.set()
        caller.join()
        assert (len(answers), server.counters.billed) == (1, 1)


def test_a_dropped_connection_is_followed_by_a_good_one() -> None:
    """The next call opens a new connection and succeeds."""
    with talking(prose(), at(dropped("middle"), 1)) as (server, to):
        with pytest.raises(openai.APIConnectionError):
            CALLS["openai chat"](to, "m", "hi")
        assert text_of(CALLS["openai chat"](to, "m", "hi"))
        assert (server.traffic.connections, server.counters.billed, server.counters.spoiled) == (2, 1, 1)


@pytest.mark.parametrize("kind", ["anthropic", "openai chat", "google", "google decisions"])
def test_the_libraries_own_retries_can_be_seen(kind: str) -> None:
    """Whoever forgets to turn them off finds more requests in the log than calls were made."""
    with talking(prose(), at(status(500), 1)) as (server, to):
        retrying = Libraries(to.anthropic.with_options(max_retries=1), to.openai.with_options(max_retries=1), to.google)
        options = types.HttpRetryOptions(attempts=2, initial_delay=0.01, max_delay=0.02)
        if kind == "google":
            config = types.GenerateContentConfig(http_options=types.HttpOptions(retry_options=options))
            to.google.models.generate_content(model="m", contents="hi", config=config)
        elif kind == "google decisions":
            with pytest.raises(google_newer_errors.InternalServerError):
                CALLS[kind](to, "m", "hi")  # `attempts=1` turned them off
        else:
            CALLS[kind](retrying, "m", "hi")
        assert server.counters.requests == (1 if kind == "google decisions" else 2)


def test_a_rate_limit_is_kept() -> None:
    """Two calls in any minute: the third is told how long to wait, and is not counted."""
    with talking(prose(), limit=RateLimit(requests=2, per=60)) as (server, to):
        for _ in range(2):
            CALLS["openai chat"](to, "m", "hi")
        with pytest.raises(openai.RateLimitError) as caught:
            CALLS["openai chat"](to, "m", "hi")
        assert 0 < float(caught.value.response.headers["retry-after"]) <= 60
        assert server.counters.statuses == {200: 2, 429: 1}


def test_a_limit_of_calls_in_flight_is_kept() -> None:
    """While one call is in flight, a second is refused; afterwards it is welcome."""
    event = threading.Event()
    with talking(prose(), at(held(event), 1), limit=RateLimit(in_flight=1)) as (server, to):
        caller = threading.Thread(target=CALLS["openai chat"], args=(to, "m", "hi"))
        caller.start()
        server.wait_until(lambda counters, traffic: traffic.in_flight == 1)
        with pytest.raises(openai.RateLimitError):
            CALLS["openai chat"](to, "m", "hi")
        event.set()
        caller.join()
        assert text_of(CALLS["openai chat"](to, "m", "hi"))
