"""From items to completions, and from completions to comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from brie_bench.engine.calls.answers import checked
from brie_bench.engine.calls.call import AnyCall, Stream
from brie_bench.engine.ledger import ComparisonRow, Ledger, RunRow
from brie_bench.engine.plan import Plan, Side, pair_key
from brie_bench.engine.recording import record_calls
from brie_bench.engine.settings import Settings
from brie_bench.errors import FailureKind
from brie_bench.plugin.kinds import Model
from brie_bench.spec.completion import Completion, Request
from brie_bench.spec.judgment import Failure


def complete(plan: Plan, ledger: Ledger, settings: Settings) -> dict[str, Failure]:
    """Complete every item by every side; what is recorded already is not asked for again.

    The contenders that can do nothing at all (a fatal failure), by name.
    """
    total, recorded = forecast(plan, ledger, settings)
    settings.progress.start("completions", total, recorded)
    asked: set[str] = set()

    def stream(side: Side) -> Stream:
        return Stream(
            side.model.lane,
            _calls(plan, side, ledger, settings, asked),
            side.model.max_concurrency,
            model=side.model,
            redraw=lambda: _calls(plan, side, ledger, settings, set()),
        )

    streams = {side.name: stream(side) for side in plan.sides}
    if recorded < total:
        record_calls(list(streams.values()), ledger, settings)
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


@dataclass(slots=True, eq=False)
class _Wanted:
    """A completion to ask for."""

    key: str
    model: Model
    request: Request
    ledger: Ledger
    asked: set[str]

    def ask(self) -> Completion:
        return checked(self.model.complete(self.request), Completion, "model")

    def read(self, answer: Completion) -> Completion:
        return answer

    def done(self, outcome: Completion | Failure) -> None:
        if isinstance(outcome, Failure) and outcome.kind is FailureKind.FATAL:
            self.asked.discard(self.key)
            return  # it says something of the contender, nothing of this item
        self.ledger.put_completion(self.key, outcome)
        if isinstance(outcome, Completion):
            self.asked.discard(self.key)


def _calls(plan: Plan, side: Side, ledger: Ledger, settings: Settings, asked: set[str]) -> Iterator[AnyCall]:
    """Each call that must be made. `asked` holds the keys that are in flight or that failed just now: an item that occurs
    twice is asked for once."""
    for _, item in plan.numbered():
        if settings.stop.asked:
            return
        key, request = side.request(item, plan.replicate)
        if key in asked or settings.is_done(*ledger.completion_kind(key)):
            continue
        asked.add(key)
        yield _Wanted(key, side.model, request, ledger, asked)


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
        ledger.put_completing(
            run.number,
            ((side.name, side.request(item, plan.replicate)[0]) for _, item in plan.numbered() for side in plan.sides),
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
