"""google's decision: typed questions about an input, answered with a probability for every option.

Choice questions name their options in `criteria`; a score's levels are counted from 0; what others call a predicate is
a `noul`. There is no refusal of one question: a refused input has `prompt_feedback` and no answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brie_bench.testing.asking import Asked, Ending, Question, QuestionKind
from brie_bench.testing.problem import Problem
from brie_bench.testing.protocols.answered import Answered
from brie_bench.testing.protocols.texts import plain_text
from brie_bench.testing.usage import Usage

_KINDS = {"choice": QuestionKind.CHOICE, "score": QuestionKind.SCORE, "noul": QuestionKind.PREDICATE}


def read(body: Mapping[str, Any]) -> Asked:
    """What `POST /v1/decisions` asks. Raises Problem."""
    for name in ("model", "input", "questions"):
        if not body.get(name):
            raise Problem(400, f"* CreateDecisionRequest.{name}: {name} is not specified")
    if not isinstance(body["questions"], dict):
        raise Problem(400, "* CreateDecisionRequest.questions: expected an object keyed by question")
    questions = tuple(_question(name, each) for name, each in body["questions"].items())
    model = str(body["model"]).removeprefix("models/")
    return Asked((("user", plain_text(body["input"], "input")),), model, questions=questions)


def write(done: Answered) -> dict[str, Any]:
    """The decision that answers."""
    answer, counted = done.answer, {"usage": in_its_words(done.usage)}
    if answer.ending in (Ending.REFUSAL, Ending.BLOCK) or None in answer.probabilities:
        reason = "safety" if answer.ending is Ending.REFUSAL else "prohibited_content"
        return {"prompt_feedback": {"block_reason": reason}, **counted}
    given = zip(done.asked.questions, answer.probabilities, strict=True)
    return {"answers": {question.name: _answer(question, chances or {}) for question, chances in given}, **counted}


def in_its_words(usage: Usage) -> dict[str, int]:
    """Usage, as the newer endpoints say it."""
    return {
        "total_input_tokens": usage.input,
        "total_cached_tokens": usage.cached,
        "total_output_tokens": usage.output - usage.reasoning,
        "total_thought_tokens": usage.reasoning,
        "total_tokens": usage.input + usage.output,
    }


def _question(name: str, each: Any) -> Question:
    kind = _KINDS.get(str(each.get("type"))) if isinstance(each, dict) else None
    if kind is None or not each.get("instructions"):
        raise Problem(400, f"* CreateDecisionRequest.questions[{name}]: a type and instructions are needed")
    instructions = plain_text(each["instructions"], "instructions")
    if kind is QuestionKind.PREDICATE:
        return Question(name, instructions, ("true", "false"), kind)
    criteria: Any = each.get("criteria")
    if not isinstance(criteria, dict if kind is QuestionKind.CHOICE else list) or not 2 <= len(criteria) <= 255:
        raise Problem(400, f"* CreateDecisionRequest.questions[{name}].criteria: between 2 and 255 are needed")
    return Question(name, instructions, tuple(criteria), kind)


def _answer(question: Question, chances: Mapping[str, float]) -> dict[str, Any]:
    if question.kind is QuestionKind.PREDICATE:
        true = min(0.99, max(0.01, chances["true"]))
        return {"type": "noul", "noul": true, "confidence": max(true, 1.0 - true)}
    values = [chances[option] for option in question.options]
    best = max(range(len(values)), key=lambda i: values[i])
    if question.kind is QuestionKind.CHOICE:
        probabilities = dict(zip(question.options, values, strict=True))
        return {
            "type": "choice",
            "choice": question.options[best],
            "confidence": values[best],
            "probabilities": probabilities,
        }
    return {
        "type": "score",
        "score": sum(i * p for i, p in enumerate(values)),
        "confidence": values[best],
        "probabilities": {str(i): p for i, p in enumerate(values)},
        "legend": {str(i): level for i, level in enumerate(question.options)},
    }
