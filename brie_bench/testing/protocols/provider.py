"""What the three protocols have in common: routes, and a way to say no."""

from __future__ import annotations

import math
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, ClassVar

from brie_bench.testing.asking import Asked, Ending
from brie_bench.testing.batches import BatchBook
from brie_bench.testing.clock import Clock
from brie_bench.testing.desk import Desk
from brie_bench.testing.problem import Problem
from brie_bench.testing.protocols.answered import Answered
from brie_bench.testing.received import Endpoint, Received
from brie_bench.testing.wire import Reply

Handler = Callable[[Received, dict[str, str], Ending | None], Reply]
"""Answers a request, given the named parts of its path and how its answer is made to end."""


@dataclass(frozen=True, slots=True)
class Route:
    """A method, a path, what it is for and who answers."""

    method: str
    path: re.Pattern[str]
    endpoint: Endpoint
    handler: Handler


def route(method: str, path: str, endpoint: Endpoint, handler: Handler) -> Route:
    """A route; `{name}` in its path is one part of it."""
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/:]+)", path)
    return Route(method, re.compile(pattern), endpoint, handler)


class Provider(ABC):
    """One protocol: its paths, its errors, its headers."""

    name: ClassVar[str]

    def __init__(self, desk: Desk, batches: BatchBook, clock: Clock) -> None:
        self.desk = desk
        self.batches = batches
        self.clock = clock
        self.routes = tuple(self.made_routes())

    @abstractmethod
    def made_routes(self) -> Iterable[Route]:
        """What it serves."""

    @abstractmethod
    def key(self, request: Received) -> str:
        """The key that came with the request; empty without one."""

    @abstractmethod
    def error(self, problem: Problem, request_id: str) -> Reply:
        """The problem in the protocol's own words."""

    def wrong_key(self) -> Problem:
        """What a key that is not valid gets."""
        return Problem(401, "The API key is not valid.", reason="invalid_api_key")

    @abstractmethod
    def stamps(self, request_id: str) -> list[tuple[str, str]]:
        """The headers that every response carries."""

    def settle(self, asked: Asked, body: Mapping[str, Any], ending: Ending | None, prefix: str = "") -> Answered:
        """Answer what is asked. Raises Problem."""
        self.desk.check_model(asked.model)
        answer, usage = self.desk.answer(asked, ending)
        identifier, model = self.desk.identifier(prefix), self.desk.version(asked.model)
        return Answered(asked, body, answer, usage, identifier, model, self.clock.now())

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route of a path and the named parts in it."""
        for each in self.routes:
            if each.method == method and (match := each.path.fullmatch(path)):
                return each, match.groupdict()
        return None


def mapping(request: Received) -> dict[str, Any]:
    """The body, which must be a JSON object. Raises Problem."""
    if not isinstance(request.json, dict):
        raise Problem(400, "We could not parse the JSON body of your request.")
    return request.json


def needed(body: dict[str, Any], name: str, kind: type | tuple[type, ...]) -> Any:
    """A field that must be there, of that kind. Raises Problem."""
    value = body.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Problem(400, f"{name}: Field required" if value is None else f"{name}: Input has the wrong type")
    return value


def number(request: Received, name: str, default: int) -> int:
    """A whole number among the query's parameters. Raises Problem."""
    try:
        return int(request.parameters.get(name) or default)
    except ValueError:
        raise Problem(400, f"{name}: Input should be a valid integer") from None


def retry_headers(problem: Problem) -> list[tuple[str, str]]:
    """The wait, as the headers say it."""
    wait = problem.retry_after
    if wait is None or problem.form == "details":
        return []
    if problem.form == "milliseconds":
        return [("retry-after-ms", f"{wait * 1000:.0f}")]
    if problem.form == "date":
        return [("retry-after", formatdate(math.ceil(time.time() + wait), usegmt=True))]
    return [("retry-after", f"{wait:g}")]
