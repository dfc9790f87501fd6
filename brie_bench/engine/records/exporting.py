"""A run out of the ledger: one record for every judgment, and a failure for whatever was planned and never made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from brie_bench.engine.ledger import ComparisonRow, Kept, Ledger, RunRow
from brie_bench.errors import BrieError, FailureKind, PluginError
from brie_bench.files import replacing
from brie_bench.plugin.kinds import Exporter
from brie_bench.spec.comparison import Order
from brie_bench.spec.completion import Completion
from brie_bench.spec.judgment import Failure
from brie_bench.spec.record import Record
from brie_bench.spec.suite import Item

_NOT_REACHED = "it was planned and never judged: the run did not get there"
_NOT_COMPLETED = "it was planned and never judged: a completion is missing"


def export_run(ledger: Ledger, run: RunRow, exporter: Exporter, target: Path) -> int:
    """Write `run` to `target` by `exporter`, all of it or nothing; how many records were written. Streams.

    Raises BrieError where nothing is recorded.
    """
    written = 0

    def counted() -> Iterator[Record]:
        nonlocal written
        for record in records_of(ledger, run):
            written += 1
            yield record

    with replacing(target) as temporary:
        try:
            exporter.write(counted(), temporary)
        except (BrieError, OSError):
            raise
        except Exception as error:  # a stranger's code: say whose fault it is
            raise PluginError(f"exporter '{exporter.name}': {type(error).__name__}: {error}") from error
        if not written:
            raise BrieError(f"nothing is recorded of run '{run.id}'.")
    return written


def records_of(ledger: Ledger, run: RunRow) -> Iterator[Record]:
    """Every judgment of `run`, in an order from which an import makes the same leaderboard.

    What was planned and has no record becomes a failure, as the leaderboard counts it. Memory grows with the number of
    comparisons, by some bytes each, and not with their texts.
    """
    writer = _Writer(ledger, run)
    places = _recorded(ledger, run) if run.per_pair is None else _planned(ledger, run, writer.described)
    for place in places:
        yield writer.record(place)


class _Place(NamedTuple):
    """A judging: which comparison (None where a completion is missing), by whom, in which order, and its verdict's key
    (None where there is none)."""

    item: int
    contender: str
    comparison: int | None
    judge: str
    labels: str | None
    shown: str | None
    key: str | None


def _recorded(ledger: Ledger, run: RunRow) -> Iterator[_Place]:
    """The judgings of an imported run, in the order of its sources."""
    names = list(dict.fromkeys(source["name"] for source in json.loads(run.record)["sources"]))
    position = " ".join(f"WHEN ? THEN {number}" for number in range(len(names)))
    rows = ledger.stream(
        "SELECT c.item, c.contender, j.comparison, j.judge, j.labels, j.shown, v.key FROM judging j"  # noqa: S608
        " CROSS JOIN verdict v ON v.number = j.verdict JOIN comparison c ON c.run = j.run AND c.number = j.comparison"
        f" WHERE j.run = ? ORDER BY CASE v.source {position} END, v.line, j.comparison, j.judge, j.labels, j.repeat",
        run.number,
        *names,
    )
    for row in rows:
        yield _Place(*row)


def _planned(ledger: Ledger, run: RunRow, described: dict[str, Any]) -> Iterator[_Place]:
    """The judgings of our own run, item by item, contender by contender, judge by judge, with those that are missing."""
    cells: dict[tuple[int, str], list[int]] = {}
    for number, item, contender in ledger.stream(
        "SELECT number, item, contender FROM comparison WHERE run = ? ORDER BY number", run.number
    ):
        cells.setdefault((item, contender), []).append(number)
    contenders = [each["name"] for each in described["contenders"]]
    judges = [each["name"] for each in described["judges"]]
    (n_items,) = ledger.select("SELECT count(*) FROM item WHERE run = ?", run.number)[0]
    for item, contender, judge in product(range(n_items), contenders, judges):
        numbers = cells.get((item, contender), [])
        found = [
            _Place(item, contender, number, judge, labels, shown, key)
            for number in numbers
            for labels, shown, key in _judgings(ledger, run, number, judge)
        ]
        yield from found
        lacking = (run.per_pair or 0) - len(found)
        if lacking > 0:
            last = numbers[-1] if numbers else None
            orders = _lacking(ledger, run, described, last, [each for each in found if each.comparison == last])
            for order in [*orders, *([None] * lacking)][:lacking]:
                yield _Place(item, contender, last, judge, order, order, None)


def _judgings(ledger: Ledger, run: RunRow, comparison: int, judge: str) -> list[tuple[Any, ...]]:
    return ledger.select(
        "SELECT j.labels, j.shown, v.key FROM judging j JOIN verdict v ON v.number = j.verdict"
        " WHERE j.run = ? AND j.judge = ? AND j.comparison = ? ORDER BY j.labels, j.repeat",
        run.number,
        judge,
        comparison,
    )


def _lacking(
    ledger: Ledger, run: RunRow, described: dict[str, Any], comparison: int | None, found: list[_Place]
) -> list[str | None]:
    """The orders that one judge was to see a pair in and did not."""
    orders: list[str | None] = [str(order) for order in Order]
    if described.get("order") != "both":
        orders = [_comparison(ledger, run, comparison).first if comparison is not None else None]
    planned = orders * int(described.get("judge_repeats", 1))
    for each in found:
        if each.labels in planned:
            planned.remove(each.labels)
    return planned


def _comparison(ledger: Ledger, run: RunRow, number: int) -> ComparisonRow:
    return ledger.comparisons(run.number, after=number - 1, limit=1)[0]


@dataclass(frozen=True)
class _Side:
    """A completion, and when it was made; None where it is not recorded."""

    completion: Completion | None
    at: str


class _Writer:
    """From places to records."""

    def __init__(self, ledger: Ledger, run: RunRow) -> None:
        self.ledger, self.run = ledger, run
        self.described: dict[str, Any] = json.loads(run.record)
        self.baseline = self.described["baseline"]["name"]
        self.graded = bool(self.described.get("graded", False))
        self.shared = _shared(ledger, run)
        self.judgings: dict[str, str] = {}
        self.item = lru_cache(maxsize=8)(self._item)
        self.sides = lru_cache(maxsize=8)(self._sides)

    def record(self, place: _Place) -> Record:
        """One line."""
        contender, baseline = self.sides(place.comparison) if place.comparison is not None else (_NOTHING, _NOTHING)
        fields: dict[str, Any] = {
            **self.item(place.item),
            "contender": place.contender,
            "baseline": self.baseline,
            "judge": place.judge,
            "labels": place.labels,
            "shown": place.shown,
            "completed_at": max(contender.at, baseline.at) or None,
        }
        for name, side in (("contender", contender), ("baseline", baseline)):
            if side.completion is not None:
                fields[f"{name}_text"] = side.completion.text
                fields[f"{name}_finish"] = side.completion.finish_reason
        kept = self.ledger.verdict(place.key) if place.key is not None else None
        if kept is not None:
            return Record(**fields, judging=self._judging(place.key), **self._said(kept))
        message = _NOT_COMPLETED if place.comparison is None else _NOT_REACHED
        return Record(**fields, failure=Failure(kind=FailureKind.ERROR, message=message))

    def _judging(self, key: str | None) -> str | None:
        """A short name for a verdict that serves several places, numbered as they come."""
        return self.judgings.setdefault(key, str(len(self.judgings) + 1)) if key in self.shared and key else None

    def _said(self, kept: Kept) -> dict[str, Any]:
        """What came of it. A graded verdict leaves its label out: the preference is all that was said."""
        common = {"recorded_winner": kept.recorded_winner, "judged_at": kept.at or None}
        if isinstance(kept.outcome, Failure):
            return {**common, "failure": kept.outcome}
        names = ("probabilities", "raw", "scores", "rationale", *(() if self.graded else ("label",)))
        return {**common, **{name: getattr(kept.outcome, name) for name in names}}

    def _item(self, number: int) -> dict[str, Any]:
        item = Item.model_validate_json(self.ledger.item_record(self.run.number, number))
        asked = {"messages": item.prompt.messages} if item.prompt.messages else {"prompt": item.prompt.text}
        same = {name: getattr(item, name) for name in ("section", "kind", "repeat")}
        sampling = {name: getattr(item.sampling, name) for name in ("temperature", "top_p", "max_tokens", "seed")}
        return {**asked, "prompt_id": item.prompt.id, **same, **sampling}

    def _sides(self, number: int) -> tuple[_Side, _Side]:
        row = _comparison(self.ledger, self.run, number)
        found = {
            key: _Side(Completion.model_validate_json(record), at)
            for key, record, at in self.ledger.select(
                "SELECT key, record, at FROM completion WHERE key IN (?, ?) AND kind IS NULL",
                row.contender_key,
                row.baseline_key,
            )
        }
        return found.get(row.contender_key, _NOTHING), found.get(row.baseline_key, _NOTHING)


_NOTHING = _Side(None, "")


def _shared(ledger: Ledger, run: RunRow) -> set[str]:
    """The keys of the verdicts that serve several places of `run`, and of those that an import could take for one: they
    say the same of the same place."""
    rows = ledger.stream(
        "SELECT v.key FROM judging j CROSS JOIN verdict v ON v.number = j.verdict WHERE j.run = ?1 AND (j.verdict IN"
        " (SELECT verdict FROM judging WHERE run = ?1 GROUP BY verdict HAVING count(*) > 1)"
        " OR EXISTS (SELECT 1 FROM judging o JOIN verdict w ON w.number = o.verdict WHERE o.run = j.run"
        " AND o.judge = j.judge AND o.comparison = j.comparison AND o.labels = j.labels AND o.verdict != j.verdict"
        " AND w.label IS v.label AND w.kind IS v.kind))",
        run.number,
    )
    return {key for (key,) in rows}
