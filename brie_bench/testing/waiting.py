"""Waiting on a connection's thread without occupying a core, and noticing at once when it is in vain."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from enum import Enum, auto
from types import TracebackType
from typing import Self

_LOOK = 0.02


class Waited(Enum):
    """How a wait ended."""

    OVER = auto()
    GONE = auto()
    """The client hung up, or the server is closing."""


class Waiter:
    """Waits while a client may hang up and the server may close."""

    def __init__(self, connection: socket.socket, bell: socket.socket, stopping: threading.Event) -> None:
        self._connection = connection
        self._stopping = stopping
        self._selector = selectors.PollSelector() if hasattr(selectors, "PollSelector") else selectors.SelectSelector()
        self._selector.register(connection, selectors.EVENT_READ)
        self._selector.register(bell, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._selector.close()

    @property
    def gone(self) -> bool:
        """Whether nobody is there to answer, or nobody to answer them."""
        return self.wait(0.0) is Waited.GONE

    def wait(self, seconds: float | None) -> Waited:
        """Wait that long, or until the client hangs up."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready = self._selector.select(left)
            if self._stopping.is_set() or (ready and self._hung_up()):
                return Waited.GONE
            if left is not None and deadline is not None and time.monotonic() >= deadline:
                return Waited.OVER
            if ready:  # the client already sends its next request: nothing to wait for on the socket
                self._stopping.wait(_LOOK if left is None else min(left, _LOOK))

    def wait_for(self, event: threading.Event) -> Waited:
        """Wait for an event, or until the client hangs up."""
        while not event.wait(_LOOK):
            if self.gone:
                return Waited.GONE
        return Waited.OVER

    def _hung_up(self) -> bool:
        try:
            return self._connection.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True
