"""When a call is asked again, and after how long: the one policy for all providers, whose own retries are off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tenacity import (
    RetryCallState,
    Retrying,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential_jitter,
    wait_random,
)
from tenacity.wait import wait_base

from brie_bench.spec.judgment import Failure

ATTEMPTS = 6
"""How often a call is tried at most."""


@dataclass(frozen=True, slots=True)
class Passing:
    """A failed attempt at a call that may succeed later. `retry_after`: the seconds that a server asked to be left alone."""

    failure: Failure
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a call is tried. Seconds."""

    attempts: int = ATTEMPTS
    """At most."""
    first: float = 1.0
    """The first wait; each next one is twice as long, and up to a second longer by chance."""
    longest: float = 60.0
    """The longest wait that nobody asked for."""
    longest_asked: float = 120.0
    """The longest wait that is granted to a server that asks for one; a call that would have to wait longer fails."""
    total: float = 900.0
    """The most seconds from the first attempt to the last."""

    def wait(self, passing: Passing, *, attempts: int, seconds: float) -> float | None:
        """How long to wait after so many attempts and seconds; None: not at all, the call has failed."""
        if self.too_long(passing):
            return None
        asked = passing.retry_after
        if asked is None:
            waiting: wait_base = wait_exponential_jitter(self.first, self.longest, jitter=min(1.0, self.first))
        else:  # never sooner than it was asked for, nor all at the same moment
            waiting = wait_random(asked, 1.1 * asked)
        retrying = Retrying(wait=waiting, stop=stop_after_attempt(self.attempts) | stop_before_delay(self.total))
        state = RetryCallState(retrying, None, (), {})
        state.attempt_number = attempts
        state.start_time, state.outcome_timestamp = 0.0, seconds
        state.upcoming_sleep = float(waiting(state))
        return None if retrying.stop(state) else state.upcoming_sleep

    def too_long(self, passing: Passing) -> bool:
        """Whether a server asks to be left alone for longer than anybody waits."""
        return passing.retry_after is not None and passing.retry_after > self.longest_asked


def seconds(value: Any) -> float | None:
    """A plugin's `retry_after`, if it is a number of seconds."""
    if isinstance(value, int | float) and math.isfinite(value) and value >= 0:
        return float(value)
    return None
