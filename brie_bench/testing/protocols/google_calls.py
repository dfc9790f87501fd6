"""google's generated content and decision: what is asked in one, and how one answers.

A decision's choice questions name their options in `criteria`; a score's levels are counted from 0. There is no refusal
of one question: a refused input has `prompt_feedback` and no answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from brie_bench.testing.asking import Answer, Asked, Ending, Question, QuestionKind, Usage
from brie_bench.testing.desk import Problem
from brie_bench.testing.protocols.protocol import Answered, plain_text, positive

_FINISH = {Ending.STOP: "STOP", Ending.LENGTH: "MAX_TOKENS", Ending.REFUSAL: "SAFETY"}
_ROLES = {"user": "user", "model": "assistant", None: "user"}
_CAPITAL = re.compile(r"[A-Z]")


def field(node: Any, *path: str) -> Any:
    """The value at a path of names in camel case, in either spelling; None where something is missing."""
    for name in path:
        if not isinstance(node, Mapping):
            return None
        node = node.get(name, node.get(_CAPITAL.sub(lambda match: f"_{match[0].lower()}", name)))
    return node


def read_content(body: Mapping[str, Any]) -> Asked:
    """What `models/…:generateContent` asks. Raises Problem."""
    contents = body.get("contents")
    if not isinstance(contents, list) or not contents:
        raise Problem(400, "* GenerateContentRequest.contents: contents is not specified")
    turns = tuple(_turn(content) for content in contents)
    system = field(body, "systemInstruction", "parts")
    if system is not None:
        turns = (("system", plain_text(system, "systemInstruction")), *turns)
    config = field(body, "generationConfig") or {}
    given = {name: field(config, name) for name in ("temperature", "topP", "topK", "seed")}
    sampling = {name: value for name, value in given.items() if value is not None}
    limit = positive(field(config, "maxOutputTokens"), "maxOutputTokens")
    return Asked(turns, body["model"], limit, _schema(config), sampling=sampling)


def write_content(done: Answered) -> dict[str, Any]:
    """The content that answers."""
    answer = done.answer
    counts = _content_usage(done.usage, answer)
    shared = {"usageMetadata": counts, "modelVersion": done.model, "responseId": done.id}
    if answer.ending is Ending.BLOCK:
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, **shared}
    candidate: dict[str, Any] = {"finishReason": _FINISH[answer.ending], "index": 0}
    if answer.ending is Ending.REFUSAL:
        rating = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}
        return {"candidates": [{**candidate, "safetyRatings": [rating]}], **shared}
    parts = [*_thoughts(done), {"text": answer.text}]
    return {"candidates": [{"content": {"parts": parts, "role": "model"}, **candidate}], **shared}


def _content_usage(usage: Usage, answer: Answer) -> dict[str, Any]:
    """Usage: what is 0 is left out, as in every protobuf."""
    said = 0 if answer.ending in (Ending.REFUSAL, Ending.BLOCK) else usage.output - usage.reasoning
    counts = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": said,
        "thoughtsTokenCount": usage.reasoning,
        "cachedContentTokenCount": usage.cached,
        "totalTokenCount": usage.input + said + usage.reasoning,
    }
    return {name: value for name, value in counts.items() if value}


def _turn(content: Any) -> tuple[str, str]:
    role = content.get("role") if isinstance(content, dict) else ""
    if role not in _ROLES:
        raise Problem(400, "Please use a valid role: user, model.")
    return _ROLES[role], plain_text(content.get("parts"), "contents.parts")


def _schema(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    in_json = field(config, "responseMimeType") == "application/json"
    schema = field(config, "responseJsonSchema") or field(config, "responseSchema")
    if schema is None:
        return {"type": "object"} if in_json else None
    if not in_json:
        raise Problem(400, "Response schema is only supported with the application/json response mime type.")
    if not isinstance(schema, dict):
        raise Problem(400, "Invalid JSON payload received: a schema must be an object.")
    return schema


def _thoughts(done: Answered) -> list[dict[str, Any]]:
    wanted = field(done.body, "generationConfig", "thinkingConfig", "includeThoughts")
    if not wanted or not done.usage.reasoning:
        return []
    return [{"text": done.answer.reasoning or "I have thought about it.", "thought": True}]


def read_decision(body: Mapping[str, Any]) -> Asked:
    """What `POST /v1/decisions` asks. Raises Problem."""
    for name in ("model", "input", "questions"):
        if not body.get(name):
            raise Problem(400, f"* CreateDecisionRequest.{name}: {name} is not specified")
    if not isinstance(body["questions"], dict):
        raise Problem(400, "* CreateDecisionRequest.questions: expected an object keyed by question")
    questions = tuple(_question(name, each) for name, each in body["questions"].items())
    model = str(body["model"]).removeprefix("models/")
    return Asked((("user", plain_text(body["input"], "input")),), model, questions=questions)


def write_decision(done: Answered) -> dict[str, Any]:
    """The decision that answers."""
    answer, counted = done.answer, {"usage": _decision_usage(done.usage)}
    if answer.ending in (Ending.REFUSAL, Ending.BLOCK) or None in answer.probabilities:
        reason = "safety" if answer.ending is Ending.REFUSAL else "prohibited_content"
        return {"prompt_feedback": {"block_reason": reason}, **counted}
    return {"answers": {question.name: _answer(question, chances) for question, chances in done.chances()}, **counted}


def _decision_usage(usage: Usage) -> dict[str, int]:
    """Usage, as the newer endpoints say it."""
    return {
        "total_input_tokens": usage.input,
        "total_cached_tokens": usage.cached,
        "total_output_tokens": usage.output - usage.reasoning,
        "total_thought_tokens": usage.reasoning,
        "total_tokens": usage.input + usage.output,
    }


def _question(name: str, each: Any) -> Question:
    where = f"* CreateDecisionRequest.questions[{name}]"
    if not isinstance(each, dict) or each.get("type") not in list(QuestionKind) or not each.get("instructions"):
        raise Problem(400, f"{where}: a type and instructions are needed")
    kind, criteria = QuestionKind(each["type"]), each.get("criteria")
    if not isinstance(criteria, dict if kind is QuestionKind.CHOICE else list) or not 2 <= len(criteria) <= 255:
        raise Problem(400, f"{where}.criteria: between 2 and 255 are needed")
    return Question(name, plain_text(each["instructions"], "instructions"), tuple(criteria), kind)


def _answer(question: Question, chances: list[float]) -> dict[str, Any]:
    said: dict[str, Any] = {"type": question.kind.value, "confidence": max(chances)}
    if question.kind is QuestionKind.CHOICE:
        best = question.options[chances.index(max(chances))]
        return {**said, "choice": best, "probabilities": dict(zip(question.options, chances, strict=True))}
    return {
        **said,
        "score": sum(i * p for i, p in enumerate(chances)),
        "probabilities": {str(i): p for i, p in enumerate(chances)},
        "legend": {str(i): level for i, level in enumerate(question.options)},
    }
