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
from brie_bench.spec.comparison import Order
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

    A judge who judged the same contender in several files is kept apart as `judge@file`: several files are several
    passes. Files of different contenders are one pass of one judge.
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


_Seat = tuple[str, str, str]
"""Contender, source digest and recorded judge."""


def _seat(each: Imported) -> _Seat:
    return each.contender, each.source_digest, each.judge


def _seats(judgments: Sequence[Imported]) -> dict[_Seat, str]:
    """From who judged whom in which file to the judge's name on the leaderboard, in the order they come."""
    files: dict[tuple[str, str], set[str]] = {}
    source: dict[_Seat, str] = {}
    for each in judgments:
        files.setdefault((each.contender, each.judge), set()).add(each.source_digest)
        source.setdefault(_seat(each), each.source)
    names = {}
    for (contender, source_digest, judge), name in source.items():
        several = len(files[contender, judge]) > 1
        names[contender, source_digest, judge] = f"{judge}@{name}" if several else judge
    return names


def _record(judgments: Sequence[Imported], seats: dict[_Seat, str], name: str, importer: str) -> dict[str, Any]:
    sources = {each.source_digest: each.source for each in judgments}
    prompts = dict.fromkeys(each.comparison.item.prompt.key for each in judgments)
    record = {
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
    return {**record, "graded": True} if _are_graded(judgments) else record


def _are_graded(judgments: Sequence[Imported]) -> bool:
    """Whether all verdicts are graded preferences and nothing else, so that scores are soft by default."""
    verdicts = [each for each in judgments if isinstance(each.outcome, Judgment)]
    return bool(verdicts) and all(
        each.graded and isinstance(each.outcome, Judgment) and each.outcome.preference is not None for each in verdicts
    )


def _item_key(each: Imported) -> str:
    item = each.comparison.item
    return digest([item.section, item.prompt.key, item.sampling.canonical(), item.repeat])


def _put(judgments: Sequence[Imported], seats: dict[_Seat, str], ledger: Ledger, run: RunRow) -> None:
    items: dict[str, int] = {}
    comparisons: dict[tuple[int, str, str], int] = {}
    repeats: dict[tuple[int, str, str], itertools.count[int]] = {}
    places: dict[tuple[str, int], int] = {}
    for each in judgments:
        comparison, item = each.comparison, each.comparison.item
        key = _item_key(each)
        if key not in items:
            items[key] = len(items)
            record = item.model_dump_json(exclude_defaults=True)
            ledger.put_items(run.number, [(items[key], item.section, str(item.kind), item.prompt.key, record)])
        pair = pair_key(item, comparison.contender, comparison.baseline) if each.texts else digest(["unrecorded", key])
        cell = (items[key], each.contender, pair)
        if cell not in comparisons:
            comparisons[cell] = len(comparisons)
            ledger.put_comparison(run.number, _row(each, comparisons[cell], items[key], pair, ledger))
        judge = seats[_seat(each)]
        outcome = each.outcome
        place = each.source_digest, each.line
        places[place] = places.get(place, 0) + 1
        said = [*place, each.contender, each.judge, each.recorded_winner, outcome.canonical()]
        verdict_key = digest([*said, places[place]] if places[place] > 1 else said)  # a line may hold several
        labels = (outcome.labels if isinstance(outcome, Judgment) else each.labels) or Order.BASELINE_FIRST
        shown = outcome.shown if isinstance(outcome, Judgment) else each.shown
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
