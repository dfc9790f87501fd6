"""A provider's batch service in this process, that outlives the command's crashes, and calls to make by it."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import brie_bench
from brie_bench import Completion, Request, Sampling, Turn
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.settings import Settings
from brie_bench.plugin.kinds import BatchModel
from brie_bench.spec.judgment import Failure

Answer = Callable[[str, Request], Completion | Failure]


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Fuse:
    """Ends the process at one of the moments at which it may end, counted from 0; None never does."""

    at: int | None = None
    passed: int = 0

    def burn(self) -> None:
        """One such moment."""
        self.passed += 1
        if self.passed - 1 == self.at:
            raise Killed


class FusedLedger(Ledger):
    """A ledger whose process may end before a transaction, before its commit, and after it."""

    fuse = Fuse()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        self.fuse.burn()
        with super().transaction():
            yield
            self.fuse.burn()
        self.fuse.burn()


def echoed(key: str, request: Request) -> Completion:
    """What a service answers where nothing else is said."""
    return Completion(text=f"answer to {request.messages[-1].content}", finish_reason="stop")


@dataclass
class Office:
    """What the provider has: batches by name, which were begun under a mark."""

    answer: Answer = echoed
    looks: int = 0
    """How many looks find a batch unfinished."""
    reverse: bool = True
    """Whether answers come in another order than requests."""
    fuse: Fuse = field(default_factory=Fuse)
    on_submit: Callable[[int], None] = lambda number: None
    """Told the number of each submission, from 0, before it arrives; may raise."""
    on_arrived: Callable[[int], None] = lambda number: None
    """The same when it has arrived; may raise."""
    on_find: Callable[[int], None] = lambda number: None
    """The same for each search."""
    on_collect: Callable[[int], None] = lambda number: None
    """The same for each look."""
    hidden: int = 0
    """How many searches do not find what is there."""
    batches: dict[str, list[tuple[str, Request]]] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    looked: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def submitted(self) -> Counter[str]:
        """How often each key was submitted."""
        return Counter(key for rows in self.batches.values() for key, _ in rows)

    def _tell(self, what: str, whom: Callable[[int], None]) -> None:
        self.counts[what] += 1
        whom(self.counts[what] - 1)

    def submit(self, requests: Sequence[tuple[str, Request]], mark: str) -> str:
        """Keep a batch."""
        self.fuse.burn()
        self._tell("submit", self.on_submit)
        assert mark not in self.marks
        name = f"batch-{len(self.batches)}"
        self.batches[name], self.marks[mark] = list(requests), name
        self.fuse.burn()
        self._tell("arrived", self.on_arrived)
        return name

    def find(self, mark: str) -> str | None:
        """A batch by its mark."""
        self.fuse.burn()
        self._tell("find", self.on_find)
        return self.marks.get(mark) if self.counts["find"] > self.hidden else None

    def collect(self, name: str) -> Iterator[tuple[str, Completion | Failure]] | None:
        """A batch's answers."""
        self.fuse.burn()
        self._tell("collect", self.on_collect)
        self.looked[name] += 1
        return None if self.looked[name] <= self.looks else self._rows(name)

    def _rows(self, name: str) -> Iterator[tuple[str, Completion | Failure]]:
        rows = self.batches[name]
        for key, request in reversed(rows) if self.reverse else rows:
            self.fuse.burn()
            yield key, self.answer(key, request)


def batch_class(office: Office, model_name: str = "posted", **limits: int) -> type[BatchModel]:
    """A model plugin class whose batches go to `office`; asked one by one it raises."""

    class Posted(BatchModel):
        name = model_name
        supports = frozenset({"max_tokens"})

        class Options(brie_bench.Options):
            """Two models of one service."""

            model: str = "m"

        def complete(self, request: Request) -> Completion:
            raise AssertionError("a model with a batch service was asked one by one")

        def submit(self, requests: Sequence[tuple[str, Request]], mark: str) -> str:
            return office.submit(requests, mark)

        def find(self, mark: str) -> str | None:
            return office.find(mark)

        def collect(self, batch: str) -> Iterator[tuple[str, Completion | Failure]] | None:
            return office.collect(batch)

    for limit, value in limits.items():
        setattr(Posted, limit, value)
    return Posted


@dataclass
class Wanted:
    """A completion to ask for, recorded in a ledger under its key."""

    key: str
    ledger: Ledger
    model: Any = None

    @property
    def request(self) -> Request:
        """What is asked."""
        return Request(messages=(Turn(role="user", content=self.key),), sampling=Sampling(max_tokens=99))

    def ask(self) -> Completion:
        """Never called."""
        raise AssertionError("asked one by one")

    def read(self, answer: Completion) -> Completion:
        """As it is."""
        return answer

    def done(self, outcome: Completion | Failure) -> None:
        """Record it, once."""
        assert self.ledger.completion_kind(self.key)[1] or not self.ledger.completion_kind(self.key)[0]
        if not (isinstance(outcome, Failure) and outcome.kind == "fatal"):
            self.ledger.put_completion(self.key, outcome)


def wanted(ledger: Ledger, keys: Sequence[str], settings: Settings) -> Iterator[Wanted]:
    """The calls that must be made."""
    for key in keys:
        if settings.stop.asked:
            return
        if not settings.is_done(*ledger.completion_kind(key)):
            yield Wanted(key, ledger)
