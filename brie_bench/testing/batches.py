"""Batches: what was submitted, when it is finished, and what became of each row. The protocols put it into words.

BatchScript(polls=3)                                       # found finished at the fourth look
BatchScript(seconds=3600)                                  # or after an hour; `server.clock.advance(3600)`
BatchScript(rows={0: Fate.ERRORED, "p-7": Fate.EXPIRED})   # by position or by key
BatchScript(rows=lambda row: Fate.ERRORED if row.attempt == 1 else None)
BatchScript(order="shuffled")                              # in which anthropic and openai hand the rows back
BatchScript(ends=Fate.EXPIRED)                             # the whole of it
"""

from __future__ import annotations

import datetime
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from brie_bench.testing.asking import Ending, Usage
from brie_bench.testing.desk import Problem
from brie_bench.testing.drawing import fingerprint

WINDOW = 24 * 3600.0
"""What is not finished after a day has expired."""


class Clock:
    """The real time and what has been added to it."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds since 1970."""
        with self._lock:
            return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Put it forward."""
        with self._lock:
            self._ahead += seconds


def rfc3339(seconds: float) -> str:
    """`2026-11-20T12:00:00.000000Z`."""
    moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Fate(StrEnum):
    """What became of a row, or of a whole batch."""

    SUCCEEDED = "succeeded"
    ERRORED = "errored"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


_WORDS = {
    Fate.ERRORED: (500, "Internal server error."),
    Fate.EXPIRED: (504, "This request could not be executed before the completion window expired."),
    Fate.CANCELLED: (499, "This request was cancelled before it was executed."),
}


@dataclass(frozen=True)
class Row:
    """One request of a batch."""

    position: int
    """From 0, in the order of submission."""
    key: str
    """`custom_id`, or google's metadata key."""
    body: Mapping[str, Any]
    """The request, in the protocol's words."""
    attempt: int = 1
    """How often this key has been submitted, this time included."""


Fated = Fate | Ending | None
"""What is to become of a row: a fate, or an answer that ends so; None succeeds."""


@dataclass(frozen=True)
class BatchScript:
    """How batches go."""

    polls: int = 1
    """How many looks find it unfinished."""
    seconds: float | None = None
    """Where given, how long it takes by the server's clock, whoever looks."""
    order: Literal["given", "reversed", "shuffled"] = "reversed"
    """In which rows come back; google's always come back as given."""
    rows: Mapping[int | str, Fated] | Callable[[Row], Fated] = field(default_factory=dict)
    """What becomes of rows, by position or key. A mapping is for the first time that a key is submitted."""
    ends: Fate = Fate.SUCCEEDED
    """What becomes of the whole: `ERRORED` fails it (anthropic knows no such thing: every row errs)."""
    finished_before_cancel: int = 0
    """How many rows, from the first, are finished when somebody cancels."""

    def fate(self, row: Row) -> Fated:
        """What becomes of a row of a batch that ends well."""
        if callable(self.rows):
            return self.rows(row)
        return None if row.attempt > 1 else self.rows.get(row.position, self.rows.get(row.key))


@dataclass(frozen=True)
class Result:
    """A finished row."""

    row: Row
    fate: Fate
    body: Mapping[str, Any] | None = None
    """The answer in the protocol's words, where there is one."""
    problem: Problem | None = None
    """What was wrong with it, where it erred."""
    usage: Usage | None = None
    """What it took, where it is billed."""


@dataclass
class Batch:
    """A submitted batch."""

    id: str
    protocol: str
    created: float
    rows: Sequence[Row]
    info: Mapping[str, Any]
    """What was said with it: a display name, metadata, an endpoint."""
    looks: int = 0
    """How often somebody looked."""
    cancelled: float | None = None
    """When somebody cancelled it."""
    ended: float | None = None
    """When it ended."""
    fate: Fate = Fate.SUCCEEDED
    """What became of the whole, once it has ended."""
    results: Sequence[Result] = ()
    """What became of the rows, in the order in which they come back."""
    files: dict[str, str] = field(default_factory=dict)
    """The names of openai's output and error files."""

    def tally(self) -> Counter[Fate]:
        """How many rows had which fate."""
        return Counter(result.fate for result in self.results)


Answers = Callable[[Row, Ending | None], tuple[Mapping[str, Any], Usage]]
"""How a protocol answers one row. Raises Problem."""


class BatchBook:
    """All batches of a server."""

    def __init__(self, script: BatchScript, clock: Clock) -> None:
        self.script = script
        self._clock = clock
        self._batches: dict[str, Batch] = {}
        self._keys: Counter[tuple[str, str]] = Counter()
        self._lock = threading.RLock()
        self.finished: Callable[[Batch], None] = lambda batch: None
        """Called once with every batch that ends."""

    def open(
        self, protocol: str, identifier: str, rows: Sequence[tuple[str, Mapping[str, Any]]], info: Mapping[str, Any]
    ) -> Batch:
        """A new batch of keyed rows."""
        with self._lock:
            kept = []
            for position, (key, body) in enumerate(rows):
                self._keys[protocol, key] += 1
                kept.append(Row(position, key, body, self._keys[protocol, key]))
            batch = Batch(identifier, protocol, self._clock.now(), kept, info)
            self._batches[identifier] = batch
            return batch

    def get(self, protocol: str, identifier: str) -> Batch:
        """A batch, without a look at it. Raises Problem."""
        with self._lock:
            batch = self._batches.get(identifier)
        if batch is None or batch.protocol != protocol:
            raise Problem(404, f"No such batch: {identifier}")
        return batch

    def all(self, protocol: str | None = None) -> list[Batch]:
        """The batches of a protocol, or of all, the newest first."""
        with self._lock:
            return [batch for batch in reversed(self._batches.values()) if protocol in (None, batch.protocol)]

    def look(self, batch: Batch, answers: Answers, on_end: Callable[[Batch], None] = lambda batch: None) -> None:
        """Somebody polls: what is due happens; `on_end` is told once, when the batch ends."""
        with self._lock:
            if batch.ended is not None:
                return
            batch.looks += 1
            due = self._due(batch)
            if due is not None:
                self._end(batch, answers, *due)
                on_end(batch)

    def cancel(self, protocol: str, identifier: str) -> Batch:
        """Somebody cancels: it is so at the next look. Raises Problem."""
        batch = self.get(protocol, identifier)
        with self._lock:
            if batch.ended is None and batch.cancelled is None:
                batch.cancelled = self._clock.now()
        return batch

    def _due(self, batch: Batch) -> tuple[Fate, int] | None:
        """How the batch ends now and how many rows are finished, or None where it goes on."""
        script, age = self.script, self._clock.now() - batch.created
        if batch.cancelled is not None:
            return Fate.CANCELLED, script.finished_before_cancel
        if age >= WINDOW and (script.seconds is None or script.seconds > WINDOW):
            return Fate.EXPIRED, 0
        if age >= script.seconds if script.seconds is not None else batch.looks > script.polls:
            return script.ends, len(batch.rows) if script.ends is Fate.SUCCEEDED else 0
        return None

    def _end(self, batch: Batch, answers: Answers, fate: Fate, finished: int) -> None:
        results = [
            self._result(row, answers) if row.position < finished else Result(row, fate, problem=_ended_so(fate))
            for row in batch.rows
        ]
        batch.results = _ordered(results, "given" if batch.protocol == "google" else self.script.order, batch.id)
        batch.fate, batch.ended = fate, self._clock.now()
        self.finished(batch)

    def _result(self, row: Row, answers: Answers) -> Result:
        fated = self.script.fate(row)
        if isinstance(fated, Fate) and fated is not Fate.SUCCEEDED:
            return Result(row, fated, problem=_ended_so(fated))
        try:
            body, usage = answers(row, fated if isinstance(fated, Ending) else None)
        except Problem as problem:
            return Result(row, Fate.ERRORED, problem=problem)
        return Result(row, Fate.SUCCEEDED, body, usage=usage)


def _ended_so(fate: Fate) -> Problem:
    return Problem(*_WORDS[fate])


def _ordered(results: list[Result], order: str, seed: str) -> list[Result]:
    if order == "given":
        return results
    if order == "reversed":
        return results[::-1]
    return sorted(results, key=lambda result: fingerprint(seed, result.row.position))
