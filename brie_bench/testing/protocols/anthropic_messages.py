"""anthropic's message: what is asked in one, and how one answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brie_bench.testing.asking import Answer, Asked, Ending, Usage
from brie_bench.testing.desk import Problem
from brie_bench.testing.protocols.protocol import Answered, check_closed, plain_text

_STOP = {
    Ending.STOP: "end_turn",
    Ending.LENGTH: "max_tokens",
    Ending.REFUSAL: "refusal",
    Ending.BLOCK: "refusal",
}


def read(body: Mapping[str, Any]) -> Asked:
    """What `POST /v1/messages` asks. Raises Problem."""
    for name, kind in (("model", str), ("max_tokens", int), ("messages", list)):
        if name not in body:
            raise Problem(400, f"{name}: Field required")
        if not isinstance(body[name], kind) or isinstance(body[name], bool):
            raise Problem(400, f"{name}: Input should be a valid {kind.__name__}")
    if body["max_tokens"] < 1:
        raise Problem(400, "max_tokens: Input should be greater than or equal to 1")
    if not body["messages"]:
        raise Problem(400, "messages: at least one message is required")
    if body.get("stream"):
        raise Problem(400, "stream: this server does not stream")
    turns = [("system", plain_text(body["system"], "system"))] if "system" in body else []
    for message in body["messages"]:
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
            raise Problem(400, "messages: Input should be 'user' or 'assistant' in 'role'")
        text = plain_text(message.get("content"), "messages.content")
        if not text.strip():
            raise Problem(400, "messages: text content blocks must be non-empty")
        turns.append((message["role"], text))
    if turns[-1][0] == "assistant":
        raise Problem(400, "messages: this model does not support prefill; the last turn must be the user's")
    sampling = {name: body[name] for name in ("temperature", "top_p", "top_k") if name in body}
    return Asked(tuple(turns), body["model"], body["max_tokens"], _schema(body), sampling=sampling)


def write(done: Answered) -> dict[str, Any]:
    """The message that answers."""
    answer = done.answer
    return {
        "id": done.id,
        "type": "message",
        "role": "assistant",
        "model": done.model,
        "content": _content(done),
        "stop_reason": _STOP[answer.ending],
        "stop_sequence": None,
        "stop_details": _details(answer),
        "usage": _usage(done.usage),
    }


def _usage(usage: Usage) -> dict[str, Any]:
    """Usage: the whole input is the sum of three."""
    return {
        "input_tokens": usage.input - usage.cached - usage.written,
        "cache_creation_input_tokens": usage.written,
        "cache_read_input_tokens": usage.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": usage.written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": usage.output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
        "service_tier": "standard",
    }


def _schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of `output_config.format`."""
    wanted = (body.get("output_config") or {}).get("format")
    if wanted is None:
        return None
    if wanted.get("type") != "json_schema" or not isinstance(wanted.get("schema"), dict):
        raise Problem(400, "output_config.format: Input should be a json_schema with a schema")
    check_closed(wanted["schema"], strict=False)
    return dict(wanted["schema"])


def _content(done: Answered) -> list[dict[str, Any]]:
    answer = done.answer
    if answer.ending is Ending.BLOCK:
        return []
    thought = {
        "type": "thinking",
        "thinking": answer.reasoning or "I have thought about it.",
        "signature": done.id[-16:],
    }
    said = {"type": "text", "text": answer.text, "citations": None}
    return [thought, said] if done.usage.reasoning else [said]


def _details(answer: Answer) -> dict[str, Any] | None:
    if answer.ending not in (Ending.REFUSAL, Ending.BLOCK):
        return None
    category = "general_harms" if answer.ending is Ending.BLOCK else None
    return {"type": "refusal", "category": category, "explanation": answer.text or None}
