"""Recorded judgments into a run of their own: same tables, same reveal, nothing called."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from brie_bench.engine.ledger import ComparisonRow, Ledger, RunRow
from brie_bench.engine.plan import pair_key
from brie_bench.errors import BrieError
from brie_bench.spec.base import canonical_json, digest
from brie_bench.spec.conversation import Conversation
from brie_bench.spec.imported import Imported, Unreadable
from brie_bench.spec.judgment import Failure, Judgment


@dataclass(frozen=True)
class Reading:
    """What an import came to."""

    run: RunRow
    read: int
    failures: int
    unreadable: list[Unreadable]


def import_records(
    records: Iterable[Imported | Conversation | Unreadable], ledger: Ledger, name: str, importer: str
) -> Reading:
    """Record every judgment as run `name`; all of it or, where something is wrong, nothing.

    Judges that occur in several source files are kept apart as `judge@file`: several files are several passes.
    """
    _check_free(name, ledger)
    unreadable: list[Unreadable] = []
    judgments = list(_judgments(records, unreadable))
    if not judgments:
        first = [f" {each.source}:{each.line}: {each.reason}" for each in unreadable[:1]]
        raise BrieError(f"no judgment could be read.{''.join(first)}")
    seats = _seats(judgments)
    baselines = {each.baseline for each in judgments}
    if len(baselines) > 1:
        raise BrieError(
            f"these records have several baselines: {', '.join(sorted(baselines))}.", mend="Import them one by one."
        )
    with ledger.transaction():
        _check_free(name, ledger)  # while the records were read, another process may have taken it
        record = _record(judgments, seats, name, importer)
        run = ledger.put_run(
            id=name, base=digest(record), replicate=0, parent=None, per_pair=None, record=canonical_json(record)
        )
        _put(judgments, seats, ledger, run)
    failures = sum(isinstance(each.outcome, Failure) for each in judgments)
    return Reading(run, len(judgments), failures, unreadable)


def _check_free(name: str, ledger: Ledger) -> None:
    if any(run.id == name for run in ledger.runs()):
        raise BrieError(f"there is a run '{name}' already.", mend="Choose another --run NAME.")


def _judgments(
    records: Iterable[Imported | Conversation | Unreadable], unreadable: list[Unreadable]
) -> Iterator[Imported]:
    for record in records:
        if isinstance(record, Unreadable):
            unreadable.append(record)
        elif isinstance(record, Imported):
            yield record
        else:
            raise BrieError(
                "this importer reads conversations, not judgments.", mend="Use 'brie-bench conversations import'."
            )


def _seats(judgments: Sequence[Imported]) -> dict[tuple[str, str], str]:
    """From source digest and recorded judge to the name on the leaderboard."""
    sources: dict[str, dict[str, str]] = {}
    for each in judgments:
        sources.setdefault(each.judge, {})[each.source_digest] = each.source
    names: dict[tuple[str, str], str] = {}
    for judge, by in sources.items():
        for source_digest, source in by.items():
            names[source_digest, judge] = judge if len(by) == 1 else f"{judge}@{source}"
    return names


def _record(
    judgments: Sequence[Imported], seats: dict[tuple[str, str], str], name: str, importer: str
) -> dict[str, Any]:
    sources = {each.source_digest: each.source for each in judgments}
    prompts = dict.fromkeys(each.comparison.item.prompt.key for each in judgments)
    return {
        "schema_version": 1,
        "run": name,
        "parent": None,
        "replicate": 0,
        "importer": importer,
        "sources": [{"name": source, "sha256": sha256} for sha256, source in sources.items()],
        "suite": {
            "name": name,
            "title": f"Imported by {importer}",
            "digest": digest(sorted(prompts)),
            "n_prompts": len(prompts),
            "n_items": len({_item_key(each) for each in judgments}),
        },
        "criteria": list(judgments[0].comparison.criteria),
        "baseline": {"name": judgments[0].baseline},
        "contenders": [{"name": each} for each in dict.fromkeys(each.contender for each in judgments)],
        "judges": [{"name": each} for each in dict.fromkeys(seats.values())],
    }


def _item_key(each: Imported) -> str:
    item = each.comparison.item
    return digest([item.section, item.prompt.key, item.sampling.canonical(), item.repeat])


def _put(judgments: Sequence[Imported], seats: dict[tuple[str, str], str], ledger: Ledger, run: RunRow) -> None:
    items: dict[str, int] = {}
    comparisons: dict[tuple[int, str, str], int] = {}
    repeats: dict[tuple[int, str, str], itertools.count[int]] = {}
    for each in judgments:
        comparison, item = each.comparison, each.comparison.item
        key = _item_key(each)
        if key not in items:
            items[key] = len(items)
            record = item.model_dump_json(exclude_defaults=True)
            ledger.put_items(run.number, [(items[key], item.section, str(item.kind), item.prompt.key, record)])
        pair = pair_key(item, comparison.contender, comparison.baseline)
        cell = (items[key], each.contender, pair)
        if cell not in comparisons:
            comparisons[cell] = len(comparisons)
            ledger.put_comparison(run.number, _row(each, comparisons[cell], items[key], pair, ledger))
        judge = seats[each.source_digest, each.judge]
        outcome = each.outcome
        verdict_key = digest(
            [each.source_digest, each.line, each.contender, each.judge, each.recorded_winner, outcome.canonical()]
        )
        labels = str(outcome.labels) if isinstance(outcome, Judgment) else "baseline_first"
        shown = outcome.shown if isinstance(outcome, Judgment) else None
        repeat = next(repeats.setdefault((comparisons[cell], judge, labels), itertools.count(1)))
        ledger.put_verdict(
            verdict_key,
            outcome.verdict if isinstance(outcome, Judgment) else outcome,
            recorded_winner=each.recorded_winner,
            source=each.source,
            line=each.line,
            at=_time(outcome.judged_at if isinstance(outcome, Judgment) else outcome.failed_at),
        )
        ledger.put_judging(run.number, comparisons[cell], judge, labels, shown, repeat, verdict_key)


def _time(when: datetime.datetime | None) -> str:
    """For the ledger; empty where a record does not say, never the time of the import."""
    return when.isoformat() if when else ""


def _row(each: Imported, number: int, item: int, pair: str, ledger: Ledger) -> ComparisonRow:
    keys = []
    for name, completion in ((each.contender, each.comparison.contender), (each.baseline, each.comparison.baseline)):
        keys.append(digest(["imported", name, each.comparison.item.prompt.key, completion.canonical()]))
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
