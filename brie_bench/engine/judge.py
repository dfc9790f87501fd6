"""From comparisons to verdicts: present, ask, record. What a verdict means is not known here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from brie_bench.blind import present
from brie_bench.engine.ledger import ComparisonRow, Ledger, RunRow
from brie_bench.engine.plan import Seat
from brie_bench.engine.pool import Call, Stream, run_calls
from brie_bench.engine.settings import Settings
from brie_bench.errors import Failed, FailureKind, LedgerError
from brie_bench.plugin.kinds import Judge, ModelJudge
from brie_bench.spec.comparison import Comparison, Order, Presentation
from brie_bench.spec.completion import Completion
from brie_bench.spec.judgment import Failure, Verdict
from brie_bench.spec.suite import Item

LONGEST_RAW = 1024 * 1024
"""Characters of a judge's answer that are read and kept."""
_PAGE = 256


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
        for seat in judging.seats:
            bench = _Bench(judging, seat, ledger, settings)
            streams[seat.name] = Stream(seat.judge.lane, bench.calls(), seat.judge.max_concurrency)

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
    settings.progress.finish()
    return {name: fatal for name, stream in streams.items() if (fatal := stream.fatal)}


class _Bench:
    """One judge's calls. Presentations that are in flight twice are asked about once."""

    def __init__(self, judging: Judging, seat: Seat, ledger: Ledger, settings: Settings) -> None:
        self.judging, self.seat, self.ledger, self.settings = judging, seat, ledger, settings
        self.waiting: dict[str, list[tuple[int, Order, int]]] = {}
        self.found: list[tuple[str, int, Order, int]] = []
        self.item = lru_cache(maxsize=8)(self._item)

    def _item(self, number: int) -> Item:
        return Item.model_validate_json(self.ledger.item_record(self.judging.run.number, number))

    def calls(self) -> Iterator[tuple[Callable[[], Any], Callable[[Any], None]]]:
        """Each call that must be made, in the order of the comparisons."""
        after = -1
        while page := self.ledger.comparisons(self.judging.run.number, after=after):
            for row in page:
                comparison = self._comparison(row)
                for order in self.judging.orders(row):
                    shown = present(comparison, order)
                    for repeat in range(1, self.judging.repeats + 1):
                        yield from self._call(row.number, shown, order, repeat)
            after = page[-1].number
        self._link_found()

    def _link_found(self) -> None:
        """Link what another run, or an interrupted one, has paid for."""
        with self.ledger.transaction():
            for key, number, order, repeat in self.found:
                self._link(key, number, order, repeat)
        self.found.clear()

    def _comparison(self, row: ComparisonRow) -> Comparison:
        contender, baseline = self.ledger.completion(row.contender_key), self.ledger.completion(row.baseline_key)
        if not isinstance(contender, Completion) or not isinstance(baseline, Completion):
            raise LedgerError(f"a completion of comparison {row.number} is missing.", where=self.ledger.path)
        return Comparison(
            item=self.item(row.item), contender=contender, baseline=baseline, criteria=self.judging.criteria
        )

    def _call(
        self, number: int, shown: Presentation, order: Order, repeat: int
    ) -> Iterator[tuple[Callable[[], Any], Callable[[Any], None]]]:
        key = self.seat.key(shown, repeat, self.judging.replicate)
        if key in self.waiting:
            self.waiting[key].append((number, order, repeat))
            return
        if self.settings.is_done(*self.ledger.verdict_kind(key)):
            self.found.append((key, number, order, repeat))
            if len(self.found) >= _PAGE:
                self._link_found()
            return
        self.waiting[key] = [(number, order, repeat)]
        yield lambda: verdict_of(self.seat.judge, shown), lambda answer: self._done(key, answer)

    def _done(self, key: str, answer: Any) -> None:
        links = self.waiting.pop(key)
        if isinstance(answer, Failure) and answer.kind is FailureKind.FATAL:
            return  # it says something of the judge, nothing of this presentation
        self.ledger.put_verdict(key, answer)
        for link in links:
            self._link(key, *link)

    def _link(self, key: str, number: int, order: Order, repeat: int) -> None:
        self.ledger.put_judging(self.judging.run.number, number, self.seat.name, order, order, repeat, key)


def verdict_of(judge: Judge, shown: Presentation) -> Verdict:
    """Ask a judge. A judge that uses a model says what to ask and reads the answer; the asking is done here.

    Raises Failed for whatever is no verdict.
    """
    if not isinstance(judge, ModelJudge):
        return _checked(judge.judge(shown))
    answer = judge.model.complete(judge.ask(shown))
    raw = answer.text if len(answer.text) <= LONGEST_RAW else answer.text[:LONGEST_RAW]
    if len(answer.text) > LONGEST_RAW:
        message = f"the judge answered {len(answer.text)} characters; {LONGEST_RAW} are read"
        raise Failed(FailureKind.UNPARSED, message, raw=raw, usage=answer.usage)
    try:
        verdict = _checked(judge.read(shown, answer))
    except Failed as error:
        raise Failed(error.kind, error.message, raw=error.raw or raw, usage=error.usage or answer.usage) from None
    return verdict.model_copy(update={"raw": raw, "usage": answer.usage, "model": answer.model})


def _checked(verdict: Any) -> Verdict:
    if not isinstance(verdict, Verdict):
        raise Failed(FailureKind.ERROR, f"the judge returned a {type(verdict).__name__}, no Verdict")
    if len(verdict.raw) > LONGEST_RAW or len(verdict.rationale) > LONGEST_RAW:
        raise Failed(
            FailureKind.UNPARSED,
            f"the judge answered more than {LONGEST_RAW} characters",
            raw=verdict.raw[:LONGEST_RAW],
        )
    return verdict


def parse_criteria(record: str) -> tuple[str, ...]:
    """The criteria a run's record names."""
    return tuple(json.loads(record)["criteria"])
