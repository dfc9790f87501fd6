"""Calls made and recorded: what `complete.py`, `judge.py` and the exam do with their streams."""

from __future__ import annotations

from brie_bench.engine.batches.driver import by_batch, check_unposted
from brie_bench.engine.batches.stream import BatchStream
from brie_bench.engine.calls.call import AnyCall, Outcome, Stream
from brie_bench.engine.calls.pool import run_calls
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.settings import Settings
from brie_bench.plugin.kinds import BatchModel
from brie_bench.spec.judgment import Failure


def record_calls(streams: list[Stream], ledger: Ledger, settings: Settings) -> None:
    """Make every call of every stream, by a batch service where that is wanted and there is one, else in the pool; each outcome
    is committed before it counts. Raises UsageError, before anything is asked, where batches are not wanted and one holds a
    call that is to be made."""
    posted: list[BatchStream] = []
    called: list[Stream] = []
    for stream in streams:
        if stream.redraw is None or not isinstance(stream.model, BatchModel):
            called.append(stream)
        elif settings.batch is None:
            check_unposted(stream.redraw, ledger)
            called.append(stream)
        else:
            posted.append(BatchStream(stream, stream.model, stream.redraw, ledger, settings))

    def record(finished: list[tuple[AnyCall, Outcome]]) -> None:
        with ledger.transaction():
            for call, outcome in finished:
                call.done(outcome)
        settings.progress.advance(len(finished), sum(isinstance(outcome, Failure) for _, outcome in finished))

    def call() -> None:
        run_calls(
            called,
            record,
            connections=settings.connections,
            timeout=settings.timeout,
            stop=settings.stop,
            asker=settings.asker,
        )

    by_batch(posted, settings, meanwhile=call)
    settings.asker.budget.rest()
