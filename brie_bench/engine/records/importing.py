"""Recorded judgments into a run of their own: same tables, same reveal, nothing called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.engine.records.copies import Copy, without_copies
from brie_bench.engine.records.filing import file_records, item_key
from brie_bench.engine.records.seats import Seat, seats_of
from brie_bench.errors import BrieError, plain
from brie_bench.spec.base import canonical_json, digest
from brie_bench.spec.conversation import Conversation
from brie_bench.spec.imported import Imported, Unreadable
from brie_bench.spec.judgment import Failure, Judgment, Winner

SHOWN = 5
"""So many of the lines that could not be read are named in the run's record."""


@dataclass(frozen=True)
class Reading:
    """What an import came to."""

    run: RunRow
    read: int
    failures: int
    unreadable: list[Unreadable]
    copies: list[Copy]


def import_records(
    records: Iterable[Imported | Conversation | Unreadable], ledger: Ledger, name: str, importer: str
) -> Reading:
    """Record every judgment as run `name`; all of it or, where something is wrong, nothing.

    A judge who judged the same contender in several files is kept apart as `judge@file`: several files are several
    passes. Files of different contenders are one pass of one judge. What a file repeats of another one, word for word,
    counts once. How many records could not be read, and which files are copies, is part of the run's record.
    """
    _check_free(name, ledger)
    unreadable: list[Unreadable] = []
    found = list(_judgments(records, unreadable))
    if not found:
        first = [f" {each.source}:{each.line}: {each.reason}" for each in unreadable[:1]]
        raise BrieError(f"no judgment could be read.{''.join(first)}")
    _check_whole(found)
    judgments, copies = without_copies(found)
    seats = seats_of(judgments)
    with ledger.transaction():
        _check_free(name, ledger)  # while the records were read, another process may have taken it
        record = {
            **_record(judgments, seats, name, importer),
            "sources": _sources(found),
            **_losses(unreadable, len(found)),
            **({"copies": [vars(each) for each in copies]} if copies else {}),
        }
        run = ledger.put_run(
            id=name, base=digest(record), replicate=0, parent=None, per_pair=None, record=canonical_json(record)
        )
        file_records(judgments, seats, ledger, run)
    failures = sum(isinstance(each.outcome, Failure) for each in judgments)
    return Reading(run, len(judgments), failures, unreadable, copies)


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
            if record.contender == record.baseline and not _is_control(record):
                reason = f"'{plain(record.contender, 60)}' is compared with itself, and not on one text"
                unreadable.append(Unreadable(source=record.source, line=record.line, reason=reason))
            else:
                yield record
        else:
            raise BrieError(
                "this importer reads conversations, not judgments.", mend="Use 'brie-bench conversations import'."
            )


def _is_control(record: Imported) -> bool:
    """Whether one text meets itself, or ties where texts are not recorded: what a judge does then is worth knowing."""
    if record.texts:
        return record.comparison.contender.text == record.comparison.baseline.text
    return isinstance(record.outcome, Judgment) and record.outcome.winner is Winner.TIE


def _check_whole(judgments: Sequence[Imported]) -> None:
    """One baseline, and one kind a section: whatever a later line says would silently be the first one's otherwise."""
    baselines = {each.baseline for each in judgments}
    if len(baselines) > 1:
        raise BrieError(
            f"these records have several baselines: {', '.join(sorted(baselines))}.", mend="Import them one by one."
        )
    first: dict[str, Imported] = {}
    for each in judgments:
        item = each.comparison.item
        known = first.setdefault(item.section, each)
        if known.comparison.item.kind != item.kind:
            raise BrieError(
                f"section '{item.section}' is {known.comparison.item.kind} in {plain(known.source, 120)}:{known.line} and"
                f" {item.kind} in {plain(each.source, 120)}:{each.line}.",
                mend="A section has one kind: give one of the two another name.",
            )


def _sources(judgments: Sequence[Imported]) -> list[dict[str, str]]:
    sources = {each.source_digest: each.source for each in judgments}
    return [{"name": source, "sha256": sha256} for sha256, source in sources.items()]


def _losses(unreadable: Sequence[Unreadable], n_read: int) -> dict[str, Any]:
    """What the run's record says of what could not be read."""
    if not unreadable:
        return {}
    files = Counter(each.source for each in unreadable)
    return {
        "unreadable": {
            "n_unreadable": len(unreadable),
            "n_read": n_read,
            "files": [{"name": name, "n_unreadable": number} for name, number in sorted(files.items())],
            "first": [each.model_dump(mode="json") for each in unreadable[:SHOWN]],
        }
    }


def _record(judgments: Sequence[Imported], seats: dict[Seat, str], name: str, importer: str) -> dict[str, Any]:
    prompts = dict.fromkeys(each.comparison.item.prompt.key for each in judgments)
    record = {
        "schema_version": 1,
        "run": name,
        "parent": None,
        "replicate": 0,
        "importer": importer,
        "suite": {
            "name": name,
            "title": f"Imported by {importer}",
            "digest": digest(sorted(prompts)),
            "n_prompts": len(prompts),
            "n_items": len({item_key(each) for each in judgments}),
        },
        "criteria": list(judgments[0].comparison.criteria),
        "baseline": {"name": judgments[0].baseline},
        "contenders": [{"name": each} for each in dict.fromkeys(each.contender for each in judgments)],
        "judges": [
            {"name": seat, "recorded": judge} if seat != judge else {"name": judge}
            for seat, judge in {seat: judge for (_, _, judge), seat in seats.items()}.items()
        ],
    }
    return {**record, "graded": True} if _are_graded(judgments) else record


def _are_graded(judgments: Sequence[Imported]) -> bool:
    """Whether all verdicts are graded preferences and nothing else, so that scores are soft by default."""
    verdicts = [each for each in judgments if isinstance(each.outcome, Judgment)]
    return bool(verdicts) and all(
        each.graded and isinstance(each.outcome, Judgment) and each.outcome.preference is not None for each in verdicts
    )
