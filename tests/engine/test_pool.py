"""The pool: every call once, within its lane's limits, whatever a plugin does."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Failed
from brie_bench.engine.calls.answers import LONGEST_RAW, answer_of
from brie_bench.engine.calls.asking import Asker
from brie_bench.engine.calls.call import AnyCall, Stream
from brie_bench.engine.calls.pool import Stop, run_calls
from brie_bench.engine.calls.retrying import Patience
from brie_bench.errors import FailureKind, LedgerError
from brie_bench.spec.completion import Usage
from brie_bench.spec.judgment import Failure

PATIENCE = 20.0
"""Seconds after which a test that waits for another thread gives up."""


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Calls that hang wait for it; it opens when the test is over."""
    event = threading.Event()
    yield event
    event.set()


@dataclass(eq=False)
class Work:
    """A call that does what it is told to."""

    work: Callable[[], Any]
    tell: Callable[[Any], None] = lambda _: None
    key: str = ""
    model: None = None
    request: None = None

    def ask(self) -> Any:
        return self.work()

    def read(self, answer: Any) -> Any:
        return answer

    def done(self, outcome: Any) -> None:
        self.tell(outcome)


def stream(*works: Callable[[], Any], lane: str = "lane", limit: int | None = None) -> Stream:
    """A stream of these calls."""
    return Stream(lane, map(Work, works), limit)


def answers(*streams: Stream, **options: Any) -> list[Any]:
    """Every answer that is handed back, in the order of its coming; no call is tried twice unless an asker does so."""
    found: list[Any] = []
    options = {"asker": Asker(Patience(attempts=1, first=0.01)), **options}
    run_calls(list(streams), lambda finished: found.extend(answer for _, answer in finished), **options)
    return found


def kinds(found: list[Any]) -> list[str]:
    """Of failures their kind, of other answers `answered`."""
    return sorted(str(each.kind) if isinstance(each, Failure) else "answered" for each in found)


class Meter:
    """Counts how many of its calls are at work at once."""

    def __init__(self) -> None:
        self.lock, self.now, self.most = threading.Lock(), 0, 0

    def work(self) -> None:
        """Be at work for a moment."""
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.002)
        with self.lock:
            self.now -= 1


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("xyz"), st.integers(0, 40)), max_size=5), st.integers(1, 9))
def test_every_call_is_answered_once(shape: list[tuple[str, int]], connections: int) -> None:
    """Whatever the streams, lanes and connections."""
    calls = [[(lane, at, number) for number in range(n)] for at, (lane, n) in enumerate(shape)]
    streams = [stream(*(lambda mark=mark: mark for mark in marks), lane=shape[at][0]) for at, marks in enumerate(calls)]
    assert sorted(itertools.chain(*calls)) == sorted(answers(*streams, connections=connections))


def test_an_answer_is_told_to_its_own_call() -> None:
    """`done` gets what its `work` returned, on the caller's thread."""
    told: dict[int, Any] = {}
    here: set[int] = set()

    def call(number: int) -> AnyCall:
        def done(answer: int) -> None:
            told[number] = answer
            here.add(threading.get_ident())

        return Work(lambda: -number, done)

    run_calls([Stream("x", map(call, range(50)))], lambda finished: [call.done(answer) for call, answer in finished])
    assert {number: -number for number in range(50)} == told
    assert {threading.get_ident()} == here


def test_nothing_to_do_is_done_at_once() -> None:
    """No stream, an empty stream: nothing is recorded."""
    assert [] == answers() == answers(stream())


def test_what_is_recorded_is_never_empty() -> None:
    """A record is a commit: there is none for nothing."""
    sizes: list[int] = []
    run_calls([stream(lambda: time.sleep(0.5))], lambda finished: sizes.append(len(finished)))
    assert [1] == sizes


@pytest.mark.parametrize(
    ("connections", "limit", "expected"), [(3, None, 3), (8, 2, 2), (1, 5, 1), (4, 0, 4), (4, -1, 1)]
)
def test_a_lane_is_worked_to_its_limit_and_never_past_it(connections: int, limit: int | None, expected: int) -> None:
    """A plugin's max_concurrency lowers it; one that is no number of calls does not stop the run."""
    meter, barrier = Meter(), threading.Barrier(expected)

    def together() -> None:
        meter.work()
        barrier.wait(PATIENCE)  # breaks unless so many calls are at work at once

    found = answers(stream(*[together] * (4 * expected), *[meter.work] * 20, limit=limit), connections=connections)
    assert [None] * len(found) == found
    assert expected == meter.most


def test_streams_of_one_lane_share_its_limit_turn_by_turn() -> None:
    """Two judges over one provider are one stream of calls to it, and the stricter limit holds."""
    meter, order = Meter(), []

    def call(name: str) -> Callable[[], None]:
        def work() -> None:
            order.append(name)
            meter.work()

        return work

    answers(stream(*[call("x")] * 6), stream(*[call("y")] * 6, limit=1), connections=5)
    assert 1 == meter.most
    assert ["x", "y"] * 6 == order


def test_lanes_do_not_wait_for_each_other(gate: threading.Event) -> None:
    """One provider that is slow holds up nobody else."""
    fast = [*[lambda: 1] * 50, gate.set]
    assert [True, *[1] * 50, None] == sorted(
        answers(stream(lambda: gate.wait(PATIENCE), lane="slow"), stream(*fast, lane="fast"), connections=1),
        key=lambda answer: (answer is None, answer is not True),
    )


def test_calls_are_drawn_no_sooner_than_needed() -> None:
    """Of a million calls, no more are ever drawn than are finished or in flight: memory does not grow."""
    drawn, finished, ahead, stop = itertools.count(1), 0, 0, Stop()

    def calls() -> Iterator[AnyCall]:
        nonlocal ahead
        for _ in range(10**6):
            ahead = max(ahead, next(drawn) - finished)
            yield Work(lambda: None)

    def record(done: list[Any]) -> None:
        nonlocal finished
        finished += len(done)
        if finished > 3000:
            stop.ask()

    run_calls([Stream("x", calls())], record, connections=3, stop=stop)
    assert finished >= 3000
    assert ahead <= 2 * 3


# calls that hang


def test_a_call_that_hangs_is_a_timeout_and_the_others_go_on(gate: threading.Event) -> None:
    """Its worker is replaced: one stuck thread costs one verdict."""
    works = [lambda: gate.wait(PATIENCE), *[lambda: 1] * 30]
    found = answers(stream(*works), connections=1, timeout=0.3)
    assert ["answered"] * 30 + ["timeout"] == kinds(found)
    assert ["no answer after 0.3 s"] == [each.message for each in found if isinstance(each, Failure)]


@pytest.mark.parametrize("connections", [1, 2, 5])
def test_calls_behind_hanging_ones_are_not_forgotten(connections: int, gate: threading.Event) -> None:
    """Even when every worker hangs and nothing is left to draw, what was drawn is done."""
    works = [*[lambda: gate.wait(PATIENCE)] * connections, *[lambda: 1] * connections]
    found = answers(stream(*works), connections=connections, timeout=0.2)
    assert ["answered"] * connections + ["timeout"] * connections == kinds(found)


def test_a_late_answer_is_not_a_second_one(gate: threading.Event) -> None:
    """A call that was given up stays given up, though its thread comes back while the run goes on."""

    def last() -> int:
        gate.set()
        time.sleep(0.2)
        return 2

    found = answers(stream(lambda: gate.wait(PATIENCE), *[lambda: 1] * 5, last), connections=1, timeout=0.5)
    assert ["answered"] * 6 + ["timeout"] == kinds(found)
    assert True not in [each for each in found if isinstance(each, bool)]


def test_a_worker_that_comes_back_late_does_not_exceed_the_limit(gate: threading.Event) -> None:
    """It has been replaced, and goes."""
    meter = Meter()
    works = [lambda: gate.wait(PATIENCE), meter.work, gate.set, *[meter.work] * 200]
    answers(stream(*works), connections=1, timeout=0.4)
    assert 1 == meter.most


def test_an_answer_that_came_in_time_counts_however_long_the_recording_takes() -> None:
    """A slow disk makes no timeout of what was answered, and paid for."""
    slept = []

    def record(finished: list[Any]) -> None:
        found.extend(answer for _, answer in finished)
        if not slept:
            slept.append(time.sleep(1.0))

    found: list[Any] = []
    run_calls([stream(*[lambda: 1] * 400)], record, connections=200, timeout=0.5)
    assert [1] * 400 == found


def test_a_plugin_that_never_answers_is_given_up(gate: threading.Event) -> None:
    """When so many threads are stuck at once, its stream is fatal; another lane's goes on."""
    dead, alive = stream(*[lambda: gate.wait(PATIENCE)] * 500, lane="dead"), stream(*[lambda: 1] * 9)
    found = answers(dead, alive, connections=32, timeout=0.3)
    assert dead.fatal is not None
    assert FailureKind.FATAL == dead.fatal.kind
    assert None is alive.fatal
    assert 9 == kinds(found).count("answered")
    assert len(found) < 150


def test_timeouts_that_come_back_do_not_add_up() -> None:
    """Many slow calls over a long run are so many timeouts, and no reason to give the plugin up."""
    slow = stream(*[lambda: time.sleep(0.12)] * 50)
    found = answers(slow, connections=8, timeout=0.01)
    assert None is slow.fatal
    assert 50 == len(found)


# plugins that misbehave


class Mute(Exception):  # noqa: N818  it cannot say what it is
    """An exception that raises when it is told."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Half(Failed):
    """A Failed that was never told what it is."""

    def __init__(self) -> None:
        pass


def raising(error: BaseException) -> Callable[[], Any]:
    """A call that raises."""

    def work() -> Any:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (Failed("refused", "I will not"), "refused", "I will not"),
        (Failed("rate_limited", "slow down", retry_after=2.0), "rate_limited", "slow down"),
        (ValueError("what?"), "error", "ValueError: what?"),
        (SystemExit(3), "error", "SystemExit: 3"),
        (KeyboardInterrupt(), "error", "KeyboardInterrupt: "),
        (GeneratorExit(), "error", "GeneratorExit: "),
        (MemoryError(), "error", "MemoryError: "),
        (StopIteration(1), "error", "StopIteration: 1"),
        (Mute(), "error", "Mute"),
        (Half(), "error", "Half, without words"),
        (Failed("error", "odd", usage="two cents"), "error", "Failed, without words"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_whatever_a_call_raises_is_its_failure(error: BaseException, kind: str, message: str) -> None:
    """Of the right kind, in the exception's words; the run and its workers go on."""
    found = answers(stream(*[lambda: 1] * 5, raising(error), lambda: 1), connections=1)
    assert [1] * 6 == [each for each in found if not isinstance(each, Failure)]
    (failure,) = (each for each in found if isinstance(each, Failure))
    assert kind == failure.kind
    assert failure.message.startswith(message)


def test_a_failure_keeps_what_was_received_and_what_it_cost() -> None:
    """Raw text and usage come through."""
    found = answer_of(raising(Failed("unparsed", "no verdict", raw="Hm.", usage=Usage(output_tokens=7))))
    assert Failure(kind="unparsed", message="no verdict", raw="Hm.", usage=Usage(output_tokens=7)) == found


def test_of_a_failure_s_text_a_megabyte_is_kept() -> None:
    """Whatever somebody's exception carries."""
    found = answer_of(raising(Failed("error", "m" * (LONGEST_RAW + 1), raw="r" * (LONGEST_RAW + 1))))
    assert ("m" * LONGEST_RAW, "r" * LONGEST_RAW) == (found.message, found.raw)


@pytest.mark.parametrize("nonsense", [None, 0, "A", [], object])
def test_what_a_call_returns_is_handed_on_as_it_is(nonsense: Any) -> None:
    """The pool knows nothing of answers; who asked decides what they are worth."""
    assert [nonsense] == answers(stream(lambda: nonsense))


# plugins that can do nothing at all


def test_a_fatal_failure_ends_its_own_stream_and_no_other() -> None:
    """Of the broken one no further call is begun; its neighbour in the same lane, and other lanes, finish."""
    begun: list[int] = []

    def broken() -> None:
        begun.append(1)
        raise Failed("fatal", "no such model")

    bad, good, far = stream(*[broken] * 50), stream(*[lambda: 1] * 50), stream(*[lambda: 1] * 50, lane="far")
    found = answers(bad, good, far, connections=1)
    assert ("no such model", None, None) == (bad.fatal and bad.fatal.message, good.fatal, far.fatal)
    assert 100 == kinds(found).count("answered")
    assert 1 == len(begun)


def test_what_waits_behind_a_fatal_failure_is_not_begun() -> None:
    """It is answered by that failure: nobody asks a provider again that has said no for good."""
    begun: list[int] = []

    def broken() -> None:
        begun.append(1)
        raise Failed("fatal", "no such model")

    assert {"fatal"} == set(kinds(answers(stream(*[broken] * 50), connections=1)))
    assert [1] == begun


def test_an_error_in_drawing_ends_the_run() -> None:
    """What the caller's own side raises is not swallowed, and no worker stays behind."""

    def calls() -> Iterator[AnyCall]:
        yield Work(lambda: 1)
        raise LedgerError("gone")

    before = threading.active_count()
    with pytest.raises(LedgerError, match="gone"):
        run_calls([Stream("x", calls())], lambda _: None)
    wait_for(lambda: threading.active_count() <= before)


def test_no_worker_stays_behind() -> None:
    """After the last answer every thread ends."""
    before = threading.active_count()
    answers(stream(*[lambda: time.sleep(0.01)] * 40), stream(*[lambda: 1] * 40, lane="y"), connections=8)
    wait_for(lambda: threading.active_count() <= before)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until it holds; fail when it does not come to hold."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


# stopping


def test_a_stop_finishes_what_is_in_flight_and_begins_nothing_more() -> None:
    """What a worker is at is answered; what waits for a worker, or is not yet drawn, is left."""
    stop, begun = Stop(), []

    def first() -> str:
        begun.append("first")
        stop.ask()
        time.sleep(1.0)  # the caller looks at `stop` several times a second
        return "finished"

    found = answers(stream(first, *[lambda: begun.append("next")] * 20), connections=1, stop=stop)
    assert ["finished"] == found
    assert ["first"] == begun


def test_a_stop_before_the_start_calls_nothing() -> None:
    """Asked is asked."""
    stop = Stop()
    stop.ask()
    assert [] == answers(stream(*[lambda: 1] * 5), stop=stop)


def test_a_stop_gives_up_what_hangs_after_its_time(gate: threading.Event) -> None:
    """An interrupted run ends, hanging call or not."""
    stop = Stop()

    def hang() -> bool:
        stop.ask()
        return gate.wait(PATIENCE)

    assert ["timeout"] == kinds(answers(stream(hang, lambda: 1), connections=1, timeout=0.3, stop=stop))


# calls that are asked again


QUICK = Patience(attempts=4, first=0.001, longest=0.002)
"""Waits that a test can wait for."""


def failing(times: int, error: Failed, then: Any = 1) -> Callable[[], Any]:
    """A call that raises so often, and then answers."""
    left = iter(range(times))

    def work() -> Any:
        if next(left, None) is not None:
            raise error
        return then

    return work


DOWN = Failed("error", "down", retryable=True)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 6), max_size=30), st.integers(1, 5), st.booleans())
def test_every_call_comes_to_something_once_whatever_fails(shape: list[int], connections: int, paced: bool) -> None:
    """Answered where one of its attempts is, else failed; and nobody is asked more often than that."""
    begun: Counter[int] = Counter()

    def call(number: int, times: int) -> Callable[[], int]:
        work = failing(times, DOWN, number)

        def counted() -> int:
            begun[number] += 1
            return int(work())

        return counted

    asker = Asker(QUICK, requests_per_minute=10**6 if paced else None)
    told: dict[int, list[Any]] = {number: [] for number in range(len(shape))}
    calls = [Work(call(number, times), told[number].append) for number, times in enumerate(shape)]
    run_calls(
        [Stream("x", iter(calls))],
        lambda finished: [call.done(outcome) for call, outcome in finished],
        connections=connections,
        asker=asker,
    )
    for number, times in enumerate(shape):
        (outcome,) = told[number]
        assert min(times + 1, 4) == begun[number]
        if times < 4:
            assert number == outcome
        else:
            assert ("down", 4) == (outcome.message, outcome.attempts)


def test_what_waits_takes_no_worker() -> None:
    """The next call is made meanwhile, and what waited is asked again before anything new is drawn."""
    order: list[str] = []

    def call(name: str, work: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: (order.append(name), work())[1]

    patience = Patience(first=0.05)
    works = [call("first", failing(1, DOWN)), *[call("next", lambda: time.sleep(0.01)) for _ in range(50)]]
    assert 51 == len(answers(stream(*works), connections=1, asker=Asker(patience)))
    assert ["first", "next"] == order[:2]
    assert 2 == order.count("first")
    assert order.index("first", 1) < 40


def test_waiting_counts_against_no_time_out() -> None:
    """Each attempt has its own; a call may wait for longer than any of them takes."""
    found = answers(stream(failing(1, DOWN)), timeout=0.2, asker=Asker(Patience(first=0.6)))
    assert [1] == found


def test_a_hanging_attempt_is_a_timeout_that_counts_the_attempts(gate: threading.Event) -> None:
    """What was tried before is told with it."""
    works = iter([failing(1, DOWN), lambda: gate.wait(PATIENCE)])
    (failure,) = answers(stream(lambda: next(works)()), timeout=0.2, asker=Asker(QUICK))
    assert ("timeout", 2) == (str(failure.kind), failure.attempts)


def test_a_stop_waits_for_no_other_attempt() -> None:
    """What would be asked again is left for another time: it is not recorded as a failure."""
    stop = Stop()

    def down() -> None:
        stop.ask()
        raise DOWN

    assert [] == answers(stream(down), stop=stop, asker=Asker(Patience(first=1000.0)))


def test_a_stop_that_comes_while_a_call_waits_leaves_it() -> None:
    """However long it would have waited."""
    stop = Stop()
    threading.Timer(0.3, stop.ask).start()
    assert [] == answers(stream(failing(1, DOWN)), stop=stop, asker=Asker(Patience(first=50.0)))


def test_a_fatal_failure_leaves_what_waits_in_its_stream() -> None:
    """Nobody waits a minute for a provider that has said no for good."""
    works, stop = iter([failing(1, DOWN), raising(Failed("fatal", "wrong key"))]), Stop()
    alarm = threading.Timer(PATIENCE, stop.ask)
    alarm.start()
    bad = stream(*[lambda: next(works)()] * 2)
    assert ["fatal"] == kinds(answers(bad, connections=1, stop=stop, asker=Asker(Patience(first=60.0))))
    alarm.cancel()
    assert not stop.asked


def test_what_waits_counts_as_drawn() -> None:
    """While a provider is down, not every call there is is begun and put aside."""
    begun, stop = [], Stop()

    def down() -> None:
        begun.append(1)
        raise DOWN

    threading.Timer(0.4, stop.ask).start()
    assert [] == answers(stream(*[down] * 500), connections=2, stop=stop, asker=Asker(Patience(first=60.0)))
    assert 4 == len(begun)


@pytest.mark.parametrize(
    "error",
    [Failed("error", "400"), Failed("refused", "no"), Failed("fatal", "401", retryable=True), ValueError("odd")],
    ids=lambda error: str(error),
)
def test_what_cannot_succeed_later_is_tried_once(error: Exception) -> None:
    """Only a failure that says so is asked again."""
    begun = []

    def work() -> None:
        begun.append(1)
        raise error

    answers(stream(work), asker=Asker(QUICK))
    assert [1] == begun


def test_a_rate_limit_slows_the_whole_lane_and_no_other() -> None:
    """While one call waits as long as it was told to, none of its lane is begun but the one that was handed out with it."""
    begun: dict[str, list[float]] = {"slow": [], "free": []}

    def call(lane: str, work: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: (begun[lane].append(time.monotonic()), work())[1]

    limited = failing(1, Failed("rate_limited", "429", retry_after=0.4))
    slow = stream(call("slow", limited), *[call("slow", lambda: 1) for _ in range(3)], lane="slow")
    free = stream(*[call("free", lambda: time.sleep(0.01)) for _ in range(9)], lane="free")
    found = answers(slow, free, connections=1, asker=Asker(Patience(first=0.01)))
    assert 13 == len(found)
    assert begun["slow"][2] - begun["slow"][0] >= 0.4
    assert begun["free"][-1] < begun["slow"][2]


def test_what_was_handed_out_before_a_rate_limit_is_taken_back() -> None:
    """A call that no worker has begun waits like the others."""
    begun: list[float] = []

    def call(number: int) -> Callable[[], Any]:
        limited = failing(number == 0, Failed("rate_limited", "429", retry_after=1.0))

        def work() -> Any:
            begun.append(time.monotonic())
            time.sleep([0.0, 0.4, 0.2, 0.0][number])
            return limited()

        return work

    assert [1] * 4 == answers(stream(*map(call, range(4))), connections=2, asker=Asker(Patience(first=0.01)))
    assert begun[3] - begun[0] >= 1.0


def test_requests_per_minute_hold_for_each_lane() -> None:
    """One a tenth of a second, whatever the connections; another lane has its own."""
    begun: dict[str, list[float]] = {"x": [], "y": []}

    def call(lane: str) -> Callable[[], Any]:
        return lambda: begun[lane].append(time.monotonic())

    streams = [stream(*[call(lane) for _ in range(6)], lane=lane) for lane in begun]
    since = time.monotonic()
    assert 12 == len(answers(*streams, asker=Asker(requests_per_minute=601)))
    for moments in begun.values():
        assert all(moment - since >= number / 10 - 0.001 for number, moment in enumerate(moments))


def test_nobody_waits_for_a_call_that_is_not_there() -> None:
    """With one request a minute, one call does not take a minute."""
    assert [1] == answers(stream(lambda: 1), asker=Asker(requests_per_minute=1))
