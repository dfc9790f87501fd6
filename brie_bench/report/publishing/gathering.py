"""A run out of the ledger, as it is published: a line for every judgment that it planned, in one order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import Any

from brie_bench.blind import judgment
from brie_bench.engine.ledger import ComparisonRow, Kept, Ledger, RunRow
from brie_bench.errors import FailureKind
from brie_bench.report.audit.texts import text_findings
from brie_bench.spec.base import digest
from brie_bench.spec.comparison import Order
from brie_bench.spec.completion import Completion
from brie_bench.spec.judgment import Failure
from brie_bench.spec.published import PublishedJudgment, PublishedRun, PublishedText
from brie_bench.spec.suite import Item

_NOT_REACHED = "it was planned and never judged: the run did not get there"
_NOT_COMPLETED = "it was planned and never judged: a completion is missing"
_Judged = tuple[int, str, str, str | None, int, str, Kept]


def run_of(ledger: Ledger, run: RunRow, *, with_texts: bool, n_lines: int) -> PublishedRun:
    """What is said once of all judgments of `run`. Of findings about texts that stay here no example is given: it is text."""
    found = () if with_texts else text_findings(ledger, run)
    return PublishedRun(
        run=run.id,
        per_pair=run.per_pair,
        with_texts=with_texts,
        n_lines=n_lines,
        record=json.loads(run.record),
        text_findings=tuple(each.model_copy(update={"examples": ()}) for each in found),
    )


def judgments_of(ledger: Ledger, run: RunRow, *, with_texts: bool) -> Iterator[PublishedJudgment]:
    """Every judgment of `run`, comparison by comparison and judge by judge; at the end those whose completions are missing.

    What was planned and has no record is a failure without a key. Memory grows with the items, not with the judgments.
    """
    gathering = _Gathering(ledger, run, with_texts=with_texts)
    judged = groupby(ledger.kept(run.number), key=lambda each: each[0])
    number, found = next(judged, (None, iter(())))
    for row in _comparisons(ledger, run):
        here: list[_Judged] = []
        if number == row.number:
            here = list(found)
            number, found = next(judged, (None, iter(())))
        yield from gathering.compared(row, here)
    yield from gathering.missing()


def _comparisons(ledger: Ledger, run: RunRow) -> Iterator[ComparisonRow]:
    after = -1
    while page := ledger.comparisons(run.number, after=after):
        yield from page
        after = page[-1].number


class _Gathering:
    """From rows of the ledger to lines."""

    def __init__(self, ledger: Ledger, run: RunRow, *, with_texts: bool) -> None:
        self.ledger, self.run, self.with_texts = ledger, run, with_texts
        described = json.loads(run.record)
        self.judges = {each["name"]: each.get("digest") for each in described["judges"]}
        self.contenders = [each["name"] for each in described["contenders"]]
        self.items = {number: self._item(number, record) for number, _, _, _, record in ledger.items(run.number)}
        self.seen: set[tuple[int, str]] = set()
        self.text = lru_cache(maxsize=64)(self._text)

    def compared(self, row: ComparisonRow, judged: list[_Judged]) -> Iterator[PublishedJudgment]:
        """The judgments of one comparison, and one for each that is lacking."""
        self.seen.add((row.item, row.contender))
        common = {
            **self.items[row.item],
            "comparison": row.number,
            "contender": row.contender,
            "contender_completion": self.text(row.contender_key, row.contender_length, row.contender_finish),
            "baseline_completion": self.text(row.baseline_key, row.baseline_length, row.baseline_finish),
        }
        for judge in self.judges:
            found = [each for each in judged if each[1] == judge]
            for _, _, labels, shown, repeat, key, kept in found:
                order = {"labels": Order(labels), "shown": shown and Order(shown), "judge_repeat": repeat}
                yield PublishedJudgment(**common, **self._judge(judge), **order, key=key, **_said(kept, order))
            yield from self._lacking(common, judge, (self.run.per_pair or 0) - len(found), _NOT_REACHED)

    def missing(self) -> Iterator[PublishedJudgment]:
        """One for each judgment that was planned of two completions that are not both there."""
        for number, item in self.items.items():
            for contender in self.contenders:
                if (number, contender) not in self.seen:
                    for judge in self.judges:
                        common = {**item, "contender": contender}
                        yield from self._lacking(common, judge, self.run.per_pair or 0, _NOT_COMPLETED)

    def _lacking(self, common: dict[str, Any], judge: str, number: int, message: str) -> Iterator[PublishedJudgment]:
        failure = Failure(kind=FailureKind.ERROR, message=message)
        for _ in range(number):
            yield PublishedJudgment(**common, **self._judge(judge), failure=failure)

    def _judge(self, name: str) -> dict[str, Any]:
        return {"judge": name, "judge_digest": self.judges[name]}

    def _item(self, number: int, record: str) -> dict[str, Any]:
        item = Item.model_validate_json(record)
        found = {"item": number, "prompt": item.prompt.key, "prompt_id": item.prompt.id}
        same = {name: getattr(item, name) for name in ("section", "kind", "sampling", "repeat")}
        return {**found, **same, **({"messages": item.prompt.turns} if self.with_texts else {})}

    def _text(self, key: str, length: int, reason: str) -> PublishedText:
        rows = self.ledger.select("SELECT record, at FROM completion WHERE key = ? AND kind IS NULL", key)
        if not rows:
            return PublishedText(key=key, length=length, finish_reason=reason)
        completion, at = Completion.model_validate_json(rows[0][0]), rows[0][1]
        return PublishedText(
            key=key,
            length=length,
            digest=digest(completion.text),
            finish_reason=completion.finish_reason,
            at=at,
            text=completion.text if self.with_texts else None,
        )


def _said(kept: Kept, order: dict[str, Any]) -> dict[str, Any]:
    """What came of it."""
    beside = {"recorded_winner": kept.recorded_winner, "source": kept.source, "line": kept.line, "at": kept.at or ""}
    if isinstance(kept.outcome, Failure):
        failure = {name: getattr(kept.outcome, name) for name in ("kind", "message", "raw")}
        return {**beside, "failure": Failure(**failure)}
    verdict = kept.outcome
    revealed = judgment(verdict, order["labels"], shown=order["shown"])
    said = {name: getattr(verdict, name) for name in ("label", "probabilities", "scores", "rationale", "raw", "model")}
    if verdict.raw:
        said["raw_digest"] = digest(verdict.raw)
    return {**beside, **said, "winner": revealed.winner, "preference": revealed.preference}
