"""One connection's exchanges: a request is read, something happens to it, and it is answered and remembered."""

from __future__ import annotations

import html
import itertools
import socket
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from brie_bench.testing.fault import Delayed, Dropped, Ended, Fault, Spoiled, Status
from brie_bench.testing.limits import Gate
from brie_bench.testing.log import Outcome, RequestLog, entry_of
from brie_bench.testing.problem import Problem
from brie_bench.testing.protocols.provider import Provider, Route
from brie_bench.testing.received import Endpoint, Received
from brie_bench.testing.recognition import protocol_of
from brie_bench.testing.script import Script
from brie_bench.testing.usage import Usage
from brie_bench.testing.waiting import Waited, Waiter
from brie_bench.testing.wire import BadHttpError, Head, Reply, Stream, hang_up, in_json, send, trickle

ABOUT = "/fake-provider"
"""Where another process reads the counters; such a look is neither logged nor counted."""


@dataclass(frozen=True, slots=True)
class _End:
    """How a request ended."""

    outcome: Outcome
    status: int = 0
    usage: Usage | None = None
    open: bool = True
    """Whether the connection may go on."""


Found = tuple[Route, dict[str, str]] | None
"""A request's route and the named parts of its path."""

_GONE = _End(Outcome.ABANDONED, open=False)


class Exchange:
    """What a server's connections share."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        script: Script,
        log: RequestLog,
        *,
        latency: float | Callable[[Received], float],
        gate: Gate | None,
        keys: Collection[str] | None,
        crashed: Callable[[BaseException], None],
        about: Callable[[], dict[str, Any]],
    ) -> None:
        self._providers = providers
        self._script = script
        self._log = log
        self._latency = latency
        self._gate = gate
        self._keys = keys
        self._crashed = crashed
        self._about = about
        self._ids = itertools.count(1)

    def serve(self, connection: socket.socket, number: int, waiter: Waiter) -> None:
        """Answer a connection's requests until somebody hangs up."""
        stream = Stream(connection)
        try:
            while (head := stream.head()) is not None:
                body = stream.body(head.headers)
                if body is None or not self._one(connection, number, waiter, head, body):
                    return
        except BadHttpError as error:
            send(connection, Reply(400, str(error).encode(), "text/plain", (("connection", "close"),)).head())

    def _one(self, connection: socket.socket, number: int, waiter: Waiter, head: Head, body: bytes) -> bool:
        """Whether the connection goes on after this request."""
        started = time.monotonic()
        path, _, query = head.target.partition("?")
        if path == ABOUT:
            about = in_json(self._about())
            return send(connection, about.head() + about.body)
        name = protocol_of(path, query, head.headers)
        provider = self._providers[name]
        found = provider.find(head.method, path)
        endpoint = found[0].endpoint if found else Endpoint.UNKNOWN
        arrived = self._log.arrived()
        request = Received(arrived, number, head.method, path, query, head.headers, body, name, endpoint)
        fault = self._script.fault(request)
        end = _GONE
        try:
            end = self._gated(connection, waiter, provider, request, found, fault)
        finally:
            self._log.ended(
                entry_of(
                    request,
                    status=end.status,
                    outcome=end.outcome,
                    fault=fault.name if fault else "",
                    usage=end.usage,
                    seconds=time.monotonic() - started,
                )
            )
        return end.open and head.headers.get("connection", "").lower() != "close"

    def _gated(
        self,
        connection: socket.socket,
        waiter: Waiter,
        provider: Provider,
        request: Received,
        found: Found,
        fault: Fault | None,
    ) -> _End:
        if self._gate is None or request.endpoint is not Endpoint.CALL:
            return self._end(connection, waiter, provider, request, found, fault)
        wait = self._gate.enter()
        if wait is not None:
            reply = provider.error(Problem(429, "Rate limit reached.", retry_after=wait or None), self._new_id())
            self._log.finishing(request.number)
            return _End(Outcome.ANSWERED, reply.status) if send(connection, reply.head() + reply.body) else _GONE
        try:
            return self._end(connection, waiter, provider, request, found, fault)
        finally:
            self._gate.leave()

    def _end(
        self,
        connection: socket.socket,
        waiter: Waiter,
        provider: Provider,
        request: Received,
        found: Found,
        fault: Fault | None,
    ) -> _End:
        if isinstance(fault, Dropped) and fault.where == "before":
            self._log.finishing(request.number)
            hang_up(connection, reset=fault.reset)
            return _End(Outcome.DROPPED, open=False)
        if self._delayed(waiter, request, fault) is Waited.GONE:
            return _GONE
        reply = self._reply(provider, request, found, fault)
        self._log.finishing(request.number)
        if isinstance(fault, Dropped):
            return _dropped(connection, reply, fault)
        if waiter.gone:
            return _GONE
        data = reply.head() + reply.body
        if isinstance(fault, Delayed) and fault.trickle:
            sent = trickle(connection, data, fault.seconds or 0.0, lambda part: waiter.wait(part) is Waited.OVER)
        else:
            sent = send(connection, data)
        if not sent:
            return _GONE
        useless = isinstance(fault, Spoiled) and not fault.usable and reply.status == 200
        return _End(Outcome.SPOILED if useless else Outcome.ANSWERED, reply.status, None if useless else reply.usage)

    def _delayed(self, waiter: Waiter, request: Received, fault: Fault | None) -> Waited:
        latency = self._latency(request) if callable(self._latency) else self._latency
        if latency and request.endpoint is Endpoint.CALL and waiter.wait(latency) is Waited.GONE:
            return Waited.GONE
        if not isinstance(fault, Delayed) or fault.trickle:
            return Waited.OVER
        return waiter.wait(fault.seconds) if fault.until is None else waiter.wait_for(fault.until)

    def _new_id(self) -> str:
        return f"req_{next(self._ids):012d}"

    def _reply(self, provider: Provider, request: Received, found: Found, fault: Fault | None) -> Reply:
        request_id = self._new_id()
        if isinstance(fault, Status) and fault.html:
            return _page(fault)
        try:
            reply = self._answered(provider, request, found, fault)
        except Problem as problem:
            return provider.error(problem, request_id)
        except Exception as error:
            self._crashed(error)
            return provider.error(Problem(500, f"the policy raised {type(error).__name__}"), request_id)
        reply = replace(reply, headers=(*reply.headers, *provider.stamps(request_id)))
        return replace(reply, body=fault.spoil(reply.body)) if isinstance(fault, Spoiled) else reply

    def _answered(self, provider: Provider, request: Received, found: Found, fault: Fault | None) -> Reply:
        """The answer. Raises Problem."""
        key = provider.key(request)
        if not key or (self._keys is not None and key not in self._keys):
            raise provider.wrong_key()
        if isinstance(fault, Status):
            raise Problem(fault.status, fault.message, retry_after=fault.retry_after, form=fault.form)
        if found is None:
            raise Problem(404, f"Not found: {request.method} {request.path}", reason="not_found")
        route, parts = found
        ending = fault.ending if isinstance(fault, Ended) else None
        return route.handler(request, parts, ending)


def _dropped(connection: socket.socket, reply: Reply, fault: Dropped) -> _End:
    if fault.where == "middle":
        send(connection, reply.head() + reply.body[: len(reply.body) // 2])
    hang_up(connection, reset=fault.reset)
    spoiled = reply.status == 200
    return _End(
        Outcome.SPOILED if spoiled else Outcome.DROPPED, reply.status if fault.where == "middle" else 0, open=False
    )


def _page(fault: Status) -> Reply:
    title = html.escape(f"{fault.status} {fault.message}")
    page = f"<html>\n<head><title>{title}</title></head>\n<body><center><h1>{title}</h1></center></body>\n</html>\n"
    return Reply(fault.status, page.encode(), "text/html", (("server", "nginx"),))
