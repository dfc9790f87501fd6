"""A rate limit that the server really keeps, for clients that adapt to one."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class RateLimit:
    """What a client may do before it gets a 429 with a wait."""

    requests: int | None = None
    """Calls in any `per` seconds; a call that is refused does not count."""
    per: float = 60.0
    """Seconds."""
    in_flight: int | None = None
    """Calls at a time."""


class Gate:
    """Keeps a `RateLimit`."""

    def __init__(self, limit: RateLimit, now: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._now = now
        self._recent: deque[float] = deque()
        self._inside = 0
        self._lock = threading.Lock()

    def enter(self) -> float | None:
        """None where the call may go on (then `leave` must follow), or the seconds to wait."""
        with self._lock:
            now = self._now()
            while self._recent and self._recent[0] <= now - self._limit.per:
                self._recent.popleft()
            if self._limit.requests is not None and len(self._recent) >= self._limit.requests:
                return self._recent[0] + self._limit.per - now
            if self._limit.in_flight is not None and self._inside >= self._limit.in_flight:
                return 0.0
            if self._limit.requests is not None:
                self._recent.append(now)
            self._inside += 1
            return None

    def leave(self) -> None:
        """The call has ended."""
        with self._lock:
            self._inside -= 1
