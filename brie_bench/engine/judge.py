"""From comparisons to verdicts: present, ask, record. What a verdict means is not known here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from brie_bench.blind import present
from brie_bench.engine.answers import checked
from brie_bench.engine.ledger import ComparisonRow, Ledger, RunRow
from brie_bench.engine.plan import Seat
from brie_bench.engine.pool import LONGEST_RAW, Call, Stream, run_calls
from brie_bench.engine.settings import Settings
from brie_bench.errors import Failed, FailureKind, LedgerError
from brie_bench.plugin.kinds import Judge, ModelJudge, unexpected
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
    streams = {}
    if recorded < total:
        docket = _Docket(judging, ledger)
        benches = [_Bench(judging, seat, ledger, settings, docket) for seat in judging.seats]
        for bench in benches:
            judge = bench.seat.judge
            streams[bench.seat.name] = Stream(judge.lane, bench.calls(), judge.max_concurrency)

        def record(finished: list[tuple[Call, Any]]) -> None:
            with ledger.transaction():
                for call, answer in finished:
                    call.done(answer)
            settings.progress.advance(len(finished), sum(isinstance(answer, Failure) for _, answer in finished))

        run_calls(
            list(streams.values()),
            record,
            connections=settings.connections,
            timeout=settings.timeout,
            stop=settings.stop,
        )
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

    def calls(self) -> Iterator[tuple[Callable[[], Any], Callable[[Any], None]]]:
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

    def _call(self, shown: Presentation, link: _Link) -> Iterator[tuple[Callable[[], Any], Callable[[Any], None]]]:
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
            yield lambda: verdict_of(self.seat.judge, shown), lambda answer: self._done(key, answer)

    def _done(self, key: str, answer: Any) -> None:
        links = self.docket.waiting.pop(key)
        if isinstance(answer, Failure):
            if answer.kind is FailureKind.FATAL:
                return  # it says something of the judge, nothing of this presentation
            if self.settings.retry_failures:
                self.docket.failed.add(key)
        self.ledger.put_verdict(key, answer)
        for link in links:
            self._link(key, link)

    def _link(self, key: str, link: _Link) -> None:
        self.ledger.put_judging(
            self.judging.run.number, link.comparison, link.judge, link.order, link.order, link.repeat, key
        )


def verdict_of(judge: Judge, shown: Presentation) -> Verdict:
    """Ask a judge. A judge that uses a model says what to ask and reads the answer; the asking is done here.

    Raises Failed for whatever is no verdict.
    """
    if not isinstance(judge, ModelJudge):
        return _short(checked(judge.judge(shown), Verdict, "judge"))
    answer = checked(judge.model.complete(judge.ask(shown)), Completion, "judge's model")
    raw = answer.text[:LONGEST_RAW]
    if len(answer.text) > LONGEST_RAW:
        message = f"the judge answered {len(answer.text)} characters; {LONGEST_RAW} are read"
        raise Failed(FailureKind.UNPARSED, message, raw=raw, usage=answer.usage)
    try:
        verdict = checked(judge.read(shown, answer), Verdict, "judge")
    except Failed as error:
        raise Failed(error.kind, error.message, raw=error.raw or raw, usage=error.usage or answer.usage) from None
    except Exception as error:  # a fault of the plugin: what was paid for is kept with it
        raise Failed(FailureKind.ERROR, unexpected(error).message, raw=raw, usage=answer.usage) from None
    return _short(verdict).model_copy(update={"raw": raw, "usage": answer.usage, "model": answer.model})


def _short(verdict: Verdict) -> Verdict:
    if len(verdict.raw) > LONGEST_RAW or len(verdict.rationale) > LONGEST_RAW:
        message = f"the judge answered more than {LONGEST_RAW} characters"
        raise Failed(FailureKind.UNPARSED, message, raw=(verdict.raw or verdict.rationale)[:LONGEST_RAW])
    return verdict
