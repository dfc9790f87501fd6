"""What a server remembers: every request, without its secrets, and counters."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from brie_bench.testing.asking import Usage
from brie_bench.testing.request import Endpoint, Received

_SECRET = frozenset(["authorization", "proxy-authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie"])
_PATIENCE = 1.0
_KEY_IN_QUERY = re.compile(r"((?:^|&)(?:key|api_key|access_token)=)([^&]+)")


class Outcome(StrEnum):
    """How a request ended."""

    ANSWERED = "answered"
    """The whole response was sent."""
    SPOILED = "spoiled"
    """A 200 was sent, or begun, of which the client can make nothing. A provider may bill it."""
    DROPPED = "dropped"
    """The server hung up without a response."""
    ABANDONED = "abandoned"
    """The client hung up before the response was ready. A provider may bill it."""


@dataclass(frozen=True)
class Entry:
    """One request and what became of it."""

    number: int
    """Counted from 1, in the order of arrival."""
    connection: int
    """The connection it came over, counted from 1."""
    protocol: str
    endpoint: Endpoint
    method: str
    path: str
    """With the query; a key in it is replaced by its digest."""
    headers: Mapping[str, str]
    """Names in lower case; a secret's value is replaced by its digest."""
    body: bytes
    """As it came."""
    model: str
    status: int
    """The response's; 0 without one."""
    outcome: Outcome
    fault: str = ""
    """The name of the fault that happened to it."""
    usage: Usage | None = None
    """What it took, where it was billed."""
    seconds: float = 0.0
    """From its arrival to its end."""

    @property
    def billed(self) -> bool:
        """Whether it counts as a billed call."""
        return self.usage is not None

    @property
    def json(self) -> Any:
        """The body's JSON value. Raises ValueError where it has none."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Counters:
    """A server's counters, or those of one protocol."""

    requests: int = 0
    """Everything that came in."""
    calls: int = 0
    """Requests for an answer."""
    billed: int = 0
    """Calls that were answered with a 200 that a client can use, and sent to the end."""
    batch_rows: int = 0
    """Rows of batches that succeeded; billed too, and not counted in `billed`."""
    spoiled: int = 0
    """Calls whose 200 no client can use."""
    abandoned: int = 0
    """Calls whose client hung up before the answer was ready."""
    dropped: int = 0
    """Calls that the server hung up on."""
    usage: Usage = field(default_factory=Usage)
    """Tokens of all that was billed, batches included."""
    statuses: Mapping[int, int] = field(default_factory=dict)
    """How often each status was sent."""
    faults: Mapping[str, int] = field(default_factory=dict)
    """How often each fault happened."""


@dataclass(frozen=True)
class Traffic:
    """What goes on now, and the most that went on."""

    connections: int = 0
    """Connections opened so far."""
    in_flight: int = 0
    """Requests that have come in and have not ended."""
    most_in_flight: int = 0
    """The most at a time."""


def digest_of(secret: str) -> str:
    """What stands in the log for a secret."""
    return "sha256:" + hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with a digest for every secret. A scheme (`Bearer`) is kept."""
    return {name: _hidden(value) if name in _SECRET else value for name, value in headers.items()}


def _hidden(value: str) -> str:
    scheme, space, secret = value.partition(" ")
    return f"{scheme} {digest_of(secret)}" if space else digest_of(value)


def _path(request: Received) -> str:
    if not request.query:
        return request.path
    return f"{request.path}?{_KEY_IN_QUERY.sub(lambda match: match[1] + digest_of(match[2]), request.query)}"


def entry_of(request: Received, **ended: Any) -> Entry:
    """The entry of a request."""
    return Entry(
        number=request.number,
        connection=request.connection,
        protocol=request.protocol,
        endpoint=request.endpoint,
        method=request.method,
        path=_path(request),
        headers=without_secrets(request.headers),
        body=request.body,
        model=request.model,
        **ended,
    )


class _Tally:
    """Counters in the making."""

    def __init__(self) -> None:
        self.numbers: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.faults: Counter[str] = Counter()
        self.usage = Usage()

    def add(self, entry: Entry) -> None:
        """Count a request that ended."""
        self.numbers["requests"] += 1
        if entry.status:
            self.statuses[entry.status] += 1
        if entry.fault:
            self.faults[entry.fault] += 1
        if entry.usage is not None:
            self.numbers["billed"] += 1
            self.usage += entry.usage
        if entry.endpoint is Endpoint.CALL:
            self.numbers["calls"] += 1
            if entry.outcome is not Outcome.ANSWERED:
                self.numbers[entry.outcome] += 1

    def add_rows(self, usages: list[Usage]) -> None:
        """Count a batch's rows."""
        self.numbers["batch_rows"] += len(usages)
        self.usage = sum(usages, self.usage)

    def counters(self) -> Counters:
        """As they are now."""
        return Counters(**self.numbers, usage=self.usage, statuses=dict(self.statuses), faults=dict(self.faults))


class RequestLog:
    """A server's memory. It keeps the newest `keep` entries, or all; counters count all.

    Whoever reads it waits for the responses that are just being sent: a client that has its answer finds it here.
    """

    def __init__(self, keep: int | None) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
        self._arrived = self._connections = self._in_flight = self._most_in_flight = 0
        self._finishing: set[int] = set()
        self._changed = threading.Condition()

    def entries(self) -> tuple[Entry, ...]:
        """What has ended, in the order of arrival."""
        with self._settled():
            return tuple(sorted(self._entries, key=lambda entry: entry.number))

    def counters(self, protocol: str = "") -> Counters:
        """The counters of one protocol, or of all."""
        with self._settled():
            return self._tallies[protocol].counters()

    def traffic(self) -> Traffic:
        """What goes on."""
        with self._settled():
            return self._traffic()

    def connected(self) -> int:
        """A connection was opened; its number."""
        with self._changed:
            self._connections += 1
            self._changed.notify_all()
            return self._connections

    def arrived(self) -> int:
        """A request came in; its number."""
        with self._changed:
            self._arrived += 1
            self._in_flight += 1
            self._most_in_flight = max(self._in_flight, self._most_in_flight)
            self._changed.notify_all()
            return self._arrived

    def finishing(self, number: int) -> None:
        """The client will learn of this request's end before it is recorded."""
        with self._changed:
            self._finishing.add(number)

    def ended(self, entry: Entry) -> None:
        """A request ended."""
        with self._changed:
            self._finishing.discard(entry.number)
            self._entries.append(entry)
            self._tallies[""].add(entry)
            self._tallies[entry.protocol].add(entry)
            self._in_flight -= 1
            self._changed.notify_all()

    def batch_ended(self, protocol: str, usages: list[Usage]) -> None:
        """A batch ended, with these rows billed."""
        with self._changed:
            self._tallies[""].add_rows(usages)
            self._tallies[protocol].add_rows(usages)
            self._changed.notify_all()

    def wait(self, reached: Callable[[Counters, Traffic], bool], timeout: float) -> bool:
        """Whether it came true within that many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: reached(self._tallies[""].counters(), self._traffic()), timeout)

    @contextlib.contextmanager
    def _settled(self) -> Iterator[None]:
        with self._changed:
            pending = set(self._finishing)
            self._changed.wait_for(lambda: not pending & self._finishing, _PATIENCE)
            yield

    def _traffic(self) -> Traffic:
        return Traffic(self._connections, self._in_flight, self._most_in_flight)
