"""What openai's several endpoints share: roles, schemas."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from brie_bench.testing.problem import Problem
from brie_bench.testing.protocols.strictness import check_closed
from brie_bench.testing.protocols.texts import plain_text

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
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


def turns_of(messages: Any, where: str) -> tuple[tuple[str, str], ...]:
    """The turns of a list of messages. Raises Problem."""
    if not isinstance(messages, list) or not messages:
        raise Problem(400, f"Invalid '{where}': expected a non-empty array of messages.")
    return tuple(_turn(message, f"{where}[{i}]") for i, message in enumerate(messages))


def _turn(message: Any, where: str) -> tuple[str, str]:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in _ROLES:
        raise Problem(400, f"Invalid value: '{role}' at '{where}.role'.", reason="invalid_value")
    return _ROLES[role], plain_text(message.get("content"), f"{where}.content")


def limit_of(body: Mapping[str, Any], *names: str) -> int | None:
    """The first of several fields that may hold the limit of tokens."""
    value = next((body[name] for name in names if body.get(name) is not None), None)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise Problem(400, f"Invalid '{names[0]}': integer below minimum value.", reason="integer_below_min_value")
    return value


def schema_of(wanted: Any, where: str) -> Mapping[str, Any] | None:
    """The schema of a `json_schema` format: `name`, `schema`, `strict`. Raises Problem."""
    if not isinstance(wanted, dict) or not isinstance(wanted.get("schema"), dict):
        raise Problem(400, f"Missing required parameter: '{where}.schema'.", reason="missing_required_parameter")
    if not isinstance(wanted.get("name"), str) or not _NAME.fullmatch(wanted["name"]):
        raise Problem(400, f"Invalid '{where}.name': expected pattern '^{_NAME.pattern}$'.", reason="invalid_value")
    if wanted.get("strict"):
        check_closed(wanted["schema"], all_required=True, limits=True)
    return dict(wanted["schema"])


def sampling_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked of the sampling."""
    return {name: body[name] for name in ("temperature", "top_p", "seed") if body.get(name) is not None}
