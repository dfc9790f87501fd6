"""openai's chat completion and response: what is asked in one, and how one answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from brie_bench.testing.asking import Asked, Ending, Usage
from brie_bench.testing.desk import Problem
from brie_bench.testing.protocols.protocol import Answered, check_closed, plain_text, positive

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_FINISH = {Ending.STOP: "stop", Ending.LENGTH: "length", Ending.REFUSAL: "stop", Ending.BLOCK: "content_filter"}
_INCOMPLETE = {Ending.LENGTH: "max_output_tokens", Ending.BLOCK: "content_filter"}
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


def demanded(body: Mapping[str, Any], *names: str) -> None:
    """Raises Problem where one of these fields is missing."""
    for name in names:
        if body.get(name) is None:
            raise Problem(400, f"Missing required parameter: '{name}'.", reason="missing_required_parameter")
    if not isinstance(body.get("model"), str):
        raise Problem(400, "you must provide a model parameter")
    if body.get("stream"):
        raise Problem(400, "'stream' is not supported by this server.", reason="unsupported_value")


def turns_of(given: Any, where: str) -> tuple[tuple[str, str], ...]:
    """The turns of a list of messages, or of a text alone. Raises Problem."""
    if isinstance(given, str):
        return (("user", given),)
    if not isinstance(given, list) or not given:
        raise Problem(400, f"Invalid '{where}': expected a non-empty array of messages.")
    return tuple(_turn(message, f"{where}[{i}]") for i, message in enumerate(given))


def _turn(message: Any, where: str) -> tuple[str, str]:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in _ROLES:
        raise Problem(400, f"Invalid value: '{role}' at '{where}.role'.", reason="invalid_value")
    return _ROLES[role], plain_text(message.get("content"), f"{where}.content")


def _schema(wanted: Any, where: str, inside: str = "") -> Mapping[str, Any] | None:
    """The schema of a format: `name`, `schema`, `strict`, in the field `inside` or beside the type. Raises Problem."""
    kind = (wanted or {}).get("type", "text")
    if kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}}
    if kind != "json_schema":
        raise Problem(400, f"Invalid value: '{kind}' at '{where}.type'.", reason="invalid_value")
    form = wanted.get(inside) if inside else wanted
    if not isinstance(form, dict) or not isinstance(form.get("schema"), dict):
        raise Problem(400, f"Missing required parameter: '{where}.schema'.", reason="missing_required_parameter")
    if not isinstance(form.get("name"), str) or not _NAME.fullmatch(form["name"]):
        raise Problem(400, f"Invalid '{where}.name': expected pattern '^{_NAME.pattern}$'.", reason="invalid_value")
    if form.get("strict"):
        check_closed(form["schema"], strict=True)
    return dict(form["schema"])


def _sampling(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in ("temperature", "top_p", "seed") if body.get(name) is not None}


def read_chat(body: Mapping[str, Any]) -> Asked:
    """What `POST /v1/chat/completions` asks. Raises Problem."""
    demanded(body, "model", "messages")
    if body.get("n") not in (None, 1):
        raise Problem(400, "Invalid 'n': this server gives one choice.", reason="unsupported_value")
    return Asked(
        turns_of(body["messages"], "messages"),
        body["model"],
        positive(body.get("max_completion_tokens") or body.get("max_tokens"), "max_completion_tokens"),
        _schema(body.get("response_format"), "response_format", "json_schema"),
        sampling=_sampling(body),
    )


def write_chat(done: Answered) -> dict[str, Any]:
    """The completion that answers."""
    ending = done.answer.ending
    refused = ending is Ending.REFUSAL
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if refused or ending is Ending.BLOCK else done.answer.text,
        "refusal": done.answer.text if refused else None,
        "annotations": [],
    }
    return {
        "id": done.id,
        "object": "chat.completion",
        "created": int(done.now),
        "model": done.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": _FINISH[ending]}],
        "usage": _chat_usage(done.usage),
        "service_tier": "default",
        "system_fingerprint": "fp_0000000000",
    }


def _chat_usage(usage: Usage) -> dict[str, Any]:
    """Usage: prompt and completion, and what is in them."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.written,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def read_response(body: Mapping[str, Any]) -> Asked:
    """What `POST /v1/responses` asks. Raises Problem."""
    demanded(body, "model", "input")
    turns = turns_of(body["input"], "input")
    if body.get("instructions"):
        turns = (("system", str(body["instructions"])), *turns)
    return Asked(
        turns,
        body["model"],
        positive(body.get("max_output_tokens"), "max_output_tokens"),
        _schema((body.get("text") or {}).get("format"), "text.format"),
        sampling=_sampling(body),
    )


def write_response(done: Answered) -> dict[str, Any]:
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
        "usage": response_usage(done.usage),
        "user": None,
        "metadata": body.get("metadata") or {},
    }


def response_usage(usage: Usage) -> dict[str, Any]:
    """Usage: input and output, and what is in them."""
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": usage.written},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }


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
