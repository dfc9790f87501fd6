"""Batches: every call submitted once and recorded once, whatever the service does and wherever the process ends."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Completion, Request, Sampling, Usage
from brie_bench.engine.batches.driver import by_batch
from brie_bench.engine.batches.stream import BatchStream, Draw
from brie_bench.engine.batches.table import BatchTable
from brie_bench.engine.calls.call import Stream
from brie_bench.engine.calls.pool import Stop
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.settings import Batching, Settings
from brie_bench.errors import Failed, LedgerError
from brie_bench.plugin.kinds import BatchModel
from brie_bench.spec.judgment import Failure
from engine.batches import Fuse, FusedLedger, Killed, Office, batch_class, echoed, wanted

KEYS = tuple(f"{number:032x}" for number in range(7))
NOTHING = Usage(input_tokens=0, output_tokens=0)


class Told:
    """Remembers what a run said."""

    def __init__(self) -> None:
        self.waits: list[tuple[int, int]] = []
        self.troubles: list[str] = []
        self.made = self.failed = 0

    def start(self, stage: str, total: int, recorded: int) -> None: ...

    def advance(self, done: int, failed: int) -> None:
        self.made += done
        self.failed += failed

    def wait(self, batches: int, calls: int, trouble: str) -> None:
        self.waits.append((batches, calls))
        self.troubles.append(trouble)

    def finish(self) -> None: ...


def hasty(**changes: Any) -> Settings:
    """No pauses, and no patience with a mark that nobody knows."""
    return Settings(**{"timeout": 0.0, "batch": Batching(first=0.0, longest=0.0), **changes})


def post(
    office: Office, ledger: Ledger, keys: tuple[str, ...] = KEYS, how: Settings | None = None, **limits: int
) -> Failure | None:
    """Make these calls by batch; why they could not be made."""
    how = how or hasty()
    return drawn_from(batch_class(office, **limits), lambda: wanted(ledger, keys, how), ledger, how)


def drawn_from(
    model: type[BatchModel], draw: Draw, ledger: Ledger, how: Settings, meanwhile: Callable[[], None] = lambda: None
) -> Failure | None:
    """Make the calls that are drawn."""
    stream = Stream("lane", iter(()))
    by_batch([BatchStream(stream, model(), draw, ledger, how)], how, meanwhile)
    return stream.fatal


def recorded(ledger: Ledger, keys: tuple[str, ...] = KEYS) -> dict[str, Any]:
    """What stands under each key: a text, or a kind of failure."""
    found = {key: ledger.completion(key) for key in keys}
    return {key: each.text if isinstance(each, Completion) else each and str(each.kind) for key, each in found.items()}


def texts(keys: tuple[str, ...] = KEYS) -> dict[str, str]:
    """What stands there when all went well."""
    return {key: f"answer to {key}" for key in keys}


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """An empty ledger."""
    with Ledger.in_memory() as opened:
        yield opened


# the straight way


def test_every_call_is_submitted_once_and_recorded_once(ledger: Ledger) -> None:
    """In one batch, collected in another order; nothing stays in the tables that holds a call."""
    office = Office(looks=2)
    assert None is post(office, ledger)
    assert texts() == recorded(ledger)
    assert dict.fromkeys(KEYS, 1) == office.submitted
    assert 1 == len(office.batches)
    assert BatchTable(ledger).is_empty()


def test_the_mark_and_its_calls_are_in_the_ledger_before_the_service_hears_of_them(ledger: Ledger) -> None:
    """Committed: another connection would see them; the name follows."""
    seen = []

    def look(number: int) -> None:
        assert not ledger._db.in_transaction
        seen.append(ledger.select("SELECT mark, name FROM batch"))
        assert [(len(KEYS),)] == ledger.select("SELECT count(*) FROM batched")

    office = Office(on_submit=look)
    post(office, ledger)
    ((mark, name),) = seen[0]
    assert None is name
    assert [(mark, "batch-0")] == ledger.select("SELECT mark, name FROM batch")
    assert {mark: "batch-0"} == office.marks


@pytest.mark.parametrize(
    ("limits", "sizes"),
    [({"batch_requests": 3}, [3, 3, 1]), ({"batch_bytes": 1}, [1] * 7), ({"batch_bytes": 1500}, [2, 2, 2, 1])],
    ids=["requests", "no request fits", "bytes"],
)
def test_shards_keep_to_the_limits_of_the_service(limits: dict[str, int], sizes: list[int], ledger: Ledger) -> None:
    """Of requests, and of bytes; what is larger than a batch may be is alone in one."""
    office = Office()
    post(office, ledger, **limits)
    assert sizes == [len(rows) for rows in office.batches.values()]
    assert texts() == recorded(ledger)


def test_a_second_time_nothing_is_submitted(ledger: Ledger) -> None:
    """All is recorded."""
    office = Office()
    post(office, ledger)
    post(office, ledger)
    assert 1 == office.counts["submit"]


def test_what_is_to_be_done_meanwhile_is_done_when_all_is_submitted(ledger: Ledger) -> None:
    """And before anything is waited for."""
    office, how = Office(looks=5), hasty()
    seen = []
    drawn_from(
        batch_class(office),
        lambda: wanted(ledger, KEYS, how),
        ledger,
        how,
        lambda: seen.append((office.counts["submit"], office.counts["collect"])),
    )
    assert [(1, 1)] == seen


def test_progress_says_what_is_waited_for(ledger: Ledger) -> None:
    """How many batches are not finished, with how many calls."""
    told = Told()
    post(Office(looks=2), ledger, how=hasty(progress=told), batch_requests=4)
    assert [(2, 7), (2, 7)] == told.waits
    assert (7, 0) == (told.made, told.failed)


def test_the_pauses_grow() -> None:
    """By half each time, up to the longest."""
    pauses = Batching(first=1.0, longest=3.0).pauses()
    assert [1.0, 1.5, 2.25, 3.0, 3.0] == [next(pauses) for _ in range(5)]


def test_a_completion_says_what_was_applied_of_the_sampling(ledger: Ledger) -> None:
    """A row of a batch does not, so it is what was asked for; a service that does is believed."""
    said = Sampling(max_tokens=7)
    office = Office(
        answer=lambda key, request: Completion(text="x", **({"sampling_applied": said} if key == KEYS[0] else {}))
    )
    post(office, ledger, KEYS[:2])
    assert [said, Sampling(max_tokens=99)] == [ledger.completion(key).sampling_applied for key in KEYS[:2]]


def test_a_ledger_from_before_there_were_batches_gets_the_tables(tmp_path: Path) -> None:
    """When it is opened; what it holds stays."""
    with Ledger(tmp_path) as ledger, ledger.transaction():
        ledger.put_completion("old", Completion(text="kept"))
        ledger.write("DROP TABLE batched")
        ledger.write("DROP TABLE batch")
    with Ledger(tmp_path) as ledger:
        assert "kept" == ledger.completion("old").text
        assert None is post(Office(), ledger)
        assert texts() == recorded(ledger)


def test_a_damaged_answer_is_one_line(ledger: Ledger) -> None:
    """It is not taken for an answer."""
    with ledger.transaction():
        BatchTable(ledger).mark("brie-1", "model", None, {KEYS[0]: 0.0})
        ledger.write("UPDATE batched SET answer = '{'")
    with pytest.raises(LedgerError, match="was damaged"):
        post(Office(), ledger)


# interrupted


def test_a_stop_ends_the_waiting_and_the_next_command_collects(ledger: Ledger) -> None:
    """Though the pause is long; nothing is submitted again."""
    stop = Stop()
    office = Office(looks=1, on_collect=lambda number: stop.ask())
    post(office, ledger, how=hasty(stop=stop, batch=Batching(first=600.0, longest=600.0)))
    assert dict.fromkeys(KEYS) == recorded(ledger)
    office.on_collect = lambda number: None
    post(office, ledger)
    assert texts() == recorded(ledger)
    assert 1 == office.counts["submit"]


@settings(max_examples=150, deadline=None)
@given(
    kills=st.lists(st.integers(0, 40), max_size=6),
    size=st.integers(1, 4),
    looks=st.integers(0, 2),
    reverse=st.booleans(),
)
def test_wherever_the_process_ends_each_call_is_submitted_once_and_recorded_once(
    kills: list[int], size: int, looks: int, reverse: bool
) -> None:
    """Before and after each commit, each request that the service gets, each row that it hands back."""
    office = Office(looks=looks, reverse=reverse)
    with FusedLedger.in_memory() as ledger:
        for kill in [*kills, None]:
            ledger.fuse = office.fuse = Fuse(kill)
            before = {key: text for key, text in recorded(ledger).items() if text}
            with contextlib.suppress(Killed):
                assert None is post(office, ledger, batch_requests=size)
            assert before.items() <= recorded(ledger).items()
        assert texts() == recorded(ledger)
        assert dict.fromkeys(KEYS, 1) == office.submitted
        assert BatchTable(ledger).is_empty()


def test_there_is_a_moment_for_every_step_at_which_a_process_may_end() -> None:
    """Each of them, one after another, leaves the same."""
    with FusedLedger.in_memory() as ledger:
        office = Office(looks=1)
        ledger.fuse = office.fuse = fuse = Fuse()
        post(office, ledger, batch_requests=4)
    for moment in range(fuse.passed):
        with FusedLedger.in_memory() as ledger:
            office = Office(looks=1)
            ledger.fuse = office.fuse = Fuse(moment)
            with pytest.raises(Killed):
                post(office, ledger, batch_requests=4)
            post(office, ledger, batch_requests=4)
            assert texts() == recorded(ledger)
            assert dict.fromkeys(KEYS, 1) == office.submitted


def test_a_submission_that_was_under_way_may_still_arrive(ledger: Ledger) -> None:
    """For as long as a call may take, a mark that nobody knows is looked for; then it is found, not submitted again."""
    office = Office(fuse=Fuse(1))  # it arrives, and the process ends before it hears of it
    with pytest.raises(Killed):
        post(office, ledger)
    office.fuse, office.hidden = Fuse(), 5
    post(office, ledger, how=hasty(timeout=600.0))
    assert texts() == recorded(ledger)
    assert (1, 6) == (office.counts["submit"], office.counts["find"])


def test_two_runs_that_want_the_same_calls_pay_for_them_once(ledger: Ledger) -> None:
    """The second one waits for the first one's batch, and collects all of it; the first finds what is its own."""
    stop, office = Stop(), Office(looks=1)
    office.on_collect = lambda number: stop.ask()
    post(office, ledger, KEYS[:5], how=hasty(stop=stop))
    office.on_collect = lambda number: None
    post(office, ledger, KEYS[3:])
    assert texts(KEYS[3:]) == recorded(ledger, KEYS[3:])
    assert dict.fromkeys(KEYS, 1) == office.submitted
    looked = office.counts["collect"]
    post(office, ledger, KEYS[:5])
    assert texts() == recorded(ledger)
    assert looked == office.counts["collect"]


def test_what_another_process_recorded_while_a_shard_was_filled_is_not_submitted(ledger: Ledger) -> None:
    """Whoever marks looks once more."""
    office, how = Office(), hasty()

    def drawn() -> Iterator[Any]:
        yield from wanted(ledger, KEYS, how)
        with ledger.transaction():
            for key in KEYS[:4]:
                ledger.put_completion(key, Completion(text=f"answer to {key}"))

    drawn_from(batch_class(office), drawn, ledger, how)
    assert texts() == recorded(ledger)
    assert dict.fromkeys(KEYS[4:], 1) == office.submitted


def test_what_another_process_marked_while_a_shard_was_filled_is_not_submitted(ledger: Ledger) -> None:
    """A call is in one batch: ours waits for theirs."""
    office, how, stop = Office(), hasty(), Stop()
    first = iter([True])

    def drawn() -> Iterator[Any]:
        yield from wanted(ledger, KEYS, how)
        if next(first, False):
            office.on_collect = lambda number: stop.ask()
            office.looks = 1
            post(office, ledger, KEYS[:4], how=hasty(stop=stop))
            office.on_collect = lambda number: None

    drawn_from(batch_class(office), drawn, ledger, how)
    assert texts() == recorded(ledger)
    assert dict.fromkeys(KEYS, 1) == office.submitted


def test_a_mark_that_another_process_gave_up_is_no_mark(ledger: Ledger) -> None:
    """Its calls are submitted under a new one."""
    office = Office(fuse=Fuse(0))
    with pytest.raises(Killed):
        post(office, ledger)

    def forgotten(number: int) -> None:
        table = BatchTable(ledger)
        with ledger.transaction():
            table.forget(table.row(1))
        raise Failed("error", "cannot tell", retryable=True)

    office.fuse, office.on_find = Fuse(), forgotten
    assert None is post(office, ledger, how=hasty(timeout=600.0))
    assert texts() == recorded(ledger)
    assert dict.fromkeys(KEYS, 1) == office.submitted


# what goes wrong


def fails(*failures: Exception) -> Callable[[int], None]:
    """Raise these, one after another, then nothing."""

    def maybe(number: int) -> None:
        if number < len(failures):
            raise failures[number]

    return maybe


def test_a_refused_submission_is_made_again(ledger: Ledger) -> None:
    """The service said that it took nothing; under a new mark, in the order of the calls."""
    busy = Failed("rate_limited", "too many", usage=NOTHING)
    office = Office(on_submit=fails(busy, busy))
    assert None is post(office, ledger, batch_requests=4)
    assert texts() == recorded(ledger)
    assert [KEYS[:4], KEYS[4:]] == [tuple(key for key, _ in rows) for rows in office.batches.values()]
    assert 4 == office.counts["submit"]
    assert 0 == office.counts["find"]


@pytest.mark.parametrize(
    "error",
    [Failed("timeout", "no answer"), Failed("error", "504", retryable=True, usage=NOTHING)],
    ids=["no answer", "a gateway's answer"],
)
def test_a_submission_whose_answer_was_lost_is_found(error: Failed, ledger: Ledger) -> None:
    """It arrived; the connection broke before the name came back, or a server on the way lost patience."""
    office = Office(on_arrived=fails(error), looks=1)
    assert None is post(office, ledger)
    assert texts() == recorded(ledger)
    assert (1, 1) == (office.counts["submit"], office.counts["find"])


def test_a_service_that_refuses_on_and_on_is_left_alone(ledger: Ledger) -> None:
    """It says why; nothing is recorded as failed, and nothing stays marked."""
    office = Office(on_submit=fails(*[Failed("rate_limited", "closed today", usage=NOTHING)] * 99))
    fatal = post(office, ledger)
    assert ("rate_limited", "closed today") == (fatal and (str(fatal.kind), fatal.message))
    assert dict.fromkeys(KEYS) == recorded(ledger)
    assert BatchTable(ledger).is_empty()
    office.on_submit = lambda number: None
    assert None is post(office, ledger)
    assert texts() == recorded(ledger)


def test_a_service_that_refuses_now_and_then_is_not_left_alone(ledger: Ledger) -> None:
    """What counts is refusals in a row."""

    def busy(number: int) -> None:
        if number % 5 != 4:
            raise Failed("rate_limited", "too many", usage=NOTHING)

    keys = tuple(f"{number:032x}" for number in range(14))
    assert None is post(Office(on_submit=busy), ledger, keys, batch_requests=1)
    assert texts(keys) == recorded(ledger, keys)


@pytest.mark.parametrize(
    "error",
    [Failed("fatal", "401: set POST_KEY"), Failed("error", "400: nonsense", usage=NOTHING)],
    ids=["a wrong key", "a refusal for good"],
)
def test_who_cannot_submit_at_all_says_why_and_stops_nobody(error: Failed, ledger: Ledger) -> None:
    """One attempt; the other's calls are made, and its own are free for the next command."""
    shut, open_, how = Office(on_submit=fails(error)), Office(), hasty()
    streams = [Stream("shut", iter(())), Stream("open", iter(()))]
    parts = zip(streams, (shut, open_), (KEYS[:4], KEYS[4:]), strict=True)
    by_batch(
        [
            BatchStream(stream, batch_class(office)(), lambda keys=keys: wanted(ledger, keys, how), ledger, how)
            for stream, office, keys in parts
        ],
        how,
        lambda: None,
    )
    assert [error.message, None] == [stream.fatal and stream.fatal.message for stream in streams]
    assert {**dict.fromkeys(KEYS[:4]), **texts(KEYS[4:])} == recorded(ledger)
    assert 1 == shut.counts["submit"]
    assert None is post(shut, ledger)
    assert texts() == recorded(ledger)


def test_rows_that_failed_are_failures_that_may_be_submitted_again(ledger: Ledger) -> None:
    """Errored, expired, or without an answer at all; only they are, and only when that is asked for."""

    def answer(key: str, request: Request) -> Any:
        if office.submitted[key] > 1 or key not in KEYS[:2]:
            return echoed(key, request)
        return Failure(kind="error" if key == KEYS[0] else "timeout", message="expired")

    office = Office(answer=answer)
    told = Told()
    post(office, ledger, how=hasty(progress=told))
    assert {**texts(), KEYS[0]: "error", KEYS[1]: "timeout"} == recorded(ledger)
    assert (7, 2) == (told.made, told.failed)
    post(office, ledger)
    assert 1 == office.counts["submit"]
    post(office, ledger, how=hasty(retry_failures=True))
    assert texts() == recorded(ledger)
    assert Counter({**dict.fromkeys(KEYS, 1), KEYS[0]: 2, KEYS[1]: 2}) == office.submitted


def test_a_row_that_fails_again_is_submitted_once_more_and_no_oftener(ledger: Ledger) -> None:
    """One command tries a failure once."""
    office = Office(answer=lambda key, request: Failure(kind="error", message="no"))
    post(office, ledger)
    post(office, ledger, how=hasty(retry_failures=True))
    assert dict.fromkeys(KEYS, "error") == recorded(ledger)
    assert dict.fromkeys(KEYS, 2) == office.submitted


def test_a_row_that_failed_just_now_is_not_submitted_with_what_was_refused(ledger: Ledger) -> None:
    """Though its failure is there already when the rest is submitted."""
    office = Office(answer=lambda key, request: Failure(kind="error", message="no"))
    post(office, ledger, batch_requests=4)

    def busy(number: int) -> None:
        if number == 3:
            raise Failed("rate_limited", "too many", usage=NOTHING)

    office.on_submit = busy
    post(office, ledger, how=hasty(retry_failures=True), batch_requests=4)
    assert dict.fromkeys(KEYS, 2) == office.submitted


def test_an_answer_to_a_call_of_another_batch_is_nobodys(ledger: Ledger) -> None:
    """Each call is answered by its own batch."""
    office = Office()
    office._rows = lambda name: ((key, Completion(text=name)) for key in KEYS)
    post(office, ledger, batch_requests=4)
    expected = {key: "batch-0" if key in KEYS[:4] else "batch-1" for key in KEYS}
    assert expected == recorded(ledger)


def test_a_row_without_an_answer_is_a_failure(ledger: Ledger) -> None:
    """The batch has ended; rows of strangers are nobody's, a row's second answer is no news."""
    office = Office()
    office._rows = lambda name: iter(
        [(KEYS[0], Completion(text="one")), (KEYS[0], Completion(text="two")), ("stranger", Completion(text="three"))]
    )
    post(office, ledger)
    assert {**dict.fromkeys(KEYS, "error"), KEYS[0]: "one"} == recorded(ledger)
    failure = ledger.completion(KEYS[1])
    assert "the batch batch-0 has ended without an answer to this call" == failure.message


def test_a_fatal_row_says_something_of_the_model_and_nothing_of_its_call(ledger: Ledger) -> None:
    """It is not recorded, and the next command asks again."""
    fatal = Failure(kind="fatal", message="no such model")
    office = Office(answer=lambda key, request: fatal if key == KEYS[0] else echoed(key, request))
    assert fatal == post(office, ledger)
    assert {**texts(), KEYS[0]: None} == recorded(ledger)
    office.answer = echoed
    assert None is post(office, ledger)
    assert texts() == recorded(ledger)


def test_trouble_while_polling_passes(ledger: Ledger) -> None:
    """A server that is down, a connection that breaks in the middle of the answers: it is looked at again."""
    down = Failed("error", "503", retryable=True)
    office = Office(on_collect=fails(down, down))
    broken = iter([True])

    def answer(key: str, request: Request) -> Completion:
        if key == KEYS[3] and next(broken, False):
            raise Failed("error", "dropped", retryable=True)
        return echoed(key, request)

    office.answer, told = answer, Told()
    assert None is post(office, ledger, how=hasty(progress=told))
    assert texts() == recorded(ledger)
    assert 1 == office.counts["submit"]
    assert ["503", "503", "dropped"] == told.troubles


@pytest.mark.parametrize(("asked", "rested"), [(30.0, 30.0), (1e9, 600.0), (float("nan"), 0.0), (-1.0, 0.0)])
def test_a_wait_that_the_service_asks_for_is_kept(
    asked: float, rested: float, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is longer than the pause; ten minutes at most."""
    rests = []
    monkeypatch.setattr("brie_bench.engine.batches.driver._rest", lambda seconds, stop: rests.append(seconds))
    post(Office(on_collect=fails(Failed("rate_limited", "later", retry_after=asked))), ledger)
    assert [rested] == rests


def test_a_batch_that_can_never_be_collected_is_a_failure_of_each_of_its_calls(ledger: Ledger) -> None:
    """The provider keeps answers for some weeks only. They may be submitted again."""
    office = Office(on_collect=fails(Failed("error", "404: no such batch")))
    assert None is post(office, ledger)
    assert dict.fromkeys(KEYS, "error") == recorded(ledger)
    post(office, ledger, how=hasty(retry_failures=True))
    assert texts() == recorded(ledger)


def test_a_fault_of_the_plugin_loses_nothing(ledger: Ledger) -> None:
    """It is told, the batch stays, and the mended plugin collects it."""
    office = Office(on_collect=fails(KeyError("results")))
    fatal = post(office, ledger)
    assert "KeyError: 'results'" == (fatal and fatal.message)
    assert dict.fromkeys(KEYS) == recorded(ledger)
    assert None is post(office, ledger)
    assert texts() == recorded(ledger)
    assert 1 == office.counts["submit"]


@pytest.mark.parametrize("name", [None, "", 7])
def test_a_service_that_gives_no_name_is_at_fault(name: Any, ledger: Ledger) -> None:
    """What it took is looked for by the next command."""
    office = Office()
    nameless = type("Nameless", (batch_class(office),), {"submit": lambda self, *a: office.submit(*a) and name})
    how = hasty(timeout=600.0)
    fatal = drawn_from(nameless, lambda: wanted(ledger, KEYS, how), ledger, how)
    assert "a batch's name is text" in (fatal and fatal.message)
    assert None is post(office, ledger)
    assert texts() == recorded(ledger)
    assert 1 == office.counts["submit"]


def test_answers_that_are_none_are_failures(ledger: Ledger) -> None:
    """What cannot be read again is not recorded as an answer."""
    odd = [None, "text", Completion.model_construct(text=7), Failure.model_construct(kind="none such")]
    office = Office(answer=lambda key, request: odd[int(key, 16) % len(odd)])
    post(office, ledger)
    assert dict.fromkeys(KEYS, "error") == recorded(ledger)


def test_a_search_that_cannot_tell_yet_is_repeated(ledger: Ledger) -> None:
    """However long: a batch that is not finished may not say whose it is."""
    office = Office(fuse=Fuse(1))
    with pytest.raises(Killed):
        post(office, ledger)
    office.fuse = Fuse()
    office.on_find = fails(*[Failed("error", "cannot tell", retryable=True)] * 30)
    assert None is post(office, ledger)
    assert texts() == recorded(ledger)
    assert 1 == office.counts["submit"]


def test_a_call_of_which_nobody_can_say_what_to_ask_has_failed(ledger: Ledger) -> None:
    """Its plugin raised; the others are submitted."""
    how, office = hasty(), Office()

    class Broken(type(next(wanted(ledger, KEYS, how)))):
        request = property(lambda self: 1 // 0)

    def drawn() -> Iterator[Any]:
        for call in wanted(ledger, KEYS, how):
            yield Broken(call.key, ledger) if call.key == KEYS[2] else call

    drawn_from(batch_class(office), drawn, ledger, how)
    assert {**texts(), KEYS[2]: "error"} == recorded(ledger)
    assert KEYS[2] not in office.submitted
