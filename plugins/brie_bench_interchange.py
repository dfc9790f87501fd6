"""Brie Bench's own interchange format: recorded judgments as JSON, one `Record` a line. In and out.

`docs/interchange.md` is its description, `schemas/record.schema.json` its schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from brie_bench import (
    Comparison,
    Completion,
    Exporter,
    Failure,
    Imported,
    Importer,
    Item,
    Label,
    Order,
    Prompt,
    Record,
    Sampling,
    Unreadable,
    Verdict,
    VerdictError,
    Winner,
    hookimpl,
)

_ROUNDED = 0.01
"""How far a preference and the probabilities beside it may be apart."""


class Interchange(Importer):
    """Reads recorded judgments in the interchange format, one JSON object a line (docs/interchange.md).

    A verdict is what the judge's whole answer (`raw`) says, else what the line says by `label` or `winner`, else the side
    of a graded preference. Where the answer says something else than `label` or `winner`, these are kept as the recorded
    winner, and the audit tells. A line that contradicts itself otherwise is not read.
    """

    name = "jsonl"
    revision = "1"

    def read(self, paths: Sequence[Path]) -> Iterator[Imported | Unreadable]:
        """Each line as a judgment or a failure, or why it could not be read."""
        from brie_bench.errors import SpecError
        from brie_bench.files import first_error, read_jsonl, sources

        for path, source, digest in sources(paths):
            for line, record in read_jsonl(path, Record):
                try:
                    if not isinstance(record, SpecError):
                        yield _imported(record, source, digest, line)
                        continue
                    reason = record.what
                except ValidationError as error:
                    reason = first_error(error, Record)
                except ValueError as error:
                    reason = str(error)
                yield Unreadable(source=source, line=line, reason=reason.rstrip("."))


class InterchangeOut(Exporter):
    """Writes judgments in the interchange format, one JSON object a line (docs/interchange.md)."""

    name = "jsonl"
    revision = "1"

    def write(self, records: Iterable[Record], target: Path) -> None:
        """One line a record; what is at its default is left out."""
        with target.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(record.model_dump_json(exclude_defaults=True) + "\n" for record in records)


def _imported(record: Record, source: str, digest: str, line: int) -> Imported:
    """A line as an importer hands it over. Raises ValueError for one that contradicts itself."""
    from brie_bench.blind import judgment

    texts = (record.contender_text, record.baseline_text)
    contender, baseline = (
        Completion(text=text or "", finish_reason=reason)
        for text, reason in zip(texts, (record.contender_finish, record.baseline_finish), strict=True)
    )
    labels = record.labels or Order.BASELINE_FIRST  # only where nothing on the line speaks of A and B
    stated = _stated(record, labels)
    found = _verdict(record, labels, stated)
    common = {
        "source": source,
        "source_digest": digest,
        "line": line,
        "contender": record.contender,
        "baseline": record.baseline,
        "judge": record.judge,
        "comparison": Comparison(item=_item(record), contender=contender, baseline=baseline),
        "texts": None not in texts,
        "recorded_winner": record.recorded_winner,
        "completed_at": record.completed_at,
        "judging": record.judging,
    }
    if isinstance(found, Failure):
        failure = found.replace(failed_at=found.failed_at or record.judged_at)
        return Imported.model_validate({**common, "outcome": failure, "labels": record.labels, "shown": record.shown})
    verdict, graded = found
    outcome = judgment(verdict, labels, shown=record.shown, judged_at=record.judged_at)
    if stated is not None and stated is not outcome.winner:
        common["recorded_winner"] = stated
    return Imported.model_validate({**common, "outcome": outcome, "graded": graded})


def _item(record: Record) -> Item:
    prompt = Prompt(id=record.prompt_id or "unnamed", text=record.prompt, messages=record.messages)
    if record.prompt_id is None:
        prompt = prompt.replace(id=f"p-{prompt.key[:10]}")
    wanted = ("temperature", "top_p", "max_tokens", "seed")
    return Item(
        section=record.section,
        kind=record.kind,
        prompt=prompt,
        sampling=Sampling(**{name: getattr(record, name) for name in wanted}),
        repeat=record.repeat,
    )


def _verdict(record: Record, labels: Order, stated: Winner | None) -> tuple[Verdict, bool] | Failure:
    """What the line says, and whether it is a graded preference alone; or why there is no verdict.

    Raises ValueError for a line that contradicts itself.
    """
    from brie_bench.blind import parse_label, slots

    if record.failure is not None:
        return record.failure
    graded = _graded(record, labels)
    label = None if stated is None else slots(labels)[stated]
    if record.raw and (label is None or not _is_json(record.raw)):
        try:
            label = parse_label(record.raw)
        except VerdictError as error:
            # an answer that cannot be read stands beside what somebody read in it; on its own it is no verdict
            if label is None and (graded is None or error.kind != "unparsed"):
                return Failure(kind=error.kind, message=error.message, raw=record.raw)
    only_graded = label is None
    if label is None:
        label = _side(graded, labels)
    _check(record, graded, label, labels)
    verdict = Verdict(
        label=label,
        scores=record.scores,
        rationale=record.rationale,
        probabilities=graded.probabilities if graded else None,
        raw=record.raw,
    )
    return verdict, only_graded


def _is_json(raw: str) -> bool:
    """Whether an answer speaks by its keys: what else is in it, a bracketed letter in a rationale, is no verdict."""
    try:
        return isinstance(json.loads(raw), dict)
    except (ValueError, RecursionError):
        return False


def _stated(record: Record, labels: Order) -> Winner | None:
    """The winner that the line states by `label`, by `winner` or by both. Raises ValueError where they differ."""
    from brie_bench.blind import reveal

    if record.label is None:
        return record.winner
    means = reveal(record.label, labels)
    if record.winner not in (None, means):
        raise ValueError(f"'label' {record.label} means {means} by 'labels', and 'winner' is {record.winner}")
    return means


def _graded(record: Record, labels: Order) -> Verdict | None:
    """A verdict that holds the graded preference, or None where there is none. Its label means nothing yet."""
    from brie_bench.blind import preference, slots

    if record.probabilities is not None:
        verdict = Verdict(label=Label.TIE, probabilities=record.probabilities)
        told, beside = preference(verdict, labels), record.preference
        if told is not None and beside is not None and abs(told - beside) > _ROUNDED:
            raise ValueError(f"'probabilities' give a preference of {told:.3g}, and 'preference' is {beside:g}")
        return verdict
    if record.preference is None:
        return None
    slot = slots(labels)
    shares = {slot[Winner.CONTENDER]: record.preference, slot[Winner.BASELINE]: 1.0 - record.preference}
    return Verdict(label=Label.TIE, probabilities=shares)


def _side(graded: Verdict | None, labels: Order) -> Label:
    """The label on the graded preference's side of ½."""
    from brie_bench.blind import preference, slots

    preferred = preference(graded, labels) if graded else None
    if preferred is None or preferred == 0.5:
        return Label.TIE
    return slots(labels)[Winner.CONTENDER if preferred > 0.5 else Winner.BASELINE]


def _check(record: Record, graded: Verdict | None, label: Label, labels: Order) -> None:
    """A preference lies on its verdict's side of ½, a tie's between ¼ and ¾: beyond, another answer is the likelier."""
    from brie_bench.blind import preference, reveal

    preferred = preference(graded, labels) if graded else None
    if preferred is None:
        return
    winner = reveal(label, labels)
    low, high = _PREFERENCES[winner]
    if not low - _EXACT <= preferred <= high + _EXACT:
        where = "'preference' is" if record.preference is not None else "'probabilities' give a preference of"
        raise ValueError(f"{where} {preferred:.4g}, and the verdict is {winner}")


_EXACT = 1e-9
"""What adding probabilities up may cost."""
_PREFERENCES = {Winner.CONTENDER: (0.5, 1.0), Winner.TIE: (0.25, 0.75), Winner.BASELINE: (0.0, 0.5)}


@hookimpl
def register_importers(register) -> None:  # type: ignore[no-untyped-def]
    register(Interchange)


@hookimpl
def register_exporters(register) -> None:  # type: ignore[no-untyped-def]
    register(InterchangeOut)
