"""The budget: never exceeded, whatever the order in which calls are held, lost and settled."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench.engine.calls.budget import Budget

DOLLARS = st.floats(0.0, 3.0)


class Note:
    """Remembers the last amount that was noted, and how many were."""

    def __init__(self) -> None:
        self.amount, self.times = 0.0, 0

    def __call__(self, dollars: float) -> None:
        self.amount, self.times = dollars, self.times + 1


CALLS = st.lists(st.tuples(DOLLARS, st.floats(0.0, 1.0) | st.none(), st.integers(0, 5)))
"""For each call what it costs at most, how much of that it does cost (None: it is lost), and how many are settled then."""


@settings(max_examples=150, deadline=None)
@given(st.floats(0.0, 10.0), st.floats(0.0, 4.0), CALLS)
def test_a_limit_is_never_exceeded(limit: float, before: float, calls: list[tuple[float, float | None, int]]) -> None:
    """By what is spent and what is held together; and what was noted is never less than that: a crash loses nothing."""
    budget, note = Budget(limit), Note()
    budget.resume(before, note)
    note.amount = before
    in_flight: list[tuple[float, float]] = []
    bill = Fraction(before)

    def settle() -> None:
        nonlocal bill
        worst, cost = in_flight.pop(0)
        budget.settle(worst, cost)
        bill += Fraction(cost)

    for worst, share, n_settled in calls:
        if budget.hold(worst):
            in_flight.append((worst, worst if share is None else share * worst))
        at_most = bill + sum(Fraction(each) for each, _ in in_flight)
        assert before > limit or at_most <= Fraction(limit)
        assert note.amount >= float(at_most) - 1e-9
        for _ in range(min(n_settled, len(in_flight))):
            settle()
    while in_flight:
        settle()
    budget.rest()
    assert pytest.approx(float(bill), abs=1e-9) == budget.spent
    assert pytest.approx(budget.spent, abs=1e-9) == note.amount


def test_what_is_lost_counts_in_full() -> None:
    """A call whose cost is not known may have cost what was held for it."""
    budget = Budget(1.0)
    assert budget.hold(0.6)
    budget.settle(0.6, None)
    assert 0.6 == budget.spent
    assert not budget.fits(0.41)
    assert budget.hold(0.4)


def test_what_turns_out_cheaper_makes_room() -> None:
    """A call that does not fit now is no end while another is in flight."""
    budget = Budget(1.0)
    assert budget.hold(0.6)
    assert (False, False) == (budget.hold(0.6), budget.exhausted)
    budget.settle(0.6, 0.1)
    assert (True, False) == (budget.hold(0.6), budget.exhausted)


def test_what_does_not_fit_with_nothing_in_flight_is_the_end() -> None:
    """Even a cheaper call is then refused: the run ends in order. What costs nothing goes on."""
    budget = Budget(1.0)
    assert "" == budget.exhaustion
    assert not budget.hold(1.1)
    assert "the cost limit of $1 leaves no room for another call: $0.0000 is spent." == budget.exhaustion
    assert not budget.hold(0.1)
    assert budget.hold(0.0)


def test_a_limit_can_be_spent_to_the_last_cent() -> None:
    """Ten times ten cents are a dollar, though they are not as floating-point numbers."""
    budget = Budget(1.0)
    for _ in range(10):
        assert budget.hold(0.1)
        budget.settle(0.1, 0.1)
    assert 1.0 == budget.spent
    assert not budget.hold(1e-9)


def test_without_a_limit_everything_fits_and_is_counted() -> None:
    """What was spent is told all the same."""
    budget, note = Budget(), Note()
    budget.resume(2.0, note)
    assert budget.hold(1e9)
    budget.settle(0.0, 0.25)
    budget.settle(0.0, None)
    assert (2.25, 0) == (budget.spent, note.times)
    budget.rest()
    assert (2.25, 1) == (note.amount, note.times)


def test_notes_are_few() -> None:
    """A ledger is not written to for every call."""
    budget, note = Budget(1.0), Note()
    budget.resume(0.0, note)
    for _ in range(1000):
        assert budget.hold(0.001)
        budget.settle(0.001, 0.001)
    assert note.times <= 60


def test_what_was_spent_before_counts() -> None:
    """The limit is one for all commands that continue a run."""
    budget = Budget(1.0)
    budget.resume(0.7, Note())
    assert not budget.fits(0.4)
    assert budget.hold(0.3)
