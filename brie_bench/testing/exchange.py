"""One connection's exchanges: a request is read, something happens to it, and it is answered and remembered."""

from __future__ import annotations

import html
import itertools
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from brie_bench.testing.asking import Usage
from brie_bench.testing.desk import Problem
from brie_bench.testing.fault import Delayed, Dropped, Ended, Fault, Spoiled, Status
from brie_bench.testing.limits import Gate
from brie_bench.testing.log import Outcome, RequestLog, entry_of
from brie_bench.testing.protocols.protocol import Protocol, Route
from brie_bench.testing.request import Endpoint, Received, Reply, in_json, protocol_of
from brie_bench.testing.script import Script
from brie_bench.testing.wire import BadHttpError, Connection, HttpRequest

ABOUT = "/fake-provider"
"""Where another process reads the counters; such a look is neither logged nor counted."""


class _Case(NamedTuple):
    """One request on its way to its end."""

    connection: Connection
    protocol: Protocol
    request: Received
    found: tuple[Route, dict[str, str]] | None
    """Its route and the named parts of its path."""
    fault: Fault | None


class _End(NamedTuple):
    """How a request ended."""

    outcome: Outcome
    status: int = 0
    usage: Usage | None = None
    open: bool = True
    """Whether the connection may go on."""


_GONE = _End(Outcome.ABANDONED, open=False)


@dataclass(frozen=True)
class Exchange:
    """What a server's connections share."""

    protocols: Mapping[str, Protocol]
    script: Script
    log: RequestLog
    gate: Gate
    latency: float | Callable[[Received], float]
    keys: Collection[str] | None
    crashed: Callable[[BaseException], None]
    """Told what a policy raised."""
    about: Callable[[], dict[str, Any]]
    """What another process may read."""
    ids: itertools.count[int]

    def serve(self, connection: Connection) -> None:
        """Answer a connection's requests until somebody hangs up."""
        try:
            while (http := connection.read()) is not None:
                if not self._one(connection, http):
                    return
        except BadHttpError as error:
            connection.send(Reply(400, str(error).encode(), "text/plain", (("connection", "close"),)).data())

    def _one(self, connection: Connection, http: HttpRequest) -> bool:
        """Whether the connection goes on after this request."""
        started = time.monotonic()
        path, _, query = http.target.partition("?")
        if path == ABOUT:
            return connection.send(in_json(self.about()).data())
        name = protocol_of(path, query, http.headers)
        protocol = self.protocols[name]
        found = protocol.find(http.method, path)
        request = Received(
            self.log.arrived(),
            connection.number,
            http.method,
            path,
            query,
            http.headers,
            http.body,
            name,
            found[0].endpoint if found else Endpoint.UNKNOWN,
        )
        fault = self.script.fault(request)
        end = _GONE
        try:
            end = self._gated(_Case(connection, protocol, request, found, fault))
        finally:
            ended = {"status": end.status, "outcome": end.outcome, "usage": end.usage}
            cause, took = fault.name if fault else "", time.monotonic() - started
            self.log.ended(entry_of(request, fault=cause, seconds=took, **ended))
        return end.open and http.headers.get("connection", "").lower() != "close"

    def _gated(self, case: _Case) -> _End:
        if case.request.endpoint is not Endpoint.CALL:
            return self._end(case)
        wait = self.gate.enter()
        if wait is not None:
            reply = case.protocol.error(Problem(429, "Rate limit reached.", retry_after=wait or None), self._new_id())
            self.log.finishing(case.request.number)
            return _End(Outcome.ANSWERED, reply.status) if case.connection.send(reply.data()) else _GONE
        try:
            return self._end(case)
        finally:
            self.gate.leave()

    def _end(self, case: _Case) -> _End:
        fault, connection, number = case.fault, case.connection, case.request.number
        if isinstance(fault, Dropped) and fault.where == "before":
            self.log.finishing(number)
            connection.hang_up(reset=fault.reset)
            return _End(Outcome.DROPPED, open=False)
        if not self._delayed(case):
            return _GONE
        reply = self._reply(case)
        self.log.finishing(number)
        if isinstance(fault, Dropped):
            return _dropped(connection, reply, fault)
        if connection.gone:
            return _GONE
        if isinstance(fault, Delayed) and fault.trickle:
            sent = connection.trickle(reply.data(), fault.seconds or 0.0)
        else:
            sent = connection.send(reply.data())
        if not sent:
            return _GONE
        if isinstance(fault, Spoiled) and not fault.usable and reply.status == 200:
            return _End(Outcome.SPOILED, reply.status)
        return _End(Outcome.ANSWERED, reply.status, reply.usage)

    def _delayed(self, case: _Case) -> bool:
        """Whether anybody still waits when the time has come."""
        latency = self.latency(case.request) if callable(self.latency) else self.latency
        if latency and case.request.endpoint is Endpoint.CALL and not case.connection.wait(latency):
            return False
        fault = case.fault
        if not isinstance(fault, Delayed) or fault.trickle:
            return True
        return case.connection.wait(fault.seconds) if fault.until is None else case.connection.wait_for(fault.until)

    def _new_id(self) -> str:
        return f"req_{next(self.ids):012d}"

    def _reply(self, case: _Case) -> Reply:
        request_id, fault = self._new_id(), case.fault
        if isinstance(fault, Status) and fault.html:
            return _page(fault, case.request)
        try:
            reply = self._answered(case)
        except Problem as problem:
            return case.protocol.error(problem, request_id)
        except Exception as error:
            self.crashed(error)
            return case.protocol.error(Problem(500, f"the policy raised {type(error).__name__}"), request_id)
        reply = replace(reply, headers=(*reply.headers, *case.protocol.stamps(request_id)))
        return replace(reply, body=fault.spoil(reply.body)) if isinstance(fault, Spoiled) else reply

    def _answered(self, case: _Case) -> Reply:
        """The answer. Raises Problem."""
        fault, request = case.fault, case.request
        key = case.protocol.key(request)
        if not key or (self.keys is not None and key not in self.keys):
            raise case.protocol.wrong_key()
        if isinstance(fault, Status):
            raise Problem(fault.status, fault.message, retry_after=fault.retry_after, form=fault.form)
        if case.found is None:
            raise Problem(404, f"Not found: {request.method} {request.path}", reason="not_found")
        route, parts = case.found
        return route.handler(request, parts, fault.ending if isinstance(fault, Ended) else None)


def _dropped(connection: Connection, reply: Reply, fault: Dropped) -> _End:
    """Everything is done; half of the answer is sent, or nothing."""
    middle = fault.where == "middle"
    if middle:
        connection.send(reply.data()[: -(len(reply.body) // 2) or None])
    connection.hang_up(reset=fault.reset)
    outcome = Outcome.SPOILED if reply.status == 200 else Outcome.DROPPED
    return _End(outcome, reply.status if middle else 0, open=False)


def _page(fault: Status, request: Received) -> Reply:
    title = html.escape(f"{fault.status} {fault.message}")
    said = "\n".join(f"{name}: {value}" for name, value in request.headers.items()) if fault.repeats else ""
    body = f"<center><h1>{title}</h1></center>" + (f"\n<pre>{html.escape(said)}</pre>" if said else "")
    page = f"<html>\n<head><title>{title}</title></head>\n<body>{body}</body>\n</html>\n"
    return Reply(fault.status, page.encode(), "text/html", (("server", "nginx"),))
