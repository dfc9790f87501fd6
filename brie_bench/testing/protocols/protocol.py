"""What the protocols have in common: routes, calls, pages, texts, schemas, and a way to say no."""

from __future__ import annotations

import math
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, ClassVar, NamedTuple

from brie_bench.testing.asking import Answer, Asked, Ending, Question, Usage
from brie_bench.testing.batches import Batch, BatchBook, Clock
from brie_bench.testing.desk import Desk, Problem
from brie_bench.testing.request import Endpoint, Received, Reply, in_json

_LIMITS = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
)

Handler = Callable[[Received, dict[str, str], Ending | None], Reply]
"""Answers a request, given the named parts of its path and how its answer is made to end."""


class Answered(NamedTuple):
    """All that a protocol needs to write its answer."""

    asked: Asked
    body: Mapping[str, Any]
    """The request, in the protocol's words."""
    answer: Answer
    usage: Usage
    id: str
    """The answer's name."""
    model: str
    """The answering model."""
    now: float
    """When, in seconds since 1970."""

    def chances(self) -> Iterator[tuple[Question, list[float]]]:
        """Every question and the probabilities of its options; none where it is refused."""
        for question, chances in zip(self.asked.questions, self.answer.probabilities, strict=True):
            yield question, [chances[option] for option in question.options] if chances else []


class Call(NamedTuple):
    """One kind of call: how its request is read and how its answer is written."""

    read: Callable[[Mapping[str, Any]], Asked]
    """Raises Problem."""
    write: Callable[[Answered], dict[str, Any]]
    prefix: str = ""
    """What the answers' names begin with."""


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


class Protocol(ABC):
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

    def wrong_key(self) -> Problem:
        """What a key that is not valid gets."""
        return Problem(401, "The API key is not valid.", reason="invalid_api_key")

    @abstractmethod
    def error_body(self, problem: Problem, request_id: str | None) -> dict[str, Any]:
        """The problem in the protocol's own words."""

    @abstractmethod
    def stamps(self, request_id: str) -> list[tuple[str, str]]:
        """The headers that every response carries."""

    def error(self, problem: Problem, request_id: str) -> Reply:
        """The response that tells of a problem."""
        headers = [*_retry_headers(problem), *self.stamps(request_id)]
        return in_json(self.error_body(problem, request_id), status=problem.status, headers=headers)

    def parameters(self, body: Mapping[str, Any]) -> Iterable[str]:
        """The names of what a call was given."""
        return body.keys()

    def answered(self, call: Call, body: Mapping[str, Any], ending: Ending | None) -> tuple[dict[str, Any], Usage]:
        """Answer one call, of a batch or not. Raises Problem."""
        self.desk.check_parameters(self.name, set(self.parameters(body)))
        asked = call.read(body)
        self.desk.check_model(asked.model)
        answer, usage = self.desk.answer(asked, ending)
        identifier, model = self.desk.identifier(call.prefix), self.desk.version(asked.model)
        return call.write(Answered(asked, body, answer, usage, identifier, model, self.clock.now())), usage

    def calling(self, call: Call) -> Handler:
        """The handler of one kind of call."""

        def handle(request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
            body, usage = self.answered(call, {**mapping(request), **parts}, ending)
            return in_json(body, usage=usage)

        return handle

    def page(self, after: str | None, limit: int) -> tuple[list[Batch], bool]:
        """So many batches after the one of that name, the newest first, and whether there are more."""
        batches = self.batches.all(self.name)
        names = [batch.id for batch in batches]
        start = names.index(after) + 1 if after in names else 0
        return batches[start : start + limit], start + limit < len(batches)

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


def number(request: Received, name: str, default: int) -> int:
    """A whole number among the query's parameters. Raises Problem."""
    try:
        return int(request.parameters.get(name) or default)
    except ValueError:
        raise Problem(400, f"{name}: Input should be a valid integer") from None


def positive(value: Any, name: str) -> int | None:
    """A limit of tokens, or None where there is none. Raises Problem."""
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise Problem(400, f"Invalid '{name}': integer below minimum value.", reason="integer_below_min_value")
    return value


def plain_text(content: Any, where: str = "content") -> str:
    """A string, or a list of parts with a `text`, joined. Raises Problem for anything else."""
    parts = content if isinstance(content, list) else [content]
    return "".join(_part(part, where) for part in parts)


def _part(part: Any, where: str) -> str:
    said = part.get("text", part.get("refusal")) if isinstance(part, dict) else part
    if not isinstance(said, str):
        raise Problem(400, f"{where}: only text is understood here")
    return said


def check_closed(schema: Any, *, strict: bool, where: str = "the root") -> None:
    """Raises Problem unless every object is closed; `strict`: and requires all it has. Without it, limits are refused."""
    if not isinstance(schema, Mapping):
        return
    properties = schema.get("properties") or {}
    missing = sorted(set(properties) - set(schema.get("required", ())))
    found = [name for name in _LIMITS if name in schema]
    wrong = ""
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        wrong = "'additionalProperties' must be false"
    elif strict and missing:
        wrong = f"'required' must list {', '.join(missing)}"
    elif not strict and found:
        wrong = f"'{found[0]}' is not supported"
    if wrong:
        raise Problem(400, f"Invalid schema at {where}: {wrong}.", reason="invalid_schema")
    below = {**(schema.get("$defs") or {}), **properties, "items": schema.get("items")}
    below |= {f"{word} {i}": each for word in ("anyOf", "allOf") for i, each in enumerate(schema.get(word) or ())}
    for name, each in below.items():
        check_closed(each, strict=strict, where=name)


def _retry_headers(problem: Problem) -> list[tuple[str, str]]:
    """The wait, as the headers say it."""
    wait = problem.retry_after
    if wait is None or problem.form == "details":
        return []
    if problem.form == "milliseconds":
        return [("retry-after-ms", f"{wait * 1000:.0f}")]
    if problem.form == "date":
        return [("retry-after", formatdate(math.ceil(time.time() + wait), usegmt=True))]
    return [("retry-after", f"{wait:g}")]
