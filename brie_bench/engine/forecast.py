"""What a run would call, how many tokens that takes and what it costs; nothing is called and nothing is written.

Calls are counted exactly, but for judgments on texts that are not there yet: it cannot be known which of them would show
the same twice, and all count. Tokens and costs are estimated, and bounded.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from brie_bench.blind import present
from brie_bench.engine.calls.prices import PriceBook
from brie_bench.engine.calls.tokens import BYTES_PER_TOKEN
from brie_bench.engine.estimate import Forecast, Row
from brie_bench.engine.exam.sitting import exam_calls, is_paid
from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.engine.plan import Plan, Seat
from brie_bench.engine.run import check_order
from brie_bench.engine.settings import Settings
from brie_bench.plugin.kinds import Judge, ModelJudge
from brie_bench.spec.comparison import Comparison, Order, Presentation
from brie_bench.spec.completion import Completion, Request
from brie_bench.spec.config import OrderPolicy
from brie_bench.spec.judgment import Failure
from brie_bench.spec.suite import Item

_ENOUGH = 64
"""Recorded verdicts whose length says how long the next ones are."""


def forecast_run(plan: Plan, ledger: Ledger, settings: Settings, prices: PriceBook) -> dict[str, Forecast]:
    """What a run takes: `completions by NAME` for the baseline and each contender, `judgments by NAME` for each judge, and
    `exam of NAME` for each that is examined first."""
    sides = {side.name: Row(side.model, planned=plan.n_items) for side in plan.sides}
    asked: set[str] = set()
    for _, item in plan.numbered():
        for side in plan.sides:
            key, request = side.request(item, plan.replicate)
            found, row = ledger.completion(key), sides[side.name]
            if isinstance(found, Completion):
                row.learn(found.usage, found.text)
            elif key not in asked and not settings.is_done(found is not None, found.kind if found else None):
                asked.add(key)
                row.add(request)
    bench = _Bench(plan.seats, plan.suite.criteria, plan.config.judge_repeats, plan.replicate, ledger, settings)
    for number, item in plan.numbered():
        texts = {}
        for side in plan.sides:
            key, request = side.request(item, plan.replicate)
            texts[side.name] = _text(ledger.completion(key), request, sides[side.name], to_come=key in asked)
        for side in plan.contenders:
            orders = plan.orders(plan.first_orders[side.name][number])
            bench.count(item, texts[side.name], texts[plan.baseline.name], orders)
    rows = {f"completions by {name}": row for name, row in sides.items()}
    return _forecast({**rows, **bench.named, **bench.exams()}, settings, prices)


def forecast_judging(
    parent: RunRow,
    seats: Sequence[Seat],
    ledger: Ledger,
    settings: Settings,
    prices: PriceBook,
    *,
    order: OrderPolicy = OrderPolicy.BOTH,
    repeats: int = 1,
) -> dict[str, Forecast]:
    """What judging the recorded completions of `parent` by these judges takes: `judgments by NAME`, `exam of NAME`."""
    check_order(parent, ledger, order)
    criteria = tuple(json.loads(parent.record)["criteria"])
    bench = _Bench(seats, criteria, repeats, 0, ledger, settings)
    after = -1
    while page := ledger.comparisons(parent.number, after=after):
        for row in page:
            item = Item.model_validate_json(ledger.item_record(parent.number, row.item))
            contender, baseline = (
                found if isinstance(found, Completion) else None
                for found in map(ledger.completion, (row.contender_key, row.baseline_key))
            )
            if contender and baseline:
                orders = tuple(Order) if order is OrderPolicy.BOTH or row.first is None else (Order(row.first),)
                bench.count(item, _Text(contender, contender), _Text(baseline, baseline), orders)
        after = page[-1].number
    return _forecast({**bench.named, **bench.exams()}, settings, prices)


def _forecast(rows: dict[str, Row], settings: Settings, prices: PriceBook) -> dict[str, Forecast]:
    return {what: row.forecast(prices, batch=settings.batch is not None) for what, row in rows.items()}


@dataclass(frozen=True)
class _Text:
    """A completion that a judge is shown: as it is likely to be, and the longest that it may become. The same where it is
    recorded."""

    likely: Completion
    longest: Completion

    @property
    def known(self) -> bool:
        """Whether it is recorded."""
        return self.likely is self.longest


def _text(found: Completion | Failure | None, request: Request, row: Row, *, to_come: bool) -> _Text | None:
    """What a judge is shown of a request; None where it has failed, and is not asked for again."""
    if isinstance(found, Completion):
        return _Text(found, found)
    if not to_come:
        return None
    limit = request.sampling.max_tokens or 0
    return _Text(*(Completion(text="x" * BYTES_PER_TOKEN * length) for length in (row.length(limit), limit)))


@dataclass
class _Bench:
    """The judgments of some judges, counted pair by pair."""

    seats: Sequence[Seat]
    criteria: tuple[str, ...]
    repeats: int
    replicate: int
    ledger: Ledger
    settings: Settings
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.rows = [Row(seat.judge) for seat in self.seats]

    @property
    def named(self) -> dict[str, Row]:
        """The rows, by what they count."""
        return {f"judgments by {seat.name}": row for seat, row in zip(self.seats, self.rows, strict=True)}

    def exams(self) -> dict[str, Row]:
        """The exams of the judges that cost money and are still to judge something."""
        found = {}
        for seat, judging in zip(self.seats, self.rows, strict=True):
            if judging.to_make and is_paid(seat.judge) and not self.settings.skip_exam:
                planned, to_ask = exam_calls(seat, self.ledger, self.settings)
                row = found[f"exam of {seat.name}"] = Row(seat.judge, planned=planned)
                for shown in to_ask:
                    _count(seat.judge, row, shown, shown, 1)
        return found

    def count(self, item: Item, contender: _Text | None, baseline: _Text | None, orders: Sequence[Order]) -> None:
        """Count what each judge is asked about a pair in these orders."""
        for row in self.rows:
            row.planned += len(orders) * self.repeats
        if contender is None or baseline is None:
            return
        likely, longest = (
            Comparison(item=item, contender=one, baseline=other, criteria=self.criteria)
            for one, other in ((contender.likely, baseline.likely), (contender.longest, baseline.longest))
        )
        known = contender.known and baseline.known
        shown = present(likely, orders[0]), present(longest, orders[0])  # as long in the other order
        for seat, row in zip(self.seats, self.rows, strict=True):
            times = self._unjudged(seat, row, likely, orders) if known else len(orders) * self.repeats
            _count(seat.judge, row, *shown, times)

    def _unjudged(self, seat: Seat, row: Row, pair: Comparison, orders: Sequence[Order]) -> int:
        """How often a judge must be asked about a pair. Of what it has said already, the row learns."""
        before = len(self.seen)
        for order, repeat in product(orders, range(1, self.repeats + 1)):
            key = seat.key(present(pair, order), repeat, self.replicate)
            if not self.settings.is_done(*self.ledger.verdict_kind(key)):
                self.seen.add(key)
            elif row.model is not None and len(row.lengths) < _ENOUGH and (kept := self.ledger.verdict(key)):
                row.learn(kept.outcome.usage, kept.outcome.raw)
        return len(self.seen) - before


def _count(judge: Judge, row: Row, likely: Presentation, longest: Presentation, times: int) -> None:
    """Count what a judge would ask, so many times; of one that asks nothing, or cannot say what, the calls alone."""
    if not times or not isinstance(judge, ModelJudge) or row.mute:
        row.to_make += times
        return
    try:
        requests = judge.ask(likely), judge.ask(longest)
    except Exception:  # a stranger's code, and nothing is recorded here: the run will say what is wrong with it
        row.mute = True
        row.to_make += times
    else:
        row.add(*requests, times)
