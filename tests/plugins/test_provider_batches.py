"""Batch services: submitted under a mark, found again, collected by key; each row once, whatever became of it."""

from __future__ import annotations

from typing import Any

import pytest
from providers import asking, at, by_choice, in_schema

from brie_bench import Completion, Failed, Failure, FinishReason, Request, Usage
from brie_bench.plugin.remote import RemoteModel
from brie_bench.testing import (
    BatchScript,
    Ending,
    Endpoint,
    FakeProvider,
    Fate,
    dropped,
    echo,
    half_body,
    lost,
    rate_limited,
    unauthorized,
)
from brie_bench.testing import at as on

MARK = "brie-0123456789abcdef"
KEYS = ["0" * 32, "1" * 32, "2" * 32]
TEXTS = {key: f"text {key[0]}" for key in KEYS}
ROWS = [(key, asking(text, max_tokens=100)) for key, text in TEXTS.items()]
PROVIDERS = ("anthropic", "openai", "google")

each_service = pytest.mark.parametrize("provider", PROVIDERS)


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    for variable in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.setenv(variable, "fake-key")


def serving(faults: Any = (), **script: Any) -> FakeProvider:
    """A server that says what it was told; its batches end at the first look unless the script says otherwise."""
    return FakeProvider(echo(), faults, batches=BatchScript(**{"polls": 0, **script}))


def collected(model: RemoteModel, batch: str) -> dict[str, Completion | Failure]:
    """All rows of a finished batch, each key once."""
    rows = list(model.collect(batch) or ())
    assert len(dict(rows)) == len(rows)
    return dict(rows)


def texts(rows: dict[str, Completion | Failure]) -> dict[str, str]:
    return {key: row.text for key, row in rows.items() if isinstance(row, Completion)}


@each_service
def test_a_batch_makes_the_round(provider: str) -> None:
    """Unfinished it has nothing; finished it has every row by its key, with its own text and usage."""
    with serving(polls=2) as server:
        model = at(server, f"{provider}/m")
        batch = model.submit(ROWS, MARK)
        assert [None, None] == [model.collect(batch), model.collect(batch)]
        rows = collected(model, batch)
        assert TEXTS == texts(rows)
        assert {2} == {row.usage.output_tokens for row in rows.values()}
        assert (3, 0) == (server.counters.batch_rows, server.counters.billed)


@each_service
def test_a_row_is_what_a_call_is(provider: str) -> None:
    """Sent alike and read alike: text, reason, usage and model; a schema is kept to."""
    requests = [ROWS[0], (KEYS[1], in_schema())]
    with serving() as server:
        model = at(server, f"{provider}/m")
        called = {key: model.complete(request) for key, request in requests}
        rows = collected(model, model.submit(requests, MARK))
    for key, call in called.items():
        row = rows[key]
        assert isinstance(row, Completion)
        assert (call.text, call.finish_reason, call.usage, call.model) == (
            row.text,
            row.finish_reason,
            row.usage,
            row.model,
        )


@each_service
@pytest.mark.parametrize("order", ["given", "reversed", "shuffled"])
def test_rows_come_back_in_any_order(provider: str, order: Any) -> None:
    """A key says whose answer it is."""
    with serving(order=order) as server:
        model = at(server, f"{provider}/m")
        assert TEXTS == texts(collected(model, model.submit(ROWS, MARK)))


@each_service
@pytest.mark.parametrize("fate", [Fate.ERRORED, Fate.EXPIRED, Fate.CANCELLED])
def test_a_row_that_met_its_fate_is_a_failure(provider: str, fate: Fate) -> None:
    """The others have their answers; it cost nothing."""
    with serving(rows={1: fate}) as server:
        model = at(server, f"{provider}/m")
        rows = collected(model, model.submit(ROWS, MARK))
    failure = rows.pop(KEYS[1])
    assert isinstance(failure, Failure)
    assert ("error", Usage(input_tokens=0, output_tokens=0)) == (failure.kind, failure.usage)
    assert failure.message
    assert {key: TEXTS[key] for key in (KEYS[0], KEYS[2])} == texts(rows)


@each_service
def test_a_row_may_be_cut_off_or_blocked(provider: str) -> None:
    """A cut-off text is a completion; a block without a word is a failure, as with a call."""
    with serving(rows={0: Ending.LENGTH, 1: Ending.BLOCK}) as server:
        model = at(server, f"{provider}/m")
        cut, blocked, whole = (row for _, row in sorted(collected(model, model.submit(ROWS, MARK)).items()))
    assert isinstance(cut, Completion)
    assert isinstance(blocked, Failure)
    assert isinstance(whole, Completion)
    assert (FinishReason.LENGTH, "refused", FinishReason.STOP) == (cut.finish_reason, blocked.kind, whole.finish_reason)


@each_service
@pytest.mark.parametrize("fate", [Fate.ERRORED, Fate.EXPIRED, Fate.CANCELLED])
def test_a_batch_that_failed_as_a_whole(provider: str, fate: Fate) -> None:
    """Either every row says so, or the batch does, for good: another look would give no other answer."""
    with serving(ends=fate) as server:
        model = at(server, f"{provider}/m")
        batch = model.submit(ROWS, MARK)
        if provider == "google" or (provider, fate) == ("openai", Fate.ERRORED):
            with pytest.raises(Failed) as caught:
                model.collect(batch)
            assert (False, True) == (caught.value.retryable, caught.value.usage is not None)
        else:
            rows = collected(model, batch)
            assert (set(KEYS), {}) == (set(rows), texts(rows))
        assert server.counters.batch_rows == 0


@each_service
def test_a_lost_submission_is_found_by_its_mark(provider: str) -> None:
    """The connection drops after the batch was made. Whether it arrived is not known; then it is found, once finished."""
    rule = on(lost(), 1).only(endpoints={Endpoint.BATCH_CREATE})
    with serving(rule) as server:
        model = at(server, f"{provider}/m")
        with pytest.raises(Failed) as caught:
            model.submit(ROWS, MARK)
        assert caught.value.usage is None
        other = model.submit([(KEYS[0], asking("another", max_tokens=9))], "brie-another")
        for batch in server.batches:
            model.collect(batch.id if provider != "google" else f"batches/{batch.id}")
        found = model.find(MARK)
        assert found is not None
        assert other != found
        assert TEXTS == texts(collected(model, found))
        assert 2 == len(server.batches)


@each_service
def test_a_mark_that_was_never_submitted_is_not_found(provider: str) -> None:
    """Among more batches than a page holds."""
    with serving() as server:
        model = at(server, f"{provider}/m")
        assert model.find(MARK) is None
        for number in range(25):
            model.collect(model.submit(ROWS[:1], f"brie-{number}"))
        assert model.find(MARK) is None
        assert model.find("brie-0") is not None


def test_anthropic_cannot_tell_before_the_end() -> None:
    """Its batches show their keys when they are finished: until then nobody may submit again, lest he pays twice."""
    with serving(polls=1) as server:
        model = at(server, "anthropic/m")
        batch = model.submit(ROWS, MARK)
        with pytest.raises(Failed, match="not finished") as caught:
            model.find(MARK)
        assert (True, None) == (caught.value.retryable, caught.value.usage)
        model.collect(batch)
        assert list(model.collect(batch) or ())
        assert batch == model.find(MARK)


@each_service
def test_a_refused_submission_cost_nothing(provider: str) -> None:
    """Nothing was submitted, and it is known."""
    for fault, kind in ((rate_limited(3), "rate_limited"), (unauthorized(), "fatal")):
        with serving(on(fault, 1).only(endpoints={Endpoint.BATCH_CREATE})) as server:
            with pytest.raises(Failed) as caught:
                at(server, f"{provider}/m").submit(ROWS, MARK)
            assert (kind, Usage(input_tokens=0, output_tokens=0)) == (caught.value.kind, caught.value.usage)
            assert [] == server.batches


@each_service
@pytest.mark.parametrize("fault", [dropped(), half_body(), rate_limited(1)], ids=["dropped", "half", "429"])
def test_a_poll_that_fails_may_pass(provider: str, fault: Any) -> None:
    """Nothing is lost: the next one gives all rows."""
    endpoints = {Endpoint.BATCH_POLL, Endpoint.BATCH_RESULTS}
    with serving(on(fault, 2).only(endpoints=endpoints), polls=1) as server:
        model = at(server, f"{provider}/m")
        batch = model.submit(ROWS, MARK)
        model.collect(batch)
        with pytest.raises(Failed) as caught:
            model.collect(batch)
        assert caught.value.retryable
        assert TEXTS == texts(collected(model, batch))


@pytest.mark.parametrize("provider", ["openai", "google"])
def test_typed_questions_go_into_no_batch(provider: str) -> None:
    """Their endpoints are not among those that batches know: said before anything is submitted."""
    with serving() as server:
        with pytest.raises(Failed, match="typed questions") as caught:
            at(server, f"{provider}/m").submit([(KEYS[0], by_choice())], MARK)
        assert (False, 0) == (caught.value.retryable, server.counters.requests)


def test_openais_newer_endpoint_has_batches_too() -> None:
    """The rows are responses."""
    with serving() as server:
        model = at(server, "openai/m", api="responses")
        assert TEXTS == texts(collected(model, model.submit(ROWS, MARK)))


@each_service
def test_a_batch_may_be_large(provider: str) -> None:
    """A thousand rows, shuffled."""
    requests: list[tuple[str, Request]] = [(f"{n:032x}", asking(f"text {n}", max_tokens=9)) for n in range(1000)]
    with serving(order="shuffled") as server:
        model = at(server, f"{provider}/m")
        rows = collected(model, model.submit(requests, MARK))
    assert {key: request.messages[0].content for key, request in requests} == texts(rows)
