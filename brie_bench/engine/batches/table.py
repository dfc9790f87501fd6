"""What the ledger knows of batches: which were marked, how the provider calls them, which calls are in them.

A call is in one batch at most (its key is the table's), from the moment of the mark until its outcome is recorded. So
whoever finds a key here submits it to nobody else.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from brie_bench.engine.ledger import Ledger, now
from brie_bench.errors import LedgerError
from brie_bench.spec.completion import Completion
from brie_bench.spec.judgment import Failure


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch of one model, which is named by the digest of its configuration. `run` pays for it; `name` is None until the
    provider's name is known; `waiting` is how many of its calls have no answer, `most` at what its calls are counted."""

    number: int
    mark: str
    model: str
    run: int | None
    name: str | None
    at: str
    waiting: int
    most: float

    def age(self) -> float:
        """Seconds since it was marked."""
        return (datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(self.at)).total_seconds()


class Collected(NamedTuple):
    """The answer to a call that is not recorded yet, who pays for it, and at what it is counted."""

    answer: Completion | Failure
    run: int | None
    most: float


class BatchTable:
    """The batches of a ledger. Whatever changes something is called inside a transaction of the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def mark(self, mark: str, model: str, run: int | None, calls: Mapping[str, float]) -> tuple[BatchRow, list[str]]:
        """A new batch, and those of the calls that are in it: all that were in no other. Each is counted at so many dollars."""
        at = now()
        self._ledger.write("INSERT INTO batch (mark, model, run, at) VALUES (?, ?, ?, ?)", mark, model, run, at)
        number = self._ledger.select("SELECT number FROM batch WHERE mark = ?", mark)[0][0]
        insert = "INSERT OR IGNORE INTO batched (key, batch, most) VALUES (?, ?, ?)"
        taken = [key for key, most in calls.items() if self._ledger.write(insert, key, number, most)]
        return BatchRow(number, mark, model, run, None, at, len(taken), sum(calls[key] for key in taken)), taken

    def name(self, batch: BatchRow, name: str) -> None:
        """The provider's name of a batch: it was submitted."""
        self._ledger.write("UPDATE batch SET name = ? WHERE number = ?", name, batch.number)

    def forget(self, batch: BatchRow) -> None:
        """A batch that was not submitted: its calls are free again."""
        self._ledger.write("DELETE FROM batched WHERE batch = ?", batch.number)
        self._ledger.write("DELETE FROM batch WHERE number = ?", batch.number)

    def row(self, number: int) -> BatchRow | None:
        """A batch by its number; None for one that was forgotten."""
        query = (
            "SELECT number, mark, model, run, name, at,"
            " (SELECT count(*) FROM batched WHERE batch = number AND answer IS NULL),"
            " (SELECT total(most) FROM batched WHERE batch = number) FROM batch WHERE number = ?"
        )
        found = self._ledger.select(query, number)
        return BatchRow(*found[0]) if found else None

    def holds(self, key: str) -> int | None:
        """The number of the batch that a call is in; None for one that is in none."""
        found = self._ledger.select("SELECT batch FROM batched WHERE key = ?", key)
        return found[0][0] if found else None

    def is_empty(self) -> bool:
        """Whether no call is in any batch."""
        return not self._ledger.select("SELECT 1 FROM batched LIMIT 1")

    def put_answers(self, batch: BatchRow, answers: Sequence[tuple[str, Completion | Failure]]) -> None:
        """Keep the answers to calls of `batch` that have none; answers to other calls are nobody's."""
        for key, answer in answers:
            self._ledger.write(
                "UPDATE batched SET kind = ?, answer = ? WHERE key = ? AND batch = ? AND answer IS NULL",
                answer.kind if isinstance(answer, Failure) else None,
                answer.model_dump_json(exclude_defaults=True),
                key,
                batch.number,
            )

    def put_rest(self, batch: BatchRow, failure: Failure) -> None:
        """The answer to all calls of `batch` that have none."""
        self._ledger.write(
            "UPDATE batched SET kind = ?, answer = ? WHERE batch = ? AND answer IS NULL",
            failure.kind,
            failure.model_dump_json(exclude_defaults=True),
            batch.number,
        )

    def answer(self, key: str) -> Collected | None:
        """The collected answer to a call; None where there is none."""
        query = (
            "SELECT kind, answer, run, most FROM batched JOIN batch ON batch = number"
            " WHERE key = ? AND answer IS NOT NULL"
        )
        found = self._ledger.select(query, key)
        if not found:
            return None
        kind, answer, run, most = found[0]
        try:
            return Collected((Completion if kind is None else Failure).model_validate_json(answer), run, most)
        except ValueError:
            raise LedgerError(f"the answer '{key}' was damaged.", where=self._ledger.path) from None

    def free(self, key: str) -> None:
        """A call that is in its batch no more: its outcome is recorded, or its answer says nothing of it."""
        self._ledger.write("DELETE FROM batched WHERE key = ?", key)
