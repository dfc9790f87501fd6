"""Imported records into the ledger's tables, each verdict under a key made of what it says and where it stands."""

from __future__ import annotations

import datetime
import itertools
from collections import Counter
from collections.abc import Sequence

from brie_bench.engine.ledger import ComparisonRow, Ledger, RunRow
from brie_bench.engine.plan import pair_key
from brie_bench.engine.records.copies import said
from brie_bench.engine.records.seats import Seat, seat_of
from brie_bench.spec.base import digest
from brie_bench.spec.comparison import Order
from brie_bench.spec.imported import Imported
from brie_bench.spec.judgment import Judgment


def item_key(each: Imported) -> str:
    """Of a prompt under one condition: its words, section, sampling and repeat."""
    item = each.comparison.item
    return digest([item.section, item.prompt.key, item.sampling.canonical(), item.repeat])


def file_records(judgments: Sequence[Imported], seats: dict[Seat, str], ledger: Ledger, run: RunRow) -> None:
    """Write the records of `run`, inside a transaction; equal presentations of one answer share a verdict."""
    items: dict[str, int] = {}
    comparisons: dict[tuple[int, str, str], int] = {}
    repeats: dict[tuple[int, str, str], itertools.count[int]] = {}
    keys = _Keys()
    put: set[str] = set()
    for each in judgments:
        comparison, item = each.comparison, each.comparison.item
        key = item_key(each)
        if key not in items:
            items[key] = len(items)
            record = item.model_dump_json(exclude_defaults=True)
            ledger.put_items(run.number, [(items[key], item.section, str(item.kind), item.prompt.key, record)])
        pair = pair_key(item, comparison.contender, comparison.baseline) if each.texts else digest(["unrecorded", key])
        cell = (items[key], each.contender, pair)
        if cell not in comparisons:
            comparisons[cell] = len(comparisons)
            ledger.put_comparison(run.number, _row(each, comparisons[cell], items[key], pair, ledger))
        judge = seats[seat_of(each)]
        outcome = each.outcome
        verdict_key = keys.of(each)
        labels = (outcome.labels if isinstance(outcome, Judgment) else each.labels) or Order.BASELINE_FIRST
        shown = outcome.shown if isinstance(outcome, Judgment) else each.shown
        repeat = next(repeats.setdefault((comparisons[cell], judge, labels), itertools.count(1)))
        if verdict_key not in put:
            put.add(verdict_key)
            ledger.put_verdict(
                verdict_key,
                outcome.verdict if isinstance(outcome, Judgment) else outcome,
                recorded_winner=each.recorded_winner,
                source=each.source,
                line=each.line,
                at=_time(outcome.judged_at if isinstance(outcome, Judgment) else outcome.failed_at),
            )
        ledger.put_judging(run.number, comparisons[cell], judge, labels, shown, repeat, verdict_key)


class _Keys:
    """The keys of verdicts. One answer of a judge has one: several lines may share it, by saying so or by saying all the
    same, word for word; one line may hold several."""

    def __init__(self) -> None:
        self.places: Counter[tuple[str, int]] = Counter()
        self.known: dict[tuple[str, bytes], str] = {}

    def of(self, each: Imported) -> str:
        """The key of the answer that this record is."""
        outcome = each.outcome
        if each.judging is not None:
            answer = outcome.verdict if isinstance(outcome, Judgment) else outcome
            return digest(["judging", each.source_digest, each.judging, each.recorded_winner, answer.canonical()])
        place = each.source_digest, each.line
        self.places[place] += 1
        parts = [*place, each.contender, each.judge, each.recorded_winner, outcome.canonical()]
        key = digest([*parts, self.places[place]] if self.places[place] > 1 else parts)
        return self.known.setdefault((each.source_digest, said(each)), key)


def _time(when: datetime.datetime | None) -> str:
    """For the ledger; empty where a record does not say, never the time of the import."""
    return when.isoformat() if when else ""


def _row(each: Imported, number: int, item: int, pair: str, ledger: Ledger) -> ComparisonRow:
    """A comparison; one whose texts are not recorded names completions that are not there."""
    keys = []
    for name, completion in ((each.contender, each.comparison.contender), (each.baseline, each.comparison.baseline)):
        kind = "imported" if each.texts else "unrecorded"
        keys.append(digest([kind, name, each.comparison.item.prompt.key, completion.canonical()]))
        if each.texts:
            ledger.put_completion(keys[-1], completion, at=_time(each.completed_at))
    contender, baseline = each.comparison.contender, each.comparison.baseline
    return ComparisonRow(
        number=number,
        item=item,
        contender=each.contender,
        pair=pair,
        contender_key=keys[0],
        baseline_key=keys[1],
        contender_length=len(contender.text),
        baseline_length=len(baseline.text),
        contender_finish=contender.finish_reason,
        baseline_finish=baseline.finish_reason,
        first=None,
    )
