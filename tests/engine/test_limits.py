"""The pace of a lane: within its limits, slower when it is told so, and back again."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench.engine.calls.limits import Pace


def begin(pace: Pace, until: float, *, step: float = 0.01, tokens: int = 0) -> list[float]:
    """The moments at which calls begin that are made as soon as they may be, looked at every so often."""
    begun, tick = [], 0
    while (moment := tick * step) < until:
        while pace.due() <= moment and len(begun) < 100_000:
            pace.begin(moment, tokens)
            begun.append(moment)
            if pace.is_free:
                break
        tick += 1
    return begun


def most(moments: list[float], window: float = 60.0) -> int:
    """The most of them that lie in one window."""
    return max((sum(start <= each < start + window for each in moments) for start in moments), default=0)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 600), st.sampled_from([0.01, 0.07, 0.5]))
def test_no_minute_has_more_requests_than_it_may(limit: int, step: float) -> None:
    """Wherever it begins, and however seldom somebody looks; and not much fewer."""
    begun = begin(Pace(limit), 180.0, step=step)
    assert most(begun) <= limit
    if step < 0.1:
        assert len(begun) >= 2 * limit


def test_who_was_idle_has_nothing_saved_up() -> None:
    """After a silence of an hour a minute is still a minute."""
    pace = Pace(60)
    pace.begin(0.0)
    begun = []
    for tick in range(6000):
        moment = 3600.0 + tick / 100
        while pace.due() <= moment:
            pace.begin(moment)
            begun.append(moment)
    assert 55 <= most(begun) <= 60


def test_tokens_are_paid_for_before_the_next_call() -> None:
    """Six thousand a minute are a hundred a second."""
    pace = Pace(None, 6000)
    pace.begin(0.0, 100)
    pace.begin(pace.due(), 500)
    assert pytest.approx(6 * 60.1 / 60) == pace.due()
    assert 10 <= len(begin(Pace(None, 6000), 120.0, tokens=1000)) <= 13


def test_what_was_not_used_is_given_back() -> None:
    """A call that took fewer tokens than expected lets the next one begin sooner; one that took more, later."""
    pace = Pace(None, 6010)
    pace.begin(0.0, 1000)
    due = pace.due()
    pace.used(1000, 200)
    assert pytest.approx(due - 8.0) == pace.due()
    pace.used(200, 1000)
    assert pytest.approx(due) == pace.due()


def test_without_limits_calls_go_as_they_come() -> None:
    """Nothing is due later than now."""
    pace = Pace()
    for _ in range(100):
        pace.begin(5.0)
    assert pace.is_free
    assert -math.inf == pace.due()


# refusals


def test_a_refusal_stops_the_whole_lane_for_as_long_as_it_asks() -> None:
    """Nobody begins before."""
    pace = Pace()
    pace.begin(10.0)
    pace.refuse(10.0, 10.1, 7.0)
    assert pytest.approx(17.1) == pace.due()
    assert not pace.is_free


def test_refusals_halve_the_pace() -> None:
    """Of twenty a second ten are left after the first, and half of that after three more."""
    pace = Pace()
    for tick in range(40):
        pace.begin(tick / 20)
    pace.refuse(1.95, 2.0, 0.0)
    spacing = []
    for moment in range(2, 11):
        pace.begin(moment)
        spacing.append(pace.due() - moment)
        pace.refuse(moment, moment, 0.0)
    assert all(0.08 < each < 0.11 for each in spacing[:3])
    assert all(0.15 < each < 0.25 for each in spacing[3:6])
    assert all(0.3 < each < 0.45 for each in spacing[6:])


def test_nobody_waits_for_a_refusal_that_asks_for_nothing() -> None:
    """Only the call itself does, unless the pace is lowered by it."""
    pace = Pace()
    for tick in range(40):
        pace.begin(tick / 20)
    pace.refuse(1.95, 2.0, 5.0, asked=False)
    assert pytest.approx(7.0) == pace.due()
    pace.begin(7.0)
    due = pace.due()
    pace.refuse(7.0, 7.0, 5.0, asked=False)
    assert due == pace.due()
    pace.refuse(7.0, 7.0, 5.0)
    assert pytest.approx(12.0) == pace.due()


def test_refusals_of_one_burst_are_one_refusal() -> None:
    """Eight calls that were under way together say the same thing once; the longest of their waits holds."""
    pace, alone = Pace(), Pace()
    for each in (pace, alone):
        for _ in range(8):
            each.begin(0.0)
        each.refuse(0.0, 0.5, 1.0)
    for wait in (3.0, 2.0, 1.0):
        pace.refuse(0.0, 0.6, wait)
    assert pytest.approx(3.6) == pace.due()
    pace.begin(3.6)
    alone.begin(3.6)
    assert pytest.approx(alone.due()) == pace.due()


def test_the_pace_comes_back_step_by_step() -> None:
    """Sixteen successes after a refusal it is where it was; when it is twice that, it is forgotten."""
    pace = Pace()
    for tick in range(33):
        pace.begin(tick / 10)
    pace.refuse(3.2, 3.2, 0.0)
    rates = []
    moment = 3.2
    for n_successes in (0, 8, 8):
        for _ in range(n_successes):
            pace.succeed()
        moment = max(moment + 1.0, pace.due())
        pace.begin(moment)
        rates.append(1.0 / (pace.due() - moment))
    assert pytest.approx([5.0, 7.5, 10.0], abs=0.5) == rates
    for _ in range(22):
        pace.succeed()
        assert not pace.is_free
    pace.succeed()
    assert pace.is_free


def serve(accepts: Callable[[float], bool], *, until: float = 300.0, asked: bool = False) -> tuple[int, int]:
    """How many calls a server takes, and how many it refuses, that go as fast as their pace allows."""
    pace, found, tick = Pace(), Counter[bool](), 0
    while (moment := tick / 100) < until:
        if pace.due() <= moment:
            pace.begin(moment)
            accepted = accepts(moment)
            found[accepted] += 1
            if accepted:
                pace.succeed()
            else:
                pace.refuse(moment, moment, 1.0, asked=asked)
        tick += 1
    return found[True], found[False]


@pytest.mark.parametrize("asked", [True, False])
def test_a_server_s_limit_is_found(asked: bool) -> None:
    """Of calls to a server that takes two a second a good half are taken, and it is kept busy."""
    taken: list[float] = []

    def accepts(moment: float) -> bool:
        if sum(moment - each < 1.0 for each in taken[-2:]) == 2:
            return False
        taken.append(moment)
        return True

    n_taken, n_refused = serve(accepts, asked=asked)
    assert n_refused < n_taken / 2
    assert n_taken > 300


@pytest.mark.parametrize("every", [5, 10, 20])
def test_a_refusal_now_and_then_does_not_stop_a_run(every: int) -> None:
    """A server that refuses one call in so many, however slowly it is asked, is not asked ever more slowly."""
    turn = itertools.count(1)
    n_taken, n_refused = serve(lambda _: next(turn) % every != 0)
    assert n_taken > 5000
    assert n_refused <= n_taken / (every - 1)


@pytest.mark.parametrize("seed", range(5))
def test_a_fifth_of_refusals_at_random_is_lived_with(seed: int) -> None:
    """It slows a run for a while; it does not bring it to a halt."""
    source = random.Random(seed)
    assert serve(lambda _: source.random() > 0.2)[0] > 2000


def test_a_pace_is_never_lowered_to_nothing() -> None:
    """However often it is refused, a call a minute is made."""
    pace = Pace()
    moment = 0.0
    for _ in range(180):
        pace.begin(moment)
        pace.refuse(moment, moment, 0.0)
        moment = max(moment, pace.due())
    pace.begin(moment)
    assert pytest.approx(60.0) == pace.due() - moment
