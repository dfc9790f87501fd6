"""openai's decision: typed questions about an input, answered with a probability for every option.

A score's levels are counted from 0 in the order given, and the score is their mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brie_bench.testing.asking import Asked, Question, QuestionKind
from brie_bench.testing.desk import Problem
from brie_bench.testing.protocols.openai_calls import demanded, response_usage, turns_of
from brie_bench.testing.protocols.protocol import Answered, plain_text

_OPTIONS = {QuestionKind.CHOICE: ("choices", "value", 255), QuestionKind.SCORE: ("levels", "label", 10)}
"""Kind to the field of its options, their own field, and how many there may be."""


def read(body: Mapping[str, Any]) -> Asked:
    """What `POST /v1/decisions` asks. Raises Problem."""
    demanded(body, "model", "input", "questions")
    questions = body["questions"]
    if not isinstance(questions, list) or not 1 <= len(questions) <= 400:
        raise Problem(400, "Invalid 'questions': expected an array of 1 to 400 questions.", reason="invalid_value")
    asked = tuple(_question(each, f"questions[{i}]") for i, each in enumerate(questions))
    return Asked(turns_of(body["input"], "input"), body["model"], questions=asked)


def write(done: Answered) -> dict[str, Any]:
    """The decision that answers."""
    given = zip(done.body["questions"], done.chances(), strict=True)
    answers = [_answer(raw, question, chances) for raw, (question, chances) in given]
    return {"answers": answers, "model": done.model, "usage": response_usage(done.usage)}


def _question(each: Any, where: str) -> Question:
    if not isinstance(each, dict) or each.get("type") not in list(QuestionKind):
        raise Problem(400, f"Invalid value at '{where}.type'.", reason="invalid_value")
    if not each.get("instructions"):
        raise Problem(400, f"Missing required parameter: '{where}.instructions'.", reason="missing_required_parameter")
    kind = QuestionKind(each["type"])
    instructions = plain_text(each["instructions"], f"{where}.instructions")
    return Question(str(each.get("name") or ""), instructions, _options(each, kind, where), kind)


def _options(each: Mapping[str, Any], kind: QuestionKind, where: str) -> tuple[str, ...]:
    name, key, most = _OPTIONS[kind]
    given = each.get(name)
    if not isinstance(given, list) or not 2 <= len(given) <= most:
        raise Problem(400, f"Invalid '{where}.{name}': expected an array of 2 to {most}.", reason="invalid_value")
    if not all(isinstance(option, dict) and isinstance(option.get(key), str | bool) for option in given):
        raise Problem(400, f"Missing required parameter: '{where}.{name}.{key}'.", reason="missing_required_parameter")
    options = tuple(str(option[key]) for option in given)
    if len(set(options)) < len(options):
        raise Problem(400, f"Invalid '{where}.{name}': each must be unique.", reason="invalid_value")
    return options


def _answer(raw: Mapping[str, Any], question: Question, chances: list[float]) -> dict[str, Any]:
    name = raw.get("name")
    if not chances:
        return {"type": "refusal", "name": name}
    said = {"type": question.kind.value, "name": name, "confidence": max(chances)}
    if question.kind is QuestionKind.CHOICE:
        given = [choice["value"] for choice in raw["choices"]]
        listed = [{"value": value, "probability": p} for value, p in zip(given, chances, strict=True)]
        return {**said, "choice": given[chances.index(max(chances))], "probabilities": listed}
    pairs = enumerate(zip(question.options, chances, strict=True))
    levels = [{"label": label, "value": i, "probability": p} for i, (label, p) in pairs]
    return {**said, "score": sum(i * p for i, p in enumerate(chances)), "probabilities": levels}
