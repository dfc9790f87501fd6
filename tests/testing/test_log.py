"""The log and the counters: what is remembered, and what must not be."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import pytest

from brie_bench.testing import (
    Answer,
    Asked,
    Endpoint,
    FakeProvider,
    Outcome,
    at,
    bad_json,
    digest_of,
    dropped,
    echo,
    empty_object,
    half_body,
    hang,
    held,
    huge,
    lone_surrogate,
    lost,
    prose,
    rate_limited,
    refusal,
    share,
)
from testing.libraries import CALLS, httpx2, openai, talking

SECRET = "sk-this-must-never-be-seen"


@pytest.mark.parametrize("kind", CALLS)
def test_a_key_is_nowhere_in_the_log(kind: str) -> None:
    """A digest stands in its place, so that one can see which key it was."""
    with talking(echo(), key=SECRET) as (server, to):
        CALLS[kind](to, "m", "hi")
        assert SECRET not in repr(server.log)
        assert digest_of(SECRET) in repr(server.log)


def test_a_key_in_the_query_is_hidden_too() -> None:
    """google takes one there."""
    with FakeProvider(echo()) as server:
        url = f"{server.url}/v1beta/models/m:generateContent?alt=json&key={SECRET}"
        answer = httpx2.post(url, json={"contents": [{"parts": [{"text": "hi"}]}]})
        assert answer.status_code == 200
        path = server.log[0].path
    assert path == f"/v1beta/models/m:generateContent?alt=json&key={digest_of(SECRET)}"


def test_a_key_in_the_body_is_left_there() -> None:
    """It has no business there: whoever searches the log must find it."""
    with talking(echo()) as (server, to):
        CALLS["openai chat"](to, "m", SECRET)
        assert SECRET in repr(server.log)


def test_an_entry_holds_the_request_and_its_end() -> None:
    """Method, path, headers, body, status, usage."""
    with talking(echo()) as (server, to):
        CALLS["openai chat"](to, "m", "hi there")
        (entry,) = server.log
    assert (entry.method, entry.path, entry.status) == ("POST", "/v1/chat/completions", 200)
    assert (entry.protocol, entry.endpoint, entry.outcome) == ("openai", Endpoint.CALL, Outcome.ANSWERED)
    assert entry.json["messages"][0]["content"] == "hi there"
    assert entry.headers["content-type"] == "application/json"
    assert (entry.usage.output, entry.billed, entry.fault) == (2, True, "")


def test_numbers_are_counted_from_one() -> None:
    """Requests over the server, connections as they are opened."""
    with talking(echo()) as (server, to):
        for kind in ("openai chat", "anthropic", "openai chat"):
            CALLS[kind](to, "m", "hi")
        assert [(entry.number, entry.connection) for entry in server.log] == [(1, 1), (2, 2), (3, 1)]


def test_the_log_is_in_the_order_of_arrival() -> None:
    """Whatever ended first."""
    event = threading.Event()
    with talking(echo(), at(held(event), 1)) as (server, to):
        caller = threading.Thread(target=CALLS["openai chat"], args=(to, "m", "first"))
        caller.start()
        server.wait_until(lambda counters, traffic: traffic.in_flight == 1)
        CALLS["anthropic"](to, "m", "second")
        assert [entry.number for entry in server.log] == [2]
        event.set()
        caller.join()
        assert [(entry.number, entry.protocol) for entry in server.log] == [(1, "openai"), (2, "anthropic")]


@pytest.mark.parametrize("kind", CALLS)
def test_connections_are_kept(kind: str) -> None:
    """Ten calls, one connection."""
    with talking(echo()) as (server, to):
        for _ in range(10):
            CALLS[kind](to, "m", "hi")
        assert (server.traffic.connections, server.counters.billed) == (1, 10)


BILLED = {
    "an answer": (None, 1),
    "a refusal": (refusal(), 1),
    "a huge answer": (huge(1000), 1),
    "half a surrogate pair": (lone_surrogate(), 1),
    "a 429": (rate_limited(), 0),
    "bad JSON": (bad_json(), 0),
    "{}": (empty_object(), 0),
    "half a body": (half_body(), 0),
    "dropped before": (dropped(), 0),
    "dropped in the middle": (dropped("middle"), 0),
    "lost": (lost(), 0),
}


@pytest.mark.parametrize("name", BILLED)
def test_what_a_client_can_use_is_billed(name: str) -> None:
    """A whole 200, and nothing else: one call, told in one place."""
    fault, billed = BILLED[name]
    with talking(echo(), fault or ()) as (server, to):
        with contextlib.suppress(openai.OpenAIError, ValueError):
            CALLS["openai chat"](to, "m", "hi")
        counters = server.counters
    assert (counters.requests, counters.calls, counters.billed) == (1, 1, billed)
    told = counters.billed + counters.spoiled + counters.dropped + counters.abandoned
    assert told == (0 if name == "a 429" else 1)
    assert (counters.usage.output > 0) == (billed == 1)


def test_counters_know_protocols_statuses_and_faults() -> None:
    """Each protocol's and all together."""
    with talking(prose(), at(rate_limited(), 2)) as (server, to):
        CALLS["anthropic"](to, "m", "hi")
        with pytest.raises(openai.RateLimitError):
            CALLS["openai chat"](to, "m", "hi")
        CALLS["google"](to, "m", "hi")
        counters = server.counters
        assert (counters.statuses, counters.faults) == ({200: 2, 429: 1}, {"rate limited": 1})
        billed = [server.counters_of(name).billed for name in ("anthropic", "openai", "google", "nobody")]
        assert (counters.billed, billed) == (2, [1, 0, 1, 0])


def test_models_files_and_batches_are_no_calls() -> None:
    """They are logged and never billed."""
    with talking(models=["m"]) as (server, to):
        to.openai.models.list()
        to.openai.files.create(file=("f", b"x"), purpose="batch")
        assert (server.counters.requests, server.counters.calls, server.counters.billed) == (2, 0, 0)
        assert [entry.endpoint for entry in server.log] == [Endpoint.MODELS, Endpoint.FILE]


def test_the_log_keeps_as_much_as_it_is_told_to() -> None:
    """The newest; counters count all."""
    with talking(echo(), keep=2) as (server, to):
        for i in range(5):
            CALLS["openai chat"](to, "m", f"text {i}")
        assert [entry.number for entry in server.log] == [4, 5]
        assert server.counters.billed == 5


def test_requests_in_flight_are_counted() -> None:
    """Four at a time, and none afterwards."""
    event = threading.Event()
    with talking(echo(), held(event)) as (server, to):
        callers = [threading.Thread(target=CALLS["openai chat"], args=(to, "m", f"{i}")) for i in range(4)]
        for caller in callers:
            caller.start()
        server.wait_until(lambda counters, traffic: traffic.in_flight == 4)
        event.set()
        for caller in callers:
            caller.join()
        assert (server.traffic.in_flight, server.traffic.most_in_flight, server.traffic.connections) == (0, 4, 4)


def test_waiting_for_what_never_happens_ends() -> None:
    """With the counters in the message."""
    with FakeProvider() as server, pytest.raises(TimeoutError, match="billed=0"):
        server.wait_until(lambda counters, traffic: counters.billed == 1, timeout=0.01)


def test_a_client_that_has_its_answer_finds_it_counted() -> None:
    """Whatever the server's thread still has to do."""
    with talking(echo()) as (server, to):
        for i in range(200):
            CALLS["openai chat"](to, "m", "hi")
            assert server.counters.billed == i + 1


def test_under_many_faults_each_call_is_told_once() -> None:
    """With 5 % of each fault and retries, what was billed is what the client has."""
    names = [rate_limited(), half_body(), dropped(), dropped("middle"), lost(), bad_json(), empty_object()]
    faults = [share(fault, 0.05, seed=3) for fault in names]
    with talking(echo(), faults) as (server, to):
        done: list[Any] = []

        def work(first: int) -> None:
            for i in range(first, 200, 4):
                while True:
                    try:
                        answer = CALLS["openai chat"](to, "m", f"text {i}")
                    except (openai.OpenAIError, ValueError):
                        continue
                    if answer.choices is not None:
                        done.append(answer.choices[0].message.content)
                        break

        workers = [threading.Thread(target=work, args=(first,)) for first in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert sorted(done) == sorted(f"text {i}" for i in range(200))
        counters = server.counters
        assert counters.billed == 200
        assert set(counters.faults) == {fault.name for fault in names}
        assert counters.calls == 200 + sum(counters.faults.values())


def test_an_answer_that_nobody_waits_for_is_not_billed() -> None:
    """The client hangs up while the policy thinks."""
    event = threading.Event()

    def thoughtful(asked: Asked) -> Answer:
        event.wait(timeout=20)
        return Answer("At last.")

    with talking(thoughtful, timeout=0.1) as (server, to):
        with pytest.raises(openai.APITimeoutError):
            CALLS["openai chat"](to, "m", "hi")
        event.set()
        server.wait_until(lambda counters, traffic: counters.abandoned == 1)
        assert (server.counters.billed, server.log[0].status) == (0, 0)


def test_a_client_that_hangs_up_is_noticed() -> None:
    """While it waits: nothing is billed, and its request is no longer in flight."""
    with talking(echo(), hang(), timeout=0.1) as (server, to):
        with pytest.raises(openai.APITimeoutError):
            CALLS["openai chat"](to, "m", "hi")
        server.wait_until(lambda counters, traffic: traffic.in_flight == 0 and counters.abandoned == 1)
        assert server.log[0].outcome is Outcome.ABANDONED
