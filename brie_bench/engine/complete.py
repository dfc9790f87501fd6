"""From items to completions, and from completions to comparisons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from brie_bench.engine.answers import checked
from brie_bench.engine.ledger import ComparisonRow, Ledger, RunRow
from brie_bench.engine.plan import Plan, Side, pair_key
from brie_bench.engine.pool import Call, Stream, run_calls
from brie_bench.engine.settings import Settings
from brie_bench.errors import FailureKind
from brie_bench.spec.completion import Completion, Request
from brie_bench.spec.judgment import Failure


def complete(plan: Plan, ledger: Ledger, settings: Settings) -> dict[str, Failure]:
    """Complete every item by every side; what is recorded already is not asked for again.

    The contenders that can do nothing at all (a fatal failure), by name.
    """
    total, recorded = forecast(plan, ledger, settings)
    settings.progress.start("completions", total, recorded)
    asked: set[str] = set()
    streams = {
        side.name: Stream(side.model.lane, _calls(plan, side, ledger, settings, asked), side.model.max_concurrency)
        for side in plan.sides
    }

    def record(finished: list[tuple[Call, Any]]) -> None:
        with ledger.transaction():
            for call, answer in finished:
                call.done(answer)
        settings.progress.advance(len(finished), sum(isinstance(answer, Failure) for _, answer in finished))

    if recorded < total:
        run_calls(
            list(streams.values()),
            record,
            connections=settings.connections,
            timeout=settings.timeout,
            stop=settings.stop,
        )
    settings.progress.finish()
    return {name: fatal for name, stream in streams.items() if (fatal := stream.fatal)}


def forecast(plan: Plan, ledger: Ledger, settings: Settings) -> tuple[int, int]:
    """How many completions there are, and how many of them need not be asked for."""
    total = recorded = 0
    for side in plan.sides:
        for _, item in plan.numbered():
            total += 1
            recorded += settings.is_done(*ledger.completion_kind(side.request(item, plan.replicate)[0]))
    return total, recorded


def _calls(
    plan: Plan, side: Side, ledger: Ledger, settings: Settings, asked: set[str]
) -> Iterator[tuple[Callable[[], Any], Callable[[Any], None]]]:
    """Each call that must be made. `asked` holds the keys that are in flight or that failed just now: an item that occurs
    twice is asked for once."""
    for _, item in plan.numbered():
        if settings.stop.asked:
            return
        key, request = side.request(item, plan.replicate)
        if key in asked or settings.is_done(*ledger.completion_kind(key)):
            continue
        asked.add(key)

        def work(request: Request = request) -> Completion:
            return checked(side.model.complete(request), Completion, "model")

        def done(answer: Any, key: str = key) -> None:
            if isinstance(answer, Failure) and answer.kind is FailureKind.FATAL:
                asked.discard(key)
                return  # it says something of the contender, nothing of this item
            ledger.put_completion(key, answer)
            if isinstance(answer, Completion):
                asked.discard(key)

        yield work, done


def pair(plan: Plan, ledger: Ledger, run: RunRow) -> int:
    """Record the comparison of every item and contender whose two completions are there; how many there are."""
    found = 0
    with ledger.transaction():
        ledger.put_items(
            run.number,
            (
                (number, item.section, str(item.kind), item.prompt.key, item.model_dump_json(exclude_defaults=True))
                for number, item in plan.numbered()
            ),
        )
        for number, item in plan.numbered():
            baseline_key, _ = plan.baseline.request(item, plan.replicate)
            baseline = ledger.completion(baseline_key)
            if not isinstance(baseline, Completion):
                continue
            for position, side in enumerate(plan.contenders):
                key, _ = side.request(item, plan.replicate)
                completion = ledger.completion(key)
                if isinstance(completion, Completion):
                    first = plan.first_orders[side.name][number]
                    row = ComparisonRow(
                        number=number * len(plan.contenders) + position,
                        item=number,
                        contender=side.name,
                        pair=pair_key(item, completion, baseline),
                        contender_key=key,
                        baseline_key=baseline_key,
                        contender_length=len(completion.text),
                        baseline_length=len(baseline.text),
                        contender_finish=completion.finish_reason,
                        baseline_finish=baseline.finish_reason,
                        first=first,
                    )
                    ledger.put_comparison(run.number, row)
                    found += 1
    return found
