"""From comparisons to verdicts: present, ask, record. What a verdict means is not known here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from brie_bench.blind import present
from brie_bench.engine.calls.call import AnyCall, Stream
from brie_bench.engine.ledger import ComparisonRow, Ledger, RunRow
from brie_bench.engine.plan import Seat
from brie_bench.engine.recording import record_calls
from brie_bench.engine.settings import Settings
from brie_bench.engine.verdict import verdict_call
from brie_bench.errors import FailureKind, LedgerError
from brie_bench.plugin.kinds import ModelJudge
from brie_bench.spec.comparison import Comparison, Order, Presentation
from brie_bench.spec.completion import Completion
from brie_bench.spec.judgment import Failure, Verdict
from brie_bench.spec.suite import Item

_PAGE = 256
_RECENT = 32


@dataclass(frozen=True)
class Judging:
    """How the judges of a run are asked."""

    run: RunRow
    seats: tuple[Seat, ...]
    both_orders: bool
    repeats: int
    replicate: int
    criteria: tuple[str, ...]

    def orders(self, row: ComparisonRow) -> tuple[Order, ...]:
        """The orders in which this pair is shown."""
        return tuple(Order) if self.both_orders or row.first is None else (Order(row.first),)


def judge(judging: Judging, ledger: Ledger, settings: Settings, n_comparisons: int) -> dict[str, Failure]:
    """Ask every judge about every comparison; what is recorded already is not asked for again.

    The judges that can do nothing at all (a fatal failure), by name: they do not stop the others.
    """
    total = n_comparisons * judging.repeats * (2 if judging.both_orders else 1) * len(judging.seats)
    recorded = ledger.n_judged(judging.run.number, with_failures=not settings.retry_failures)
    settings.progress.start("judgments", total, min(total, recorded))
    streams: dict[str, Stream] = {}
    if recorded < total:
        docket = _Docket(judging, ledger)
        benches = [_Bench(judging, seat, ledger, settings, docket) for seat in judging.seats]
        streams = {bench.seat.name: bench.stream() for bench in benches}
        record_calls(list(streams.values()), ledger, settings)
        for bench in benches:
            bench.link_found()
    settings.progress.finish()
    return {name: fatal for name, stream in streams.items() if (fatal := stream.fatal)}


@dataclass(frozen=True, slots=True)
class _Link:
    """A judging that a verdict is to serve."""

    comparison: int
    judge: str
    order: Order
    repeat: int


class _Docket:
    """What all judges of a run share: the comparisons they are at, what is being asked at the moment (by key, whom the
    answer serves), and the keys that failed just now."""

    def __init__(self, judging: Judging, ledger: Ledger) -> None:
        self.judging, self.ledger = judging, ledger
        self.waiting: dict[str, list[_Link]] = {}
        self.failed: set[str] = set()
        self.comparison = lru_cache(maxsize=_RECENT)(self._comparison)
        self.item = lru_cache(maxsize=_RECENT)(self._item)

    def _comparison(self, row: ComparisonRow) -> Comparison:
        contender, baseline = self.ledger.completion(row.contender_key), self.ledger.completion(row.baseline_key)
        if not isinstance(contender, Completion) or not isinstance(baseline, Completion):
            raise LedgerError(f"a completion of comparison {row.number} is missing.", where=self.ledger.path)
        return Comparison(
            item=self.item(row.item), contender=contender, baseline=baseline, criteria=self.judging.criteria
        )

    def _item(self, number: int) -> Item:
        return Item.model_validate_json(self.ledger.item_record(self.judging.run.number, number))


class _Bench:
    """One judge's calls. A presentation that is being asked about already, for whichever seat, is asked about once."""

    def __init__(self, judging: Judging, seat: Seat, ledger: Ledger, settings: Settings, docket: _Docket) -> None:
        self.judging, self.seat, self.ledger, self.settings, self.docket = judging, seat, ledger, settings, docket
        self.found: list[tuple[str, _Link]] = []

    def stream(self) -> Stream:
        """Its calls, for those who make them."""
        judge = self.seat.judge
        model = judge.model if isinstance(judge, ModelJudge) else None
        return Stream(judge.lane, self.calls(), judge.max_concurrency, model=model, redraw=self.redrawn)

    def redrawn(self) -> Iterator[AnyCall]:
        """The calls that must be made now, whatever was drawn before."""
        bench = _Bench(self.judging, self.seat, self.ledger, self.settings, _Docket(self.judging, self.ledger))
        yield from bench.calls()
        bench.link_found()

    def calls(self) -> Iterator[AnyCall]:
        """Each call that must be made, in the order of the comparisons."""
        after = -1
        while page := self.ledger.comparisons(self.judging.run.number, after=after):
            for row in page:
                if self.settings.stop.asked:
                    return
                comparison = self.docket.comparison(row)
                for order in self.judging.orders(row):
                    shown = present(comparison, order)
                    for repeat in range(1, self.judging.repeats + 1):
                        yield from self._call(shown, _Link(row.number, self.seat.name, order, repeat))
            after = page[-1].number

    def link_found(self) -> None:
        """Link what another run, or an interrupted one, has paid for."""
        if self.found:
            with self.ledger.transaction():
                for key, link in self.found:
                    self._link(key, link)
            self.found.clear()

    def _call(self, shown: Presentation, link: _Link) -> Iterator[AnyCall]:
        key = self.seat.key(shown, link.repeat, self.judging.replicate)
        waiting = self.docket.waiting
        if key in waiting:
            waiting[key].append(link)
        elif key in self.docket.failed or self.settings.is_done(*self.ledger.verdict_kind(key)):
            self.found.append((key, link))
            if len(self.found) >= _PAGE:
                self.link_found()
        else:
            waiting[key] = [link]
            yield verdict_call(key, self.seat.judge, shown, self._done)

    def _done(self, key: str, outcome: Verdict | Failure) -> None:
        links = self.docket.waiting.pop(key)
        if isinstance(outcome, Failure):
            if outcome.kind is FailureKind.FATAL:
                return  # it says something of the judge, nothing of this presentation
            if self.settings.retry_failures:
                self.docket.failed.add(key)
        self.ledger.put_verdict(key, outcome)
        for link in links:
            self._link(key, link)

    def _link(self, key: str, link: _Link) -> None:
        self.ledger.put_judging(
            self.judging.run.number, link.comparison, link.judge, link.order, link.order, link.repeat, key
        )
