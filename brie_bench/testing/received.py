"""One HTTP request, as it came in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl


class Endpoint(StrEnum):
    """What a request is for."""

    CALL = "call"
    """An answer is wanted: the requests that cost money."""
    MODELS = "models"
    """Which models there are."""
    FILE = "file"
    """A file is put, read or removed."""
    BATCH_CREATE = "batch create"
    BATCH_POLL = "batch poll"
    BATCH_LIST = "batch list"
    BATCH_RESULTS = "batch results"
    BATCH_CANCEL = "batch cancel"
    UNKNOWN = "unknown"
    """Nothing that this server knows."""


ANYTHING = frozenset(Endpoint)
"""Every endpoint, for a fault that spares none."""


@dataclass(frozen=True)
class Received:
    """A request: its line, its headers, its body, and what it was recognised as."""

    number: int
    """Counted from 1, over the whole server."""
    connection: int
    """The connection it came over, counted from 1."""
    method: str
    path: str
    """Without the query."""
    query: str
    headers: Mapping[str, str]
    """Names in lower case, values as they came: with the key."""
    body: bytes
    protocol: str = ""
    """`anthropic`, `openai` or `google`."""
    endpoint: Endpoint = Endpoint.UNKNOWN
    """What it is for."""

    @cached_property
    def json(self) -> Any:
        """The body's JSON value; None where it has none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @cached_property
    def model(self) -> str:
        """The model that is asked for, in the body or in google's path; empty where there is none."""
        if isinstance(self.json, dict) and isinstance(self.json.get("model"), str):
            return str(self.json["model"]).removeprefix("models/")
        _, found, rest = self.path.partition("/models/")
        return rest.partition(":")[0] if found else ""
