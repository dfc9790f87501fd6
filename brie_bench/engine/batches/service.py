"""A provider's batch service as it can be trusted: what its plugin returns is whole, and what it raises is an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, TypeVar

from brie_bench.engine.calls.answers import checked
from brie_bench.errors import Failed, FailureKind
from brie_bench.plugin.kinds import BatchModel, failure_of, unexpected
from brie_bench.spec.completion import Completion, Request
from brie_bench.spec.judgment import Failure

T = TypeVar("T")

Rows = list[tuple[str, Completion | Failure]]
"""Answers by key."""
AT_ONCE = 128
"""Answers that are handled at a time."""


class Fault(Failed):
    """What a plugin raises or returns that it must not: a mistake in it, which says nothing of the batch."""


class BatchService:
    """A BatchModel whose methods return a Failed where the plugin's raise something."""

    def __init__(self, model: BatchModel) -> None:
        self._model = model

    def fits(self, n: int, size: int) -> bool:
        """Whether so many requests of so many bytes may be one batch."""
        return n <= self._model.batch_requests and size <= self._model.batch_bytes

    def submit(self, requests: list[tuple[str, Request]], mark: str) -> str | Failed:
        """Submit under `mark`; the batch's name."""
        return tried(lambda: _name(self._model.submit(requests, mark)))

    def find(self, mark: str) -> str | Failed | None:
        """The name of the batch that was submitted under `mark`."""

        def found() -> str | None:
            name = self._model.find(mark)
            return None if name is None else _name(name)

        return tried(found)

    def collect(self, name: str) -> Iterator[Rows | Failed] | None:
        """The answers, some at a time, the last time none; it ends early with the Failed that stopped it. None while the
        batch is not finished."""

        def begun() -> Iterator[Any] | None:
            rows = self._model.collect(name)
            return None if rows is None else iter(rows)

        rows = tried(begun)
        if rows is None:
            return None
        return iter([rows]) if isinstance(rows, Failed) else _some(rows)


def size_of(key: str, request: Request) -> int:
    """Bytes of a request in a batch, about: as a provider's library writes it, with what it puts around it."""
    return len(json.dumps(request.model_dump(mode="json", exclude_defaults=True))) + len(key) + 512


def tried(work: Callable[[], T]) -> T | Failed:
    """What `work` returns, or how the plugin failed."""
    try:
        return work()
    except Failed as error:
        return error
    except (Exception, SystemExit) as error:
        return Fault(FailureKind.ERROR, unexpected(error).message)


def _name(name: Any) -> str:
    if isinstance(name, str) and name:
        return name
    raise TypeError(f"a batch's name is text, not {name!r:.60}")


def _some(rows: Iterator[Any]) -> Iterator[Rows | Failed]:
    while True:
        some = tried(lambda: [(str(key), _whole(answer)) for key, answer in islice(rows, AT_ONCE)])
        yield some
        if not some or isinstance(some, Failed):
            return


def _whole(answer: Any) -> Completion | Failure:
    """What can be recorded and read again."""
    kind: type[Completion | Failure] = Failure if isinstance(answer, Failure) else Completion
    whole = tried(lambda: checked(answer, kind, "batch"))
    return failure_of(whole) if isinstance(whole, Failed) else whole
