"""How fast a provider may be asked: so many requests and tokens a minute, and slower for a while when it says that it is
too much."""

from __future__ import annotations

import math
from collections import deque

_CREDIT = 0.1
"""Seconds that may be caught up: who looks a little late does not lose a turn."""
_RECOVERY = 16
"""Successes after which a lowered pace is back where it was lowered: one refusal in as many calls does not stop a run."""
_SHORTEST = 0.5
"""Seconds that a pace is measured over at least."""
_SLOWEST = 1 / 60
"""Calls a second below which no pace is lowered."""
_RECENT = 32
_MANY = 3
"""Refusals since the pace was lowered, and more than a quarter of the answers, that lower it again: a server that refuses a
call now and then, however slowly it is asked, is not asked ever more slowly."""


class Pace:
    """The pace of one lane. Moments are seconds of a monotonic clock. Used by one thread, and has none of its own.

    Without limits calls go as fast as they come. A refusal (429) stops the whole lane for as long as it asks. The first one
    halves the pace at which it was reached, and so do many after it; then the pace grows again with every other answer, and is
    forgotten when it is twice what it was when it was first refused.
    """

    def __init__(self, requests_per_minute: float | None = None, tokens_per_minute: float | None = None) -> None:
        self._per_request = (60.0 + _CREDIT) / requests_per_minute if requests_per_minute else 0.0
        self._per_token = (60.0 + _CREDIT) / tokens_per_minute if tokens_per_minute else 0.0
        self._next = -math.inf
        self._begun: deque[float] = deque(maxlen=_RECENT)
        self._lowered: _Lowered | None = None
        self._lowered_at = -math.inf
        self._refused: deque[bool] = deque(maxlen=_RECENT)

    @property
    def counts_tokens(self) -> bool:
        """Whether `begin` and `used` need to know tokens."""
        return self._per_token > 0

    @property
    def is_free(self) -> bool:
        """Whether nothing limits the pace at the moment."""
        return self._lowered is None and not self._per_request and not self._per_token

    def due(self) -> float:
        """The moment from which the next call may begin."""
        return self._next

    def begin(self, moment: float, tokens: int = 0) -> None:
        """A call begins that takes about so many tokens."""
        self._begun.append(moment)
        if self.is_free:
            return
        spacing = max(self._per_request, tokens * self._per_token)
        if self._lowered is not None:
            spacing = max(spacing, 1.0 / self._lowered.rate)
        is_late = moment - self._next <= _CREDIT
        self._next = (self._next if is_late else moment) + spacing

    def used(self, expected: int, tokens: int) -> None:
        """A call took `tokens` where so many were expected."""
        self._next -= (expected - tokens) * self._per_token

    def succeed(self) -> None:
        """A call was answered, whatever the answer, and was not refused."""
        self._refused.append(False)
        if self._lowered is not None and self._lowered.grow():
            self._lowered = None

    def refuse(self, begun: float, moment: float, wait: float, *, asked: bool = True) -> None:
        """A call that was begun at `begun` was refused for going too fast. Nobody begins for `wait` seconds if the provider
        `asked` for them, or if it refuses so many that the pace is lowered."""
        if asked:
            self._next = max(self._next, moment + wait)
        if begun < self._lowered_at:
            return  # the pace was lowered since
        self._refused.append(True)
        if self._lowered is None:
            since = self._begun[0] if self._begun else moment
            self._lowered = _Lowered(len(self._begun) / max(_SHORTEST, moment - since))
        elif not _MANY <= sum(self._refused) > len(self._refused) / 4:
            return
        self._next = max(self._next, moment + wait)
        self._lowered_at = moment
        self._refused.clear()
        self._lowered.lower()


class _Lowered:
    """A pace in calls a second: halved at once, then growing with every success."""

    def __init__(self, rate: float) -> None:
        self.rate = self._goal = rate
        self._forgotten = 2 * rate

    def lower(self) -> None:
        """Halve it."""
        self._goal = self.rate
        self.rate = max(_SLOWEST, self.rate / 2)

    def grow(self) -> bool:
        """By so much that it is soon where it was halved, and faster beyond; whether it need not be kept any more."""
        self.rate += self._goal / (2 * _RECOVERY)
        self._goal = max(self._goal, self.rate)
        return self.rate >= self._forgotten
