"""google's generated content: what is asked in one, and how one answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brie_bench.testing.asking import Answer, Asked, Ending
from brie_bench.testing.problem import Problem
from brie_bench.testing.protocols.answered import Answered
from brie_bench.testing.protocols.google_words import field
from brie_bench.testing.protocols.texts import plain_text
from brie_bench.testing.usage import Usage

_FINISH = {Ending.STOP: "STOP", Ending.LENGTH: "MAX_TOKENS", Ending.REFUSAL: "SAFETY"}
_ROLES = {"user": "user", "model": "assistant", None: "user"}


def read(body: Mapping[str, Any], model: str) -> Asked:
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
    return Asked(turns, model, _limit(config), _schema(config), sampling=sampling)


def write(done: Answered) -> dict[str, Any]:
    """The content that answers."""
    answer = done.answer
    counts = in_its_words(done.usage, answer)
    shared = {"usageMetadata": counts, "modelVersion": done.model, "responseId": done.id}
    if answer.ending is Ending.BLOCK:
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, **shared}
    candidate: dict[str, Any] = {"finishReason": _FINISH[answer.ending], "index": 0}
    if answer.ending is Ending.REFUSAL:
        rating = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}
        return {"candidates": [{**candidate, "safetyRatings": [rating]}], **shared}
    parts = [*_thoughts(done), {"text": answer.text}]
    return {"candidates": [{"content": {"parts": parts, "role": "model"}, **candidate}], **shared}


def in_its_words(usage: Usage, answer: Answer) -> dict[str, Any]:
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


def _limit(config: Mapping[str, Any]) -> int | None:
    value = field(config, "maxOutputTokens")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise Problem(400, "* GenerateContentRequest.generation_config.max_output_tokens: must be positive.")
    return value


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
