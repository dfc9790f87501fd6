"""Recorded judgments, written field by field."""

from __future__ import annotations

import datetime
from typing import Any

from brie_bench import Comparison, Completion, Failure, FinishReason, Imported, Item, Order, Prompt, Sampling, Verdict
from brie_bench.blind import judgment
from brie_bench.spec.judgment import Winner

LONG = "The first one says more, and says it in better order; the second repeats itself and then stops."


def when(text: str) -> datetime.datetime:
    """A time."""
    return datetime.datetime.fromisoformat(text)


def record(
    number: int,
    *,
    line: int | None = None,
    source: str = "pass.jsonl",
    judge: str = "ann",
    contender: str = "tuned",
    label: str | None = "B",
    kind: str = "unparsed",
    labels: str | None = None,
    shown: str | None = "same",
    raw: str | None = None,
    winner: str | None = None,
    texts: tuple[str, str] | None = None,
    reasons: tuple[str, str] = ("stop", "stop"),
    scores: dict[str, dict[str, int]] | None = None,
    probabilities: dict[str, float] | None = None,
    temperature: float | None = None,
    judging: str | None = None,
    judged_at: str | None = None,
    completed_at: str | None = None,
) -> Imported:
    """A judgment of prompt `number` (a Failure of `kind` where `label` is None). Labels alternate with the number, and
    what was shown is what the labels say, unless they are given."""
    named = Order(labels) if labels else tuple(Order)[number % 2]
    raw = f"{LONG} Number {number}, {judge}. Winner: {label}" if raw is None else raw
    prompt = Prompt(id=f"p-{number}", text=f"What is {number} good for?")
    mine, base = texts or (f"At length: {number}.", f"Briefly: {number}.")
    at = when(judged_at) if judged_at else None
    if label is None:
        outcome: Any = Failure(kind=kind, message="nothing to read", raw=raw, failed_at=at)
    else:
        verdict = Verdict.model_validate(
            {"label": label, "raw": raw, "scores": scores or {}, "probabilities": probabilities}
        )
        order = named if shown == "same" else Order(shown) if shown else None
        outcome = judgment(verdict, named, shown=order, judged_at=at)
    return Imported(
        source=source,
        source_digest=f"sha of {source}",
        line=number + 1 if line is None else line,
        contender=contender,
        baseline="base",
        judge=judge,
        comparison=Comparison(
            item=Item(section="all", kind="in_domain", prompt=prompt, sampling=Sampling(temperature=temperature)),
            contender=Completion(text=mine, finish_reason=FinishReason(reasons[0])),
            baseline=Completion(text=base, finish_reason=FinishReason(reasons[1])),
        ),
        outcome=outcome,
        labels=named if label is None else None,
        recorded_winner=Winner(winner) if winner else None,
        completed_at=when(completed_at) if completed_at else None,
        judging=judging,
    )


def records(n: int, **same: Any) -> list[Imported]:
    """So many, one a prompt."""
    return [record(number, **same) for number in range(n)]
