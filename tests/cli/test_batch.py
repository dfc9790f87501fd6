"""`--batch`: by a batch service where there is one, the ordinary way elsewhere, with the same leaderboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Result, model_class
from engine.batches import Office, batch_class

from brie_bench import Completion, Failed, Request
from brie_bench.cli.show import Bar
from brie_bench.engine.ledger import Ledger
from brie_bench.spec.judgment import Failure
from brie_bench.testing import BatchScript, Endpoint, FakeProvider, Fate, always, at, honest, lost, unauthorized

PROVIDERS = {"anthropic": "anthropic", "openai": "openai", "google": "google.genai"}
BY_POST = ("--batch", "--batch-pause", "0.1", "--timeout", "5")


def wrote(request: Request) -> str:
    """What a model answers, whoever asks it: a text, or a verdict for the longer of two."""
    asked = request.messages[-1].content
    return "Winner: A" if "Winner:" in asked else f"On {asked}: much could be said."


def answered(key: str, request: Request) -> Completion | Failure:
    """The same by batch."""
    return Completion(text=wrote(request), finish_reason="stop")


@pytest.fixture
def office(plugged: Callable[..., None]) -> Office:
    """A service with a model, `posted/…`, beside a model that is asked one by one, `called`."""
    made = Office(answer=answered)
    plugged(models=(batch_class(made), model_class("called", lambda request: f"Briefly: {wrote(request)}")))
    return made


def rows(runs: str = "runs") -> list[tuple[Any, ...]]:
    """What is recorded of every judging."""
    with Ledger(Path(runs)) as ledger:
        return ledger.select(
            "SELECT j.judge, j.comparison, j.labels, v.label, v.kind FROM judging j"
            " JOIN verdict v ON v.number = j.verdict ORDER BY 1, 2, 3"
        )


def test_models_with_a_batch_service_and_others_run_in_one_command(
    cli: Callable[..., Result], suite: Callable[..., Path], office: Office
) -> None:
    """Completions first, then judgments; the others' calls are made while batches are waited for."""
    done = cli(
        *("run", suite(3), "--baseline", "called", "--contender", "new=posted/m"),
        *("--judge", "posted/judge", "--judge", "echo", *BY_POST),
    )
    assert 0 == done.status, done.err
    assert "| new |" in done.out or "new" in done.out
    assert [3, 6] == [len(batch) for batch in office.batches.values()]
    assert 12 == len(rows())
    assert {None} == {row[-1] for row in rows()}


def test_what_is_waited_for_is_said(cli: Callable[..., Result], suite: Callable[..., Path], office: Office) -> None:
    """How many batches, with how many calls."""
    office.looks = 1
    done = cli("run", suite(3), "--baseline", "called", "--contender", "new=posted/m", "--judge", "echo", *BY_POST)
    assert "completions: 1 batch with 3 calls not finished" in done.err.splitlines()


def test_a_bar_says_what_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside it, on stderr."""
    bar = Bar()
    bar.start("judgments", 9, 0)
    bar.wait(2, 9, "")
    bar.finish()
    assert "2 batches with 9 calls not finished" in " ".join(capsys.readouterr().err.split())


def test_what_is_in_a_batch_is_not_asked_for_without_batches(
    cli: Callable[..., Result], suite: Callable[..., Path], office: Office
) -> None:
    """It was paid for: one line that names the mend, and nothing is called."""
    command = ["run", suite(3), "--baseline", "called", "--contender", "new=posted/m", "--judge", "echo"]
    office.on_collect = failing(Failed("fatal", "401: set POST_KEY"))
    assert 1 == cli(*command, *BY_POST).status
    done = cli(*command)
    assert 2 == done.status
    assert "3 of these calls are in batches that are not collected. Add --batch" in done.err
    office.on_collect = lambda number: None
    assert 0 == cli(*command, *BY_POST).status
    assert 1 == office.counts["submit"]


def failing(error: Exception) -> Callable[[int], None]:
    """Raise, always."""

    def fail(number: int) -> None:
        raise error

    return fail


def test_a_judge_that_cannot_submit_is_named_and_stops_nobody(
    cli: Callable[..., Result], suite: Callable[..., Path], office: Office
) -> None:
    """Who and why, exit status 1; the other judge has judged."""
    office.on_submit = failing(Failed("fatal", "401: set POST_KEY"))
    done = cli(
        *("run", suite(3), "--baseline", "called", "--contender", "new=ngram/authored"),
        *("--judge", "post=posted/judge", "--judge", "echo", *BY_POST),
    )
    assert 1 == done.status
    assert "brie-bench: post could not work: 401: set POST_KEY" in done.err
    assert ["echo"] * 6 == [row[0] for row in rows()]


def test_failed_rows_are_submitted_again_when_that_is_asked_for(
    cli: Callable[..., Result], suite: Callable[..., Path], office: Office
) -> None:
    """And only they; the comparisons that they kept away are judged then."""
    expired = Failure(kind="timeout", message="expired")
    office.answer = lambda key, request: (
        expired if "number 1" in request.messages[-1].content else answered(key, request)
    )
    command = ["run", suite(3), "--baseline", "called", "--contender", "new=posted/m", "--judge", "echo", *BY_POST]
    assert 0 == cli(*command).status
    assert 4 == len(rows())
    office.answer = answered
    assert 0 == cli(*command, "--retry-failures").status
    assert 6 == len(rows())
    assert [3, 1] == [len(batch) for batch in office.batches.values()]


def test_recorded_completions_are_judged_by_batch(
    cli: Callable[..., Result], suite: Callable[..., Path], office: Office
) -> None:
    """`judge RUN --batch`."""
    assert 0 == cli("run", suite(2), "--judge", "echo").status
    (run,) = (path.name for path in Path("runs").glob("tiny-*"))
    done = cli("judge", run, "--judge", "posted/judge", *BY_POST)
    assert 0 == done.status, done.err
    assert [4] == [len(batch) for batch in office.batches.values()]


def test_what_another_run_has_asked_by_batch_serves_this_one(
    cli: Callable[..., Result], suite: Callable[..., Path], office: Office
) -> None:
    """It is submitted once, and both runs have their judgments."""
    folder = suite(3)
    command = [
        "run",
        folder,
        "--baseline",
        "called",
        "--contender",
        "new=posted/m",
        "--judge",
        "posted/judge",
        *BY_POST,
    ]
    assert 0 == cli(*command, "--limit", "2").status
    assert 0 == cli(*command).status
    assert {1} == set(office.submitted.values())
    assert 4 + 6 == len(rows())


# the providers' libraries


@pytest.fixture(params=list(PROVIDERS))
def provider(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A provider whose library is installed."""
    library = PROVIDERS[request.param]
    pytest.importorskip(library, reason=f"{library} is not installed; `pip install 'brie-bench[providers]'`")
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    return request.param


def served(monkeypatch: pytest.MonkeyPatch, server: FakeProvider) -> None:
    """Point the libraries to a server."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)


def command(provider: str, folder: Path) -> list[Any]:
    """A run whose three models are one provider's."""
    return [
        *("run", folder, "--baseline", f"{provider}/plain", "--contender", f"new={provider}/rich"),
        *("--judge", f"judge={provider}/judge"),
    ]


def test_each_provider_by_batch_gives_what_it_gives_call_by_call(
    provider: str, cli: Callable[..., Result], suite: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same table; every row once, and no call but by batch."""
    folder = suite(4)
    with FakeProvider(honest()) as server:
        served(monkeypatch, server)
        called = cli(*command(provider, folder), "--runs", "called")
        assert (0, 16) == (called.status, server.counters.billed), called.err
        by_call = server.counters
        by_post = cli(*command(provider, folder), "--runs", "posted", *BY_POST)
        assert 0 == by_post.status, by_post.err
        assert called.out == by_post.out
        assert rows("called") == rows("posted")
        assert 16 == server.counters.batch_rows
        assert by_call.billed == server.counters.billed
        assert 3 == len(server.batches)


def test_each_provider_by_batch_submits_nothing_twice_though_an_answer_is_lost(
    provider: str, cli: Callable[..., Result], suite: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch is found by its mark."""
    rule = at(lost(), 1).only(endpoints={Endpoint.BATCH_CREATE})
    with FakeProvider(honest(), rule, batches=BatchScript(polls=1)) as server:
        served(monkeypatch, server)
        done = cli(*command(provider, suite(2)), *BY_POST)
        assert 0 == done.status, done.err
        assert 3 == len(server.batches)
        assert 8 == server.counters.batch_rows


def test_each_provider_by_batch_has_failures_for_rows_that_erred_or_expired(
    provider: str, cli: Callable[..., Result], suite: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are submitted again when that is asked for, and then the table is whole."""
    fates = {0: Fate.ERRORED, 1: Fate.EXPIRED}
    with FakeProvider(honest(), batches=BatchScript(polls=0, rows=lambda row: fates.get(row.position))) as server:
        served(monkeypatch, server)
        args = [*command(provider, suite(4)), *BY_POST]
        assert 0 == cli(*args).status
        assert [4, 4, 4] == [len(batch.rows) for batch in server.batches]  # two pairs lack a text, and cannot be judged
        assert 2 == sum(kind is not None for *_, kind in rows())
        fates.clear()
        done = cli(*args, "--retry-failures")
        assert 0 == done.status, done.err
        assert 8 == len(rows())
        assert {None} == {kind for *_, kind in rows()}
        assert 12 + 6 + 4 == sum(len(batch.rows) for batch in server.batches)


def test_a_wrong_key_says_which_variable_to_set(
    provider: str, cli: Callable[..., Result], suite: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the first submission; nothing is recorded, and nothing stays in a batch."""
    with FakeProvider(honest(), always(unauthorized()).only(endpoints=set(Endpoint))) as server:
        served(monkeypatch, server)
        done = cli(*command(provider, suite(2)), *BY_POST)
        assert 1 == done.status
        assert "_API_KEY" in done.err
        assert "fake-key" not in done.err
        assert [] == server.batches
        with Ledger(Path("runs")) as ledger:
            assert [] == ledger.select("SELECT * FROM batched")
