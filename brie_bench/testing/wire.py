"""One connection: HTTP/1.1 as much as a fake server needs, quick, and with bad manners on demand."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from collections.abc import Mapping
from typing import NamedTuple

_LONGEST_HEAD = 1 << 16
_LOOK = 0.02


class BadHttpError(Exception):
    """What came over the socket is no HTTP/1.1 request."""


class HttpRequest(NamedTuple):
    """A request's line, headers and body; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """A client's connection, of which one thread takes care. Waiting on it occupies no core, and ends at once when the
    client hangs up or the server closes."""

    def __init__(self, connection: socket.socket, number: int, bell: socket.socket, stopping: threading.Event) -> None:
        self.number = number
        self._socket = connection
        self._file = connection.makefile("rb")
        self._stopping = stopping
        self._selector = selectors.PollSelector() if hasattr(selectors, "PollSelector") else selectors.SelectSelector()
        self._selector.register(connection, selectors.EVENT_READ)
        self._selector.register(bell, selectors.EVENT_READ)

    def read(self) -> HttpRequest | None:
        """The next request; None where the client has hung up, before or in the middle of it. Raises BadHttpError."""
        try:
            parts = self._line().split(" ")
            if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
                raise BadHttpError(f"no request line: {' '.join(parts)[:80]!r}")
            headers = self._headers()
            if "chunked" in headers.get("transfer-encoding", "").lower():
                body = self._chunks()
            else:
                body = self._exactly(headers.get("content-length", "0"), 10)
        except (EOFError, OSError):
            return None
        return HttpRequest(parts[0], parts[1], headers, body)

    def send(self, data: bytes) -> bool:
        """Whether all of it went into the connection."""
        try:
            self._socket.sendall(data)
        except OSError:
            return False
        return True

    def trickle(self, data: bytes, seconds: float) -> bool:
        """Send it in twenty parts spread over that time; whether all went."""
        size = max(1, -(-len(data) // 20))
        parts = [data[i : i + size] for i in range(0, len(data), size)]
        return all(self.send(part) and self.wait(seconds / len(parts)) for part in parts)

    def hang_up(self, *, reset: bool = False) -> None:
        """End the connection: in order, or with a reset. Twice is once."""
        with contextlib.suppress(OSError):
            if reset:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                self._socket.shutdown(socket.SHUT_RDWR)
        self._selector.close()
        self._file.close()
        self._socket.close()

    @property
    def gone(self) -> bool:
        """Whether nobody is there to answer, or nobody to answer them."""
        return not self.wait(0.0)

    def wait(self, seconds: float | None) -> bool:
        """Wait that long (None: for ever); whether the client is still there."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready = self._selector.select(left)
            if self._stopping.is_set() or (ready and self._hung_up()):
                return False
            if deadline is not None and time.monotonic() >= deadline:
                return True
            if ready:  # the client already sends its next request: nothing to wait for on the socket
                self._stopping.wait(_LOOK if left is None else min(left, _LOOK))

    def wait_for(self, event: threading.Event) -> bool:
        """Wait for an event; whether the client is still there."""
        while not event.wait(_LOOK):
            if self.gone:
                return False
        return True

    def _hung_up(self) -> bool:
        try:
            return self._socket.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True

    def _line(self) -> str:
        line = self._file.readline(_LONGEST_HEAD)
        if len(line) == _LONGEST_HEAD:
            raise BadHttpError("the headers are too long")
        if not line.endswith(b"\n"):
            raise EOFError
        return line.decode("latin-1").rstrip("\r\n")

    def _headers(self) -> dict[str, str]:
        headers, length = {}, 0
        while line := self._line():
            length += len(line)
            name, colon, value = line.partition(":")
            if not colon or length > _LONGEST_HEAD:
                raise BadHttpError(f"no header: {line[:80]!r}")
            headers[name.strip().lower()] = value.strip()
        return headers

    def _chunks(self) -> bytes:
        body = bytearray()
        while part := self._exactly(self._line().split(";")[0], 16):
            body += part
            self._line()
        self._line()
        return bytes(body)

    def _exactly(self, length: str, base: int) -> bytes:
        try:
            n = int(length, base)
        except ValueError:
            raise BadHttpError(f"no length: {length[:80]!r}") from None
        data = self._file.read(n)
        if len(data) < n:
            raise EOFError
        return data
