"""openai's chat completion: what is asked in one, and how one answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brie_bench.testing.asking import Asked, Ending
from brie_bench.testing.problem import Problem
from brie_bench.testing.protocols.answered import Answered
from brie_bench.testing.protocols.openai_words import demanded, limit_of, sampling_of, schema_of, turns_of
from brie_bench.testing.usage import Usage

_FINISH = {
    Ending.STOP: "stop",
    Ending.LENGTH: "length",
    Ending.REFUSAL: "stop",
    Ending.BLOCK: "content_filter",
}


def read(body: Mapping[str, Any]) -> Asked:
    """What `POST /v1/chat/completions` asks. Raises Problem."""
    demanded(body, "model", "messages")
    if body.get("n") not in (None, 1):
        raise Problem(400, "Invalid 'n': this server gives one choice.", reason="unsupported_value")
    return Asked(
        turns_of(body["messages"], "messages"),
        body["model"],
        limit_of(body, "max_completion_tokens", "max_tokens"),
        _schema(body.get("response_format")),
        sampling=sampling_of(body),
    )


def write(done: Answered) -> dict[str, Any]:
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
        "usage": in_its_words(done.usage),
        "service_tier": "default",
        "system_fingerprint": "fp_0000000000",
    }


def in_its_words(usage: Usage) -> dict[str, Any]:
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


def _schema(wanted: Any) -> Mapping[str, Any] | None:
    kind = (wanted or {}).get("type", "text")
    if kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}}
    if kind != "json_schema":
        raise Problem(400, f"Invalid value: '{kind}' at 'response_format.type'.", reason="invalid_value")
    return schema_of(wanted.get("json_schema"), "response_format.json_schema")
