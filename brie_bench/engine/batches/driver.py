"""Calls by a provider's batch service: marked, submitted, waited for, collected; each of them once, whatever happens.

What is known of a batch is in the ledger before it is needed: its mark and its calls before it is submitted, its name as
soon as the provider gives one, its answers as they are collected. They are then read and recorded like any other. Another
process, or the same command after a crash, begins where the ledger says; a mark without a name is looked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from brie_bench.engine.batches.stream import BatchStream, Draw
from brie_bench.engine.batches.table import BatchTable
from brie_bench.engine.calls.pool import Stop
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.settings import Batching, Settings
from brie_bench.errors import UsageError


def by_batch(streams: Collection[BatchStream], settings: Settings, meanwhile: Callable[[], None]) -> None:
    """Make every call of every stream; `meanwhile` is done when all is submitted that can be. A stop ends the waiting: what
    was submitted is found again."""
    waiting = [stream for stream in streams if stream.step()]
    meanwhile()
    pauses = (settings.batch or Batching()).pauses()
    while waiting:
        batches = {number: calls for stream in waiting for number, calls in stream.waiting().items()}
        trouble = next((stream.trouble for stream in waiting if stream.trouble), "")
        settings.progress.wait(len(batches), sum(batches.values()), trouble)
        _rest(max(next(pauses), *(stream.patience for stream in waiting)), settings.stop)
        waiting = [stream for stream in waiting if stream.step()]


def check_unposted(draw: Draw, ledger: Ledger) -> None:
    """Raise UsageError where a call that must be made is in a batch: it was paid for."""
    table = BatchTable(ledger)
    held = 0 if table.is_empty() else sum(table.holds(call.key) is not None for call in draw())
    if held:
        raise UsageError(
            f"{held} of these calls are in batches that are not collected.", mend="Add --batch to wait for them."
        )


def _rest(seconds: float, stop: Stop) -> None:
    until = time.monotonic() + seconds
    while not stop.asked and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 0.2))
