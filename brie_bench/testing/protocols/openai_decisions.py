"""openai's decision: typed questions about an input, answered with a probability for every option.

A score's levels are counted from 0 in the order given, and the score is their mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brie_bench.testing.asking import Asked, Question, QuestionKind
from brie_bench.testing.problem import Problem
from brie_bench.testing.protocols.answered import Answered
from brie_bench.testing.protocols.openai_responses import in_its_words
from brie_bench.testing.protocols.openai_words import demanded, turns_of
from brie_bench.testing.protocols.texts import plain_text

_MOST = {QuestionKind.CHOICE: 255, QuestionKind.SCORE: 10}


def read(body: Mapping[str, Any]) -> Asked:
    """What `POST /v1/decisions` asks. Raises Problem."""
    demanded(body, "model", "input", "questions")
    given, questions = body["input"], body["questions"]
    turns = (("user", given),) if isinstance(given, str) else turns_of(given, "input")
    if not isinstance(questions, list) or not 1 <= len(questions) <= 400:
        raise Problem(400, "Invalid 'questions': expected an array of 1 to 400 questions.", reason="invalid_value")
    return Asked(turns, body["model"], questions=tuple(_question(each, i) for i, each in enumerate(questions)))


def write(done: Answered) -> dict[str, Any]:
    """The decision that answers."""
    given = zip(done.body["questions"], done.asked.questions, done.answer.probabilities, strict=True)
    answers = [_answer(raw, question, chances) for raw, question, chances in given]
    return {"answers": answers, "model": done.model, "usage": in_its_words(done.usage)}


def _question(each: Any, number: int) -> Question:
    where = f"questions[{number}]"
    if not isinstance(each, dict):
        raise Problem(400, f"Invalid '{where}': expected an object.", reason="invalid_type")
    try:
        kind = QuestionKind(str(each.get("type")))
    except ValueError:
        raise Problem(400, f"Invalid value: '{each.get('type')}' at '{where}.type'.", reason="invalid_value") from None
    if not each.get("instructions"):
        raise Problem(400, f"Missing required parameter: '{where}.instructions'.", reason="missing_required_parameter")
    instructions = plain_text(each["instructions"], f"{where}.instructions")
    return Question(str(each.get("name") or ""), instructions, _options(each, kind, where), kind)


def _options(each: Mapping[str, Any], kind: QuestionKind, where: str) -> tuple[str, ...]:
    if kind is QuestionKind.PREDICATE:
        return ("true", "false")
    name, key = ("choices", "value") if kind is QuestionKind.CHOICE else ("levels", "label")
    given = each.get(name)
    if not isinstance(given, list) or not 2 <= len(given) <= _MOST[kind]:
        raise Problem(
            400, f"Invalid '{where}.{name}': expected an array of 2 to {_MOST[kind]}.", reason="invalid_value"
        )
    if not all(isinstance(option, dict) and isinstance(option.get(key), str | bool) for option in given):
        raise Problem(400, f"Missing required parameter: '{where}.{name}.{key}'.", reason="missing_required_parameter")
    options = tuple(str(option[key]) for option in given)
    if len(set(options)) < len(options):
        raise Problem(400, f"Invalid '{where}.{name}': each must be unique.", reason="invalid_value")
    return options


def _answer(raw: Mapping[str, Any], question: Question, chances: Mapping[str, float] | None) -> dict[str, Any]:
    name = raw.get("name")
    if chances is None:
        return {"type": "refusal", "name": name}
    if question.kind is QuestionKind.PREDICATE:
        return {"type": "predicate", "name": name, "probability": chances["true"]}
    values = [chances[option] for option in question.options]
    best = max(range(len(values)), key=lambda i: values[i])
    shared = {"name": name, "confidence": values[best]}
    if question.kind is QuestionKind.CHOICE:
        given = [choice["value"] for choice in raw["choices"]]
        listed = [{"value": value, "probability": p} for value, p in zip(given, values, strict=True)]
        return {"type": "choice", **shared, "choice": given[best], "probabilities": listed}
    levels = [
        {"label": label, "value": i, "probability": p}
        for i, (label, p) in enumerate(zip(question.options, values, strict=True))
    ]
    score = sum(i * p for i, p in enumerate(values))
    return {"type": "score", **shared, "score": score, "probabilities": levels}
