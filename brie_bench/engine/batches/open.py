"""Batches that are under way: found by their mark where their name is not known, looked at, collected into the ledger."""

from __future__ import annotations

from enum import Enum, auto

from brie_bench.engine.batches.bill import BatchBill
from brie_bench.engine.batches.service import BatchService, Fault
from brie_bench.engine.batches.table import BatchRow, BatchTable
from brie_bench.engine.ledger import Ledger
from brie_bench.errors import Failed, FailureKind
from brie_bench.plugin.kinds import failure_of
from brie_bench.spec.judgment import Failure


class State(Enum):
    """What a look at a batch found."""

    WAITING = auto()
    ANSWERED = auto()
    """Each of its calls has an answer."""
    UNSENT = auto()
    """It was never submitted: its calls are in no batch."""


class OpenBatches:
    """The batches that one stream waits for, by number. `timeout` is how many seconds a submission may take."""

    def __init__(self, service: BatchService, ledger: Ledger, bill: BatchBill, timeout: float) -> None:
        self._service, self._ledger, self._bill, self._timeout = service, ledger, bill, timeout
        self._table = BatchTable(ledger)
        self._numbers: set[int] = set()

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, number: int) -> None:
        """Wait for one more."""
        self._numbers.add(number)

    def numbers(self) -> list[int]:
        """The oldest first."""
        return sorted(self._numbers)

    def waiting(self) -> dict[int, int]:
        """How many calls of each batch have no answer."""
        rows = (self._table.row(number) for number in self.numbers())
        return {row.number: row.waiting for row in rows if row}

    def forget(self, batch: BatchRow) -> None:
        """A batch was not submitted: its calls are free again."""
        with self._ledger.transaction():
            self._table.forget(batch)
        self._numbers.discard(batch.number)
        self._bill.refund(batch.run, batch.most)

    def look(self, number: int) -> State | Failed:
        """Look at one batch; a Failed is the service's trouble, and the batch is still waited for."""
        batch = self._table.row(number)
        if batch is None:  # another process found out
            state: State | Failed = State.UNSENT
        elif batch.waiting == 0:
            state = State.ANSWERED
        else:
            state = self._find(batch) if batch.name is None else self._collect(batch, batch.name)
        if state in (State.ANSWERED, State.UNSENT):
            self._numbers.discard(number)
        return state

    def _find(self, batch: BatchRow) -> State | Failed:
        """Look for a batch by its mark. Its submission may be under way for as long as a call may take; only then is one that
        nobody knows given up."""
        name = self._service.find(batch.mark)
        if isinstance(name, Failed):
            return name
        if name is not None:
            with self._ledger.transaction():
                self._table.name(batch, name)
        elif batch.age() >= self._timeout:
            self.forget(batch)
            return State.UNSENT
        return State.WAITING

    def _collect(self, batch: BatchRow, name: str) -> State | Failed:
        """Keep what a batch answered. Where the service says that it never can be collected, that is the answer to each of
        its calls; a fault of the plugin's loses nothing."""
        for some in self._service.collect(name) or ():
            if isinstance(some, Failed):
                if some.retryable or some.kind is FailureKind.FATAL or isinstance(some, Fault):
                    return some
                return self._close(batch, failure_of(some))
            if not some:
                message = f"the batch {name} has ended without an answer to this call"
                return self._close(batch, Failure(kind=FailureKind.ERROR, message=message))
            with self._ledger.transaction():
                self._table.put_answers(batch, some)
        return State.WAITING

    def _close(self, batch: BatchRow, failure: Failure) -> State:
        with self._ledger.transaction():
            self._table.put_rest(batch, failure)
        return State.ANSWERED
