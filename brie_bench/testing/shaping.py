"""Putting an opinion, or a text, into the shape that was asked for: words, a JSON value, or probabilities."""

from __future__ import annotations

import json
from typing import Any

from brie_bench.testing.asking import Answer, Asked, Question, QuestionKind
from brie_bench.testing.drawing import drawn
from brie_bench.testing.filling import NOTHING, Path, filled
from brie_bench.testing.labels import side_of, sides_of, slot_in, slot_spoken_of
from brie_bench.testing.opinion import Opinion, Side, Slot
from brie_bench.testing.shown import Shown

_PEAK = 0.7


def in_shape(asked: Asked, opinion: Opinion, shown: Shown) -> Answer:
    """A judge's answer."""
    if asked.questions:
        return Answer(probabilities=tuple(_chances(question, opinion) for question in asked.questions))
    if asked.schema is not None:
        return Answer(json.dumps(filled(asked.schema, _says(opinion)), ensure_ascii=False))
    return Answer(in_words(opinion, shown.criteria))


def in_words(opinion: Opinion, criteria: tuple[str, ...]) -> str:
    """The rubric's own form: two lines of scores, a winner, a reason."""
    slots: tuple[Slot, ...] = ("A", "B")
    lines = [
        f"Response {slot} - " + ", ".join(f"{name.capitalize()}: {opinion.score(slot)}" for name in criteria)
        for slot in slots
        if criteria
    ]
    winner = {"A": "A", "B": "B", "tie": "Tie"}[opinion.label]
    return "\n".join([*lines, f"Winner: {winner}", f"Reasoning: {opinion.reason}"])


def of_text(asked: Asked, text: str) -> Answer:
    """The answer of somebody who has a text to give and no opinion: in a schema, every string is that text."""
    if asked.questions:
        return Answer(probabilities=tuple(_guesses(question, text) for question in asked.questions))
    if asked.schema is not None:
        said = filled(asked.schema, lambda path, kind, allowed: text if kind == "string" else NOTHING)
        return Answer(json.dumps(said, ensure_ascii=False))
    return Answer(text)


def _chances(question: Question, opinion: Opinion) -> dict[str, float]:
    """The probability of each option."""
    if question.kind is QuestionKind.PREDICATE:
        return _of_predicate(question, opinion)
    if question.kind is QuestionKind.CHOICE and (sides := sides_of(question.options)):
        return _of_sides(question.options, sides, opinion)
    slot = slot_in(question.name) or slot_spoken_of(question.instructions)
    score = opinion.score(slot) if slot else 3
    return _peaked(question.options, round((score - 1) / 4 * (len(question.options) - 1)))


def _of_sides(options: tuple[str, ...], sides: dict[str, Side], opinion: Opinion) -> dict[str, float]:
    """The opinion's own probabilities; where no option is a tie, what is left of them is shared out."""
    given = {option: opinion.probabilities[sides[option]] for option in options}
    total = sum(given.values())
    return {option: value / total for option, value in given.items()}


def _of_predicate(question: Question, opinion: Opinion) -> dict[str, float]:
    """`Response A is better`: the slot it speaks of; anything else is as likely as not."""
    slot = slot_in(question.name) or slot_spoken_of(question.instructions)
    true = opinion.probabilities[slot] if slot else 0.5
    return {"true": true, "false": round(1.0 - true, 4)}


def _peaked(options: tuple[str, ...], at: int) -> dict[str, float]:
    rest = (1.0 - _PEAK) / max(1, len(options) - 1)
    return {option: _PEAK if i == at else rest for i, option in enumerate(options)}


def _guesses(question: Question, text: str) -> dict[str, float]:
    return _peaked(question.options, int(drawn(question.name, text) * len(question.options)))


def _says(opinion: Opinion) -> Any:
    def say(path: Path, kind: str, allowed: tuple[Any, ...]) -> Any:
        name = ".".join(path)
        if allowed and (sides := sides_of(allowed)):
            return next((value for value, side in sides.items() if side == opinion.label), NOTHING)
        slot = slot_in(name)
        if kind in ("integer", "number"):
            side = slot or side_of(path[-1] if path else "")
            if "prob" in name.lower() and side:
                return opinion.probabilities[side]
            return opinion.score(slot) if slot else 3
        if kind == "boolean":
            return opinion.label == (slot or side_of(path[-1] if path else ""))
        return _allowed_score(opinion, slot, allowed) if allowed else opinion.reason

    return say


def _allowed_score(opinion: Opinion, slot: Slot | None, allowed: tuple[Any, ...]) -> Any:
    """The option that spells the score, where scores are an enumeration."""
    score = opinion.score(slot) if slot else 3
    return next((value for value in allowed if str(value) == str(score)), allowed[0])
