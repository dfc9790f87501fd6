"""What surrounds a call: another attempt, its price, the budget, and what is told of all that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from conftest import model_class
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Completion, Failed, Model, Request, Turn, Usage
from brie_bench.engine.calls.asking import Asker, Drawn, attempt
from brie_bench.engine.calls.budget import Budget
from brie_bench.engine.calls.call import Stream
from brie_bench.engine.calls.pool import run_calls
from brie_bench.engine.calls.retrying import Passing, Patience
from brie_bench.errors import FailureKind
from brie_bench.spec.judgment import Failure
from brie_bench.spec.suite import Sampling

from .experiments import Priced

QUICK = Patience(attempts=3, first=0.001, longest=0.002)
REQUEST = Request(messages=(Turn(role="user", content="Hello?"),), sampling=Sampling(max_tokens=100))
NOTHING = Usage(input_tokens=0, output_tokens=0)


@dataclass(eq=False)
class Asked:
    """A call of a model, which remembers what it came to."""

    model: Model | None
    request: Any = REQUEST
    key: str = "key"
    outcomes: list[Any] = field(default_factory=list)

    def ask(self) -> Completion:
        if self.model is None:
            return Completion(text="of its own accord")
        return self.model.complete(self.request)

    def read(self, answer: Completion) -> Completion:
        if answer.text == "unreadable":
            raise Failed("unparsed", "no verdict", usage=answer.usage, retryable=True)
        return answer

    def done(self, outcome: Any) -> None:
        self.outcomes.append(outcome)


def model(answer: Callable[[Request], Any], name: str = "model") -> Model:
    """A model that answers so."""
    return model_class(name, answer)()


def scripted(*script: Any, name: str = "model") -> Model:
    """A model that gives these answers, and raises those that are errors, one after the other."""
    left = iter(script)

    def answer(_: Request) -> Any:
        said = next(left)
        if isinstance(said, Exception):
            raise said
        return said

    return model(answer, name)


def said(tokens: int, text: str = "Hm.") -> Completion:
    """An answer that took so many tokens."""
    return Completion(text=text, usage=Usage(input_tokens=tokens, output_tokens=0))


def outcomes(asker: Asker, *calls: Asked, connections: int = 1) -> list[Any]:
    """What each call came to, in their order; each call has a stream of its own, in one lane."""
    streams = [Stream("lane", iter([call])) for call in calls]
    run_calls(streams, tell, connections=connections, asker=asker)
    return [outcome for call in calls for outcome in call.outcomes]


def tell(finished: list[tuple[Any, Any]]) -> None:
    """Tell each call its outcome."""
    for call, outcome in finished:
        call.done(outcome)


# attempts


def test_attempts_are_counted_in_what_is_recorded() -> None:
    """Of a completion and of a failure alike; one attempt is not worth a word."""
    down = Failed("error", "down", retryable=True)
    calls = [Asked(scripted(down, down, "at last")), Asked(scripted(down, down, down)), Asked(scripted("at once"))]
    found = outcomes(Asker(QUICK), *calls)
    assert [("at last", 3), ("down", 3), ("at once", 1)] == [
        (getattr(each, "text", "") or each.message, each.attempts) for each in found
    ]


def test_what_was_read_is_not_asked_again() -> None:
    """An answer without a verdict was paid for, and another one would be another judgment."""
    (failure,) = outcomes(Asker(QUICK), Asked(scripted(said(5, "unreadable"))))
    assert (FailureKind.UNPARSED, 1) == (failure.kind, failure.attempts)


def test_a_plugin_s_nonsense_about_waiting_is_none() -> None:
    """A wait that is no number of seconds is not one."""
    error = Failed("rate_limited", "429", retry_after="soon")  # type: ignore[arg-type]
    found = attempt(Asked(scripted(error)))
    assert Passing(Failure(kind="rate_limited", message="429"), None) == found


def test_a_wait_that_nobody_waits_is_a_failure_that_says_so() -> None:
    """Of the kind it is, with the server's message and both numbers, after one attempt."""
    error = Failed("rate_limited", "try tomorrow", retry_after=3600.0)
    (failure,) = outcomes(Asker(QUICK), Asked(scripted(error)))
    assert "try tomorrow (asks to wait 3600 s; at most 120 s are waited)" == failure.message
    assert (FailureKind.RATE_LIMITED, 1) == (failure.kind, failure.attempts)


def test_who_is_put_off_again_and_again_stops_asking() -> None:
    """Five times in a row: the stream is over, and the rest is left for another time."""
    error = Failed("rate_limited", "try tomorrow", retry_after=3600.0)

    def tomorrow(_: Request) -> str:
        raise error

    calls = [Asked(model(tomorrow)) for _ in range(400)]
    stream = Stream("lane", iter(calls))
    run_calls([stream], tell, connections=8, asker=Asker(QUICK))
    assert stream.fatal is not None
    assert "try tomorrow (asks to wait 3600 s" in stream.fatal.message
    assert 5 <= sum(bool(call.outcomes) for call in calls) <= 2 * 8


# prices


def test_an_answer_s_cost_is_recorded() -> None:
    """Tokens times the price; what a plugin says itself stands; an unknown price is unknown."""
    own = Completion(text="own", usage=Usage(input_tokens=1, cost=7.0))
    calls = [Asked(scripted(said(50))), Asked(scripted(own)), Asked(scripted(said(50), name="unknown")), Asked(None)]
    found = outcomes(Asker(QUICK, prices=Priced()), *calls)
    assert [0.5, 7.0, None, None] == [each.usage.cost for each in found]
    assert [Usage(input_tokens=50, output_tokens=0)] == [
        each.usage for each in outcomes(Asker(), Asked(scripted(said(50))))
    ]


def test_a_failure_s_cost_is_recorded() -> None:
    """A refusal that was paid for was paid for."""
    error = Failed("refused", "no", usage=Usage(input_tokens=10, output_tokens=2))
    (failure,) = outcomes(Asker(QUICK, prices=Priced()), Asked(scripted(error)))
    assert 0.12 == failure.usage.cost


def test_what_earlier_attempts_took_is_recorded_with_the_last() -> None:
    """Tokens and cost add up; where one attempt's cost is not known, that of all is not."""
    paid = Failed("error", "half an answer", retryable=True, usage=Usage(input_tokens=10, output_tokens=5))
    lost = Failed("timeout", "nobody knows")
    found = outcomes(
        Asker(QUICK, prices=Priced()), Asked(scripted(paid, said(20))), Asked(scripted(lost, paid, said(20)))
    )
    total = Usage(input_tokens=30, output_tokens=5)
    assert [total.replace(cost=0.35), total] == [each.usage for each in found]


# the budget


def spent(asker: Asker) -> float:
    """What the budget says, after the last call."""
    return round(asker.budget.spent, 9)


def test_a_call_is_counted_at_its_cost_and_a_lost_one_in_full() -> None:
    """A time-out may have been billed; a refused request was not."""
    asker = Asker(QUICK, Budget(10.0), Priced())
    outcomes(asker, Asked(scripted(said(25))))
    assert 0.25 == spent(asker)
    outcomes(asker, Asked(scripted(Failed("timeout", "nobody knows"), said(25))))
    assert 1.5 == spent(asker)
    outcomes(asker, Asked(scripted(Failed("rate_limited", "429", usage=NOTHING), said(25))))
    assert 1.75 == spent(asker)
    outcomes(asker, Asked(scripted(ValueError("a fault of the plugin's"))))
    assert 2.75 == spent(asker)


def test_a_call_that_is_given_up_counts_in_full() -> None:
    """Its thread hangs, and the server may answer it yet."""
    gate = threading.Event()
    asker = Asker(QUICK, Budget(10.0), Priced())
    call = Asked(model(lambda _: str(gate.wait(20))))
    run_calls([Stream("lane", iter([call]))], tell, timeout=0.2, asker=asker)
    gate.set()
    assert [FailureKind.TIMEOUT] == [each.kind for each in call.outcomes]
    assert 1.0 == spent(asker)


def test_nothing_is_begun_that_does_not_fit() -> None:
    """One call at a time of a dollar at most, each of them ten cents: eleven fit into two dollars."""
    asker = Asker(QUICK, Budget(2.0), Priced())
    calls = [Asked(scripted(said(10))) for _ in range(30)]
    stream = Stream("lane", iter(calls))
    run_calls([stream], tell, connections=8, asker=asker)
    assert 11 == sum(len(call.outcomes) for call in calls)
    assert 1.1 == spent(asker)
    assert (None, True) == (stream.fatal, asker.budget.exhausted)


def test_what_costs_nothing_goes_on_without_money() -> None:
    """A judge of our own finishes, whatever became of the paid ones."""
    asker = Asker(QUICK, Budget(0.5), Priced())
    paid, free = [Asked(scripted(said(10))) for _ in range(9)], [Asked(None) for _ in range(9)]
    run_calls([Stream("x", iter(paid)), Stream("x", iter(free)), Stream("y", iter([Asked(None)]))], tell, asker=asker)
    assert (0, 9) == tuple(sum(len(call.outcomes) for call in calls) for calls in (paid, free))


@pytest.mark.parametrize("prices", [None, Priced()])
def test_a_price_that_is_not_known_is_fatal_under_a_limit(prices: Priced | None) -> None:
    """Nothing is asked, and the stream says why."""
    call = Asked(scripted(said(1), name="unknown"))
    stream = Stream("lane", iter([call]))
    run_calls([stream], tell, asker=Asker(QUICK, Budget(5.0), prices))
    assert [] == call.outcomes
    assert stream.fatal is not None
    assert "--prices FILE" in stream.fatal.message


def test_a_request_that_cannot_be_made_costs_nothing() -> None:
    """The plugin's fault is the call's failure."""

    class Broken(Asked):
        @property
        def request(self) -> Request:
            raise KeyError("rubric")

        @request.setter
        def request(self, value: Any) -> None:
            pass

    asker = Asker(QUICK, Budget(5.0), Priced())
    (failure,) = outcomes(asker, Broken(scripted(said(1))))
    assert (FailureKind.ERROR, 0.0) == (failure.kind, spent(asker))


class Biller:
    """A server that bills: it knows what it was paid, which a caller may not learn."""

    def __init__(self) -> None:
        self.lock, self.billed, self.most = threading.Lock(), 0.0, 0.0

    def serve(self, tokens: int, lost: bool) -> Completion:
        """Bill, and answer or lose the answer."""
        with self.lock:
            self.billed += tokens / 100
        if lost:
            raise Failed("timeout", "lost on the way")
        return said(tokens)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, max_size=4), max_size=25),
    st.floats(0.0, 12.0),
    st.integers(1, 6),
    st.integers(1, 3),
)
def test_a_server_never_bills_more_than_the_limit(
    script: list[list[tuple[int, bool]]], limit: float, connections: int, n_lanes: int
) -> None:
    """Whatever is lost, in whatever order, over however many lanes; and each call comes to something once at most."""
    biller, asker = Biller(), Asker(QUICK, Budget(limit), Priced())

    def serving(attempts: list[tuple[int, bool]]) -> Model:
        left = iter(attempts)
        return model(lambda _: biller.serve(*next(left, (0, False))))

    calls = [Asked(serving(attempts)) for attempts in script]
    streams = [Stream(f"lane-{lane}", iter(calls[lane::n_lanes])) for lane in range(n_lanes)]
    run_calls(streams, tell, connections=connections, asker=asker)
    assert biller.billed <= limit
    assert biller.billed <= asker.budget.spent + 1e-9
    assert asker.budget.spent <= limit + 1e-9
    assert all(len(call.outcomes) <= 1 for call in calls)
    if not asker.budget.exhausted:
        assert all(len(call.outcomes) == 1 for call in calls)


# a call on its way


def drawn_of(asker: Asker) -> Drawn:
    """A call that may cost a dollar, for which that is held."""
    drawn = Drawn(Asked(scripted()), Stream("lane", iter(())))
    assert asker.admit(drawn)
    return drawn


def test_a_call_is_held_for_once_and_given_back_when_it_is_not_made() -> None:
    """However often it is handed out, taken back, or left."""
    asker = Asker(QUICK, Budget(1.0), Priced())
    drawn = drawn_of(asker)
    assert asker.admit(drawn)
    asker.begin(drawn, 0.0)
    asker.release(drawn)
    assert (0.0, True) == (spent(asker), asker.budget.fits(1.0))


def test_an_attempt_that_is_handed_out_and_not_made_costs_nothing() -> None:
    """A worker that finds the stream over asks nobody, though the call was asked before."""
    asker = Asker(QUICK, Budget(3.0), Priced())
    drawn = drawn_of(asker)
    asker.begin(drawn, 0.0)
    drawn.ask_at(0.0)
    asker.settle(drawn, Failure(kind="timeout"))
    assert asker.admit(drawn)
    asker.begin(drawn, 1.0)
    asker.settle(drawn, Failure(kind="fatal"))
    assert (1.0, True) == (spent(asker), asker.budget.fits(2.0))


def test_an_answer_ends_a_row_of_refusals() -> None:
    """Whatever it is; and the pace of the lane grows."""
    asker = Asker(QUICK)
    drawn = Drawn(Asked(scripted()), Stream("lane", iter(()), put_off=4))
    asker.pace("lane").refuse(0.0, 0.0, 0.0)
    for _ in range(60):
        asker.outcome(drawn, said(1))
    assert (0, True) == (drawn.stream.put_off, asker.pace("lane").is_free)


# tokens a minute


def test_tokens_are_expected_and_then_counted() -> None:
    """A call is thought to take its prompt and all that it may answer; then what it did take counts."""
    asker = Asker(QUICK, tokens_per_minute=60_100)
    pace = asker.pace("lane")
    drawn = Drawn(Asked(scripted()), Stream("lane", iter(())))
    asker.begin(drawn, 0.0)
    assert 102 == drawn.tokens
    assert pytest.approx(0.102) == pace.due()
    drawn.ask_at(0.0)
    asker.settle(drawn, said(40))
    assert pytest.approx(0.040) == pace.due()
