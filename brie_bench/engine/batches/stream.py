"""One stream's calls by a batch service: marked, submitted, looked at, recorded."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from brie_bench.engine.batches.bill import BatchBill
from brie_bench.engine.batches.open import OpenBatches, State
from brie_bench.engine.batches.service import AT_ONCE, BatchService, size_of, tried
from brie_bench.engine.batches.table import BatchTable
from brie_bench.engine.calls.call import AnyCall, Outcome, Stream
from brie_bench.engine.calls.retrying import seconds
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.settings import Settings
from brie_bench.errors import Failed, FailureKind
from brie_bench.plugin.kinds import BatchModel, failure_of
from brie_bench.spec.base import digest
from brie_bench.spec.completion import Completion, Request
from brie_bench.spec.judgment import Failure
from brie_bench.spec.suite import Sampling

Draw = Callable[[], Iterator[AnyCall]]
"""Draws, from the first one, the calls that must be made now."""

_LONGEST_ASKED = 600.0
"""Seconds that a service is left alone at most when it asks for it."""
_REFUSALS = 10
"""Refusals in a row after which a service that has nothing of ours is left alone."""


class _Posted(NamedTuple):
    """What is asked in a call that is to be submitted, and at how many dollars it is counted."""

    request: Request
    most: float


class BatchStream:
    """The calls of a stream whose model has a batch service; `patience` is how many seconds it asked to be left alone,
    `trouble` why the last step could not say how its batches stand."""

    def __init__(self, stream: Stream, model: BatchModel, draw: Draw, ledger: Ledger, settings: Settings) -> None:
        self._stream, self._draw, self._ledger, self._settings = stream, draw, ledger, settings
        self._service, self._model = BatchService(model), digest(model.configuration())
        self._table, self._bill = BatchTable(ledger), BatchBill(settings.asker)
        self._open = OpenBatches(self._service, ledger, self._bill, settings.timeout)
        self._unsent = True
        self._answered = False
        self._short = False
        self._failed: set[str] = set()
        self._refusals = 0
        self.patience = 0.0
        self.trouble = ""

    def step(self) -> bool:
        """Submit what is in no batch, look at what is, record what is answered, all without waiting; whether anything is
        left to wait for."""
        self.patience, self.trouble = 0.0, ""
        if self._unsent and not self._is_over():
            self._submit_all()
        for number in self._open.numbers():
            if not self._is_over():
                self._take(self._open.look(number))
        if self._answered:
            self._record()
        return not self._is_over() and bool(self._unsent or self._open)

    def waiting(self) -> dict[int, int]:
        """The batches that are waited for, each with how many of its calls have no answer."""
        return self._open.waiting()

    def _is_over(self) -> bool:
        return self._stream.is_over or self._settings.stop.asked

    def _take(self, found: State | Failed) -> None:
        """What a look at a batch found. A service that is in trouble may answer later, or not at all."""
        self._unsent |= found is State.UNSENT
        self._answered |= found is State.ANSWERED
        if isinstance(found, Failed):
            if found.retryable:
                self.trouble = str(found.message)
                self.patience = max(self.patience, min(seconds(found.retry_after) or 0.0, _LONGEST_ASKED))
            else:
                self._stream.fatal = failure_of(found)

    def _submit_all(self) -> None:
        """Shard by shard, all calls that are in no batch. A refusal leaves the rest to the next step."""
        self._unsent = self._short = False
        shard: dict[str, _Posted] = {}
        size = 0
        for key, posted in self._free():
            more = size_of(key, posted.request)
            if shard and not self._service.fits(len(shard) + 1, size + more):
                if not self._submit(shard):
                    self._bill.refund(self._bill.run, posted.most)
                    return
                shard, size = {}, 0
            shard[key] = posted
            size += more
        if self._is_over():
            self._bill.refund(self._bill.run, sum(posted.most for posted in shard.values()))
            return
        if shard and not self._submit(shard):
            return
        if self._short and not self._open:
            self._stream.ended = self._settings.asker.budget.exhausted = True  # no money will come back

    def _free(self) -> Iterator[tuple[str, _Posted]]:
        """What to ask in the calls that are in no batch, as far as the money goes; the batches of the others are noted. A call
        of which a plugin cannot say what to ask has failed."""
        for call in self._draw():
            held = self._table.holds(call.key)
            if held is not None:
                self._open.add(held)
            elif call.key not in self._failed:
                request = _asked(call)
                if request is None or isinstance(request, Failed):
                    self._failed.add(call.key)
                    with self._ledger.transaction():
                        call.done(failure_of(request or Failed(FailureKind.ERROR, "nothing is asked")))
                    continue
                most = self._bill.afford(call)
                if isinstance(most, Failure):
                    self._stream.fatal = most
                    return
                if most is None:
                    self._short = True
                    return
                yield call.key, _Posted(request, most)

    def _submit(self, shard: dict[str, _Posted]) -> bool:
        """Mark one shard, then submit it; False where the service refuses."""
        self._bill.note()
        mark = f"brie-{secrets.token_hex(8)}"
        with self._ledger.transaction():  # what another process has marked or recorded meanwhile is left to it
            wanted = {key: posted.most for key, posted in shard.items() if not self._is_recorded(key)}
            batch, taken = self._table.mark(mark, self._model, self._bill.run, wanted)
            if not taken:
                self._table.forget(batch)
        if len(taken) < len(shard):
            self._unsent = True
            self._bill.refund(self._bill.run, sum(shard[key].most for key in shard.keys() - taken))
        if not taken:
            return True
        self._open.add(batch.number)
        name = self._service.submit([(key, shard[key].request) for key in taken], mark)
        if isinstance(name, Failed):
            self._unsent = True
            self._refusals += 1
            if _took_nothing(name):
                self._open.forget(batch)
            if not self._open and self._refusals >= _REFUSALS:
                self._stream.fatal = failure_of(name)
            self._take(name)
            return False
        self._refusals = 0
        with self._ledger.transaction():
            self._table.name(batch, name)
        return True

    def _is_recorded(self, key: str) -> bool:
        kinds = (self._ledger.completion_kind(key), self._ledger.verdict_kind(key))
        return any(self._settings.is_done(*kind) for kind in kinds)

    def _record(self) -> None:
        """Read and record every answer that was collected."""
        answered = ((call, found) for call in self._draw() if (found := self._table.answer(call.key)) is not None)
        while some := list(islice(answered, AT_ONCE)):
            outcomes = [(call, self._bill.priced(call, _outcome(call, found.answer))) for call, found in some]
            failures = [outcome for _, outcome in outcomes if isinstance(outcome, Failure)]
            self._stream.fatal = self._stream.fatal or next(filter(_is_fatal, failures), None)
            with self._ledger.transaction():
                for call, outcome in outcomes:
                    call.done(outcome)
                    self._table.free(call.key)
            for (_, found), (_, outcome) in zip(some, outcomes, strict=True):
                self._bill.settle(found.run, found.most, outcome)
            self._bill.note()
            self._failed.update(call.key for call, outcome in outcomes if isinstance(outcome, Failure))
            self._settings.progress.advance(len(some), len(failures))
        self._answered = False
        self._unsent |= self._short


def _took_nothing(error: Failed) -> bool:
    """Whether a service has refused a batch for certain. A lost connection, or an error of the server's own, may come after
    it was taken."""
    refused = not error.retryable or error.kind is FailureKind.RATE_LIMITED
    return error.kind is FailureKind.FATAL or (error.usage is not None and refused)


def _asked(call: AnyCall) -> Request | Failed | None:
    return tried(lambda: call.request)


def _outcome(call: AnyCall, answer: Completion | Failure) -> Outcome:
    if isinstance(answer, Failure):
        return answer
    read = tried(lambda: call.read(_whole(call, answer)))
    return failure_of(read) if isinstance(read, Failed) else read


def _whole(call: AnyCall, answer: Completion) -> Completion:
    """A row of a batch does not say what was applied of the sampling: what was asked for, which is what its model honours."""
    request = call.request
    if request is None or answer.sampling_applied != Sampling():
        return answer
    return answer.replace(sampling_applied=request.sampling)


def _is_fatal(failure: Failure) -> bool:
    return failure.kind is FailureKind.FATAL
