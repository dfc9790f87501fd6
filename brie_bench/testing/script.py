"""To which requests a fault happens: by number, by share, by attempt, by predicate.

    faults=[
        at(rate_limited(retry_after=1), 1, 3),                      # the first and the third call
        share(dropped("middle"), 0.05, seed=7),                     # one call in twenty, the same ones in every run
        first_attempts(server_error(), 2).only(protocol="openai"),  # each call fails twice and then succeeds
        when(refusal(), lambda request: b"poison" in request.body),
        at(lost(), 1).only(endpoints={Endpoint.BATCH_CREATE}),      # the batch exists, the client does not know
    ]

A rule counts the requests that pass its own filter: calls (`Endpoint.CALL`) of every protocol, unless `only` says
otherwise. The first rule that fires decides. A fault alone, in place of a rule, happens to every call.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from brie_bench.testing.drawing import drawn, fingerprint
from brie_bench.testing.fault import Fault
from brie_bench.testing.request import Endpoint, Received

_BOUNDARY = re.compile(r'boundary="?([^";]+)')


@dataclass(frozen=True)
class Rule:
    """A fault, the requests that it is for, and those among them to which it happens."""

    fault: Fault
    fires: Callable[[Received, int, int], bool]
    """Given a request, its number among the rule's requests and which attempt at the same content it is, from 1."""
    protocol: str | None = None
    model: str = "*"
    endpoints: Collection[Endpoint] = frozenset([Endpoint.CALL])

    def only(self, **filters: Any) -> Rule:
        """The same for some requests only: of one `protocol`, for models of a pattern `model`, for these `endpoints`."""
        return replace(self, **filters)

    def concerns(self, request: Received) -> bool:
        """Whether the request passes the filter."""
        return (
            request.endpoint in self.endpoints
            and self.protocol in (None, request.protocol)
            and (self.model == "*" or fnmatchcase(request.model, self.model))
        )


def always(fault: Fault) -> Rule:
    """To every one."""
    return Rule(fault, lambda request, number, attempt: True)


def at(fault: Fault, *numbers: int) -> Rule:
    """To these, counted from 1."""
    return Rule(fault, lambda request, number, attempt: number in numbers)


def share(fault: Fault, part: float, *, seed: int = 0) -> Rule:
    """To that part of them. What decides is the content and the attempt: the same calls in whatever order they come."""
    return Rule(fault, lambda request, number, attempt: drawn(fault.name, seed, attempt, content_of(request)) < part)


def first_attempts(fault: Fault, n: int = 1) -> Rule:
    """To the first `n` attempts at the same content."""
    return Rule(fault, lambda request, number, attempt: attempt <= n)


def when(fault: Fault, predicate: Callable[[Received], bool]) -> Rule:
    """To those of which `predicate` is true."""
    return Rule(fault, lambda request, number, attempt: predicate(request))


Faults = Iterable[Rule | Fault] | Rule | Fault
"""What a server takes: rules, faults, or one of either."""


class Script:
    """A server's rules, and how often each has been asked."""

    def __init__(self, faults: Faults = ()) -> None:
        given = [faults] if isinstance(faults, Rule | Fault) else list(faults)
        self._rules = [each if isinstance(each, Rule) else always(each) for each in given]
        self._numbers = [0] * len(self._rules)
        self._attempts: list[defaultdict[bytes, int]] = [defaultdict(int) for _ in self._rules]
        self._lock = threading.Lock()

    def fault(self, request: Received) -> Fault | None:
        """What happens to this request. Every rule that it concerns counts it, whichever decides."""
        concerned = [i for i, rule in enumerate(self._rules) if rule.concerns(request)]
        if not concerned:
            return None
        content = fingerprint(content_of(request))
        chosen = None
        for i in concerned:
            with self._lock:
                self._numbers[i] += 1
                self._attempts[i][content] += 1
                number, attempt = self._numbers[i], self._attempts[i][content]
            rule = self._rules[i]
            if chosen is None and rule.fires(request, number, attempt):
                chosen = rule.fault
        return chosen


def content_of(request: Received) -> bytes:
    """What makes two requests attempts at the same thing: method, path and body, without an upload's random boundary."""
    boundary = _BOUNDARY.search(request.headers.get("content-type", ""))
    body = request.body.replace(boundary[1].encode(), b"") if boundary else request.body
    return b"\n".join([request.method.encode(), request.path.encode(), body])
