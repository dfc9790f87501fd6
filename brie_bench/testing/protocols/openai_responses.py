"""openai's response: what is asked in one, and how one answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brie_bench.testing.asking import Asked, Ending
from brie_bench.testing.problem import Problem
from brie_bench.testing.protocols.answered import Answered
from brie_bench.testing.protocols.openai_words import demanded, limit_of, sampling_of, schema_of, turns_of
from brie_bench.testing.usage import Usage

_INCOMPLETE = {Ending.LENGTH: "max_output_tokens", Ending.BLOCK: "content_filter"}


def read(body: Mapping[str, Any]) -> Asked:
    """What `POST /v1/responses` asks. Raises Problem."""
    demanded(body, "model", "input")
    given = body["input"]
    turns = (("user", given),) if isinstance(given, str) else turns_of(given, "input")
    if body.get("instructions"):
        turns = (("system", str(body["instructions"])), *turns)
    wanted = (body.get("text") or {}).get("format") or {}
    return Asked(
        turns,
        body["model"],
        limit_of(body, "max_output_tokens"),
        _schema(wanted),
        sampling=sampling_of(body),
    )


def write(done: Answered) -> dict[str, Any]:
    """The response that answers."""
    body, reason = done.body, _INCOMPLETE.get(done.answer.ending)
    status = "incomplete" if reason else "completed"
    return {
        "id": done.id,
        "object": "response",
        "created_at": int(done.now),
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": done.model,
        "output": _output(done, status),
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": bool(body.get("store", True)),
        "temperature": body.get("temperature", 1.0),
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": body.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": in_its_words(done.usage),
        "user": None,
        "metadata": body.get("metadata") or {},
    }


def in_its_words(usage: Usage) -> dict[str, Any]:
    """Usage: input and output, and what is in them."""
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": usage.written},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }


def _schema(wanted: Mapping[str, Any]) -> Mapping[str, Any] | None:
    kind = wanted.get("type", "text")
    if kind == "text":
        return None
    if kind != "json_schema":
        raise Problem(400, f"Invalid value: '{kind}' at 'text.format.type'.", reason="invalid_value")
    return schema_of(wanted, "text.format")


def _output(done: Answered, status: str) -> list[dict[str, Any]]:
    answer, items = done.answer, list[dict[str, Any]]()
    if done.usage.reasoning:
        summary = [{"type": "summary_text", "text": answer.reasoning}] if answer.reasoning else []
        items.append({"type": "reasoning", "id": done.id.replace("resp_", "rs_"), "summary": summary})
    if answer.ending is Ending.BLOCK:
        return items
    if answer.ending is Ending.REFUSAL:
        content: dict[str, Any] = {"type": "refusal", "refusal": answer.text}
    else:
        content = {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
    message = {"type": "message", "id": done.id.replace("resp_", "msg_"), "status": status, "role": "assistant"}
    return [*items, {**message, "content": [content]}]
