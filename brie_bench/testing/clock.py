"""A clock that can be put forward, for batches that take a day."""

from __future__ import annotations

import datetime
import threading
import time


class Clock:
    """The real time and what has been added to it."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since 1970."""
        with self._lock:
            return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Put it forward."""
        with self._lock:
            self._ahead += seconds


def rfc3339(seconds: float) -> str:
    """`2026-11-20T12:00:00.000000Z`."""
    moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
