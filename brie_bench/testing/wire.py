"""HTTP/1.1 on a socket, as much as a fake server needs: quick, and with bad manners on demand."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from brie_bench.testing.usage import Usage

_CHUNK = 1 << 16
_LARGEST_HEAD = 1 << 16
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
JSON = "application/json"


class BadHttpError(Exception):
    """What came over the socket is no HTTP/1.1 request."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request's line and headers; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response, and what it means in money."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    usage: Usage | None = None
    """What an answered call took; None for anything that is not billed."""
    model: str = ""
    """The answering model."""

    def head(self) -> bytes:
        """The response's line and headers."""
        lines = [
            f"HTTP/1.1 {self.status} {_PHRASES.get(self.status, 'Overloaded')}",
            f"content-type: {self.content_type}",
            f"content-length: {len(self.body)}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def in_json(value: Any, *, status: int = 200, headers: Iterable[tuple[str, str]] = (), **more: Any) -> Reply:
    """A reply with a JSON body, in which a lone surrogate survives as an escape."""
    return Reply(status, json.dumps(value).encode(), headers=tuple(headers), **more)


class Stream:
    """A connection's requests, one after the other."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = b""

    def head(self) -> Head | None:
        """The next request's head; None where the client has hung up. Raises BadHttpError."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _LARGEST_HEAD:
                raise BadHttpError("the headers are too long")
            if not self._more():
                return None
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        self._buffer = self._buffer[end + 4 :]
        parts = lines[0].split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise BadHttpError(f"no request line: {lines[0][:80]!r}")
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise BadHttpError(f"no header: {line[:80]!r}")
            headers[name.strip().lower()] = value.strip()
        return Head(parts[0], parts[1], headers)

    def body(self, headers: Mapping[str, str]) -> bytes | None:
        """The body that belongs to these headers; None where the client has hung up in its middle. Raises BadHttpError."""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._chunked()
        try:
            length = int(headers.get("content-length", "0"))
        except ValueError:
            raise BadHttpError("content-length is no number") from None
        return self._exactly(length)

    def _chunked(self) -> bytes | None:
        body = bytearray()
        while True:
            line = self._line()
            if line is None:
                return None
            try:
                size = int(line.split(b";")[0], 16)
            except ValueError:
                raise BadHttpError("a chunk's size is no number") from None
            part = self._exactly(size)
            if part is None or self._line() is None:
                return None
            if not size:
                return bytes(body)
            body += part

    def _line(self) -> bytes | None:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if not self._more():
                return None
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        return line

    def _exactly(self, n: int) -> bytes | None:
        if len(self._buffer) < n:
            parts = [self._buffer]
            missing = n - len(self._buffer)
            while missing > 0:
                part = self._received(max(_CHUNK, min(missing, 1 << 20)))
                if not part:
                    return None
                parts.append(part)
                missing -= len(part)
            self._buffer = b"".join(parts)
        body, self._buffer = self._buffer[:n], self._buffer[n:]
        return body

    def _more(self) -> bool:
        part = self._received(_CHUNK)
        self._buffer += part
        return bool(part)

    def _received(self, size: int) -> bytes:
        try:
            return self._socket.recv(size)
        except OSError:
            return b""


def send(connection: socket.socket, data: bytes) -> bool:
    """Whether all of `data` went into the connection."""
    try:
        connection.sendall(data)
    except OSError:
        return False
    return True


def trickle(connection: socket.socket, data: bytes, seconds: float, wait: Callable[[float], bool]) -> bool:
    """Send `data` in twenty parts spread over that time; `wait` says whether to go on."""
    size = max(1, -(-len(data) // 20))
    parts = [data[i : i + size] for i in range(0, len(data), size)]
    return all(send(connection, part) and wait(seconds / len(parts)) for part in parts)


def hang_up(connection: socket.socket, *, reset: bool = False) -> None:
    """End the connection: in order, or with a reset."""
    with contextlib.suppress(OSError):
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            connection.shutdown(socket.SHUT_RDWR)
    connection.close()
