"""Putting an opinion, or a text, into the shape that was asked for: words, a JSON value, or probabilities."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from brie_bench.testing.asking import Answer, Asked, Question, QuestionKind
from brie_bench.testing.drawing import drawn
from brie_bench.testing.opinion import Opinion, Shown, Side, Slot, side_of, sides_of, slot_in, slot_spoken_of

Path = tuple[str, ...]

NOTHING: Final = object()
"""There is nothing to say."""

Say = Callable[[Path, str, tuple[Any, ...]], Any]
"""What to say at a path, given the JSON type and the allowed values (empty: any); NOTHING leaves it to the schema."""

_PEAK = 0.7
_DEEPEST = 40


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
        score = str(opinion.score(slot) if slot else 3)
        return next((value for value in allowed if str(value) == score), NOTHING) if allowed else opinion.reason

    return say


def filled(schema: Mapping[str, Any], say: Say) -> Any:
    """A value under `schema`: properties in their order, required or not. Values outside the limits are moved into them.

    Understands type, properties, items, minItems, enum, const, anyOf, oneOf, allOf, local `$ref` and the number's limits;
    google's own spelling of types in capitals too. Raises ValueError for a schema that never ends.
    """
    return _value(schema, schema, (), say, _DEEPEST)


def _value(node: Mapping[str, Any], root: Mapping[str, Any], path: Path, say: Say, left: int) -> Any:
    if not left:
        raise ValueError(f"the schema never ends at {'.'.join(path[:5])}")
    node = _resolved(node, root)
    if "const" in node:
        return node["const"]
    kind = _kind(node)
    allowed = tuple(node.get("enum", ()))
    if kind == "object":
        properties: Mapping[str, Any] = node.get("properties", {})
        return {name: _value(each, root, (*path, name), say, left - 1) for name, each in properties.items()}
    if kind == "array":
        n = max(1, int(node.get("minItems", 1)))
        return [_value(node.get("items", {}), root, path, say, left - 1) for _ in range(n)]
    said = say(path, kind, allowed)
    if allowed:
        return said if said in allowed else allowed[0]
    return _within(node, kind, said)


def _resolved(node: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_DEEPEST):
        if "$ref" in node:
            target: Any = root
            for step in str(node["$ref"]).removeprefix("#").strip("/").split("/"):
                target = target[step] if step else target
            node = {**target, **{name: value for name, value in node.items() if name != "$ref"}}
        elif "allOf" in node:
            rest = {name: value for name, value in node.items() if name != "allOf"}
            node = {key: value for part in (*node["allOf"], rest) for key, value in part.items()}
        elif "anyOf" in node or "oneOf" in node:
            choices = node.get("anyOf") or node.get("oneOf") or [{}]
            node = next((each for each in choices if _kind(each) != "null"), choices[0])
        else:
            return node
    raise ValueError("the schema's references go round in a circle")


def _kind(node: Mapping[str, Any]) -> str:
    kind = node.get("type", "")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind:
        return str(kind).lower()
    if "properties" in node:
        return "object"
    return "array" if "items" in node else "string"


def _within(node: Mapping[str, Any], kind: str, said: Any) -> Any:
    if kind == "null":
        return None
    if kind == "boolean":
        return said if isinstance(said, bool) else True
    if kind in ("integer", "number"):
        number = said if isinstance(said, int | float) and not isinstance(said, bool) else node.get("minimum", 0)
        number = max(node.get("minimum", number), min(node.get("maximum", number), number))
        return round(number) if kind == "integer" else float(number)
    return said if isinstance(said, str) else ""
