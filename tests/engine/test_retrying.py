"""When a call is asked again: as often, as late and as long as the one policy says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench.engine.calls.retrying import Passing, Patience, seconds
from brie_bench.spec.judgment import Failure

DOWN = Failure(kind="error", message="down")


def waits(patience: Patience, retry_after: float | None = None) -> list[float]:
    """Every wait of a call that never succeeds and whose attempts take no time."""
    found: list[float] = []
    while (wait := patience.wait(Passing(DOWN, retry_after), attempts=len(found) + 1, seconds=sum(found))) is not None:
        found.append(wait)
    return found


def test_each_wait_is_twice_as_long_up_to_the_longest() -> None:
    """And up to a second longer, by chance."""
    found = waits(Patience(attempts=9))
    assert [1, 2, 4, 8, 16, 32, 60, 60] == [min(60, 2**number) for number in range(8)]
    for number, wait in enumerate(found):
        assert min(60, 2**number) <= wait <= min(60, 2**number + 1)
    assert 8 == len(found)


def test_waits_differ() -> None:
    """Callers that fail together do not come back together."""
    assert len({waits(Patience(attempts=2))[0] for _ in range(20)}) > 10
    assert len({waits(Patience(attempts=2), 3.0)[0] for _ in range(20)}) > 10


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.floats(0.0, 120.0) | st.none(), st.floats(1.0, 1000.0))
def test_attempts_and_time_are_bounded(attempts: int, retry_after: float | None, total: float) -> None:
    """Whatever a server asks for."""
    found = waits(Patience(attempts=attempts, total=total), retry_after)
    assert len(found) < attempts
    assert sum(found) < total


@settings(max_examples=60, deadline=None)
@given(st.floats(0.0, 120.0))
def test_a_server_s_wait_is_kept(retry_after: float) -> None:
    """Never shorter than it asked, and at most a tenth longer."""
    for wait in waits(Patience(attempts=3), retry_after):
        assert retry_after <= wait <= 1.1 * retry_after


def test_a_longer_wait_than_anybody_waits_is_a_failure() -> None:
    """At once, on the first attempt."""
    patience = Patience(longest_asked=120.0)
    assert (1, 0) == (len(waits(Patience(attempts=2), 120.0)), len(waits(patience, 120.1)))
    assert [True, False, False] == [patience.too_long(Passing(DOWN, after)) for after in (121.0, 120.0, None)]


def test_one_attempt_is_one() -> None:
    """Nobody waits for nothing."""
    assert [] == waits(Patience(attempts=1))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2, 2.0), (0.5, 0.5), (0, 0.0), (-1, None), (None, None), ("3", None), (float("nan"), None), (float("inf"), None)],
)
def test_only_a_number_of_seconds_is_a_wait(value: Any, expected: float | None) -> None:
    """A plugin may hand on anything."""
    assert expected == seconds(value)
