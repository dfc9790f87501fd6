"""What comes in over HTTP, and what goes out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from brie_bench.testing.asking import Usage

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


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


def protocol_of(path: str, query: str, headers: Mapping[str, str]) -> str:
    """By the headers that only one library sends, then by the path; openai's, which many speak, is what is left."""
    if "anthropic-version" in headers or path.startswith("/v1/messages"):
        return "anthropic"
    if any(name.startswith("x-goog-") for name in headers) or query.startswith("key=") or "&key=" in query:
        return "google"
    return "google" if path.startswith("/v1beta") or ":" in path else "openai"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response, and what it means in money."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    usage: Usage | None = None
    """What an answered call took; None for anything that is not billed."""

    def data(self) -> bytes:
        """The response's bytes."""
        lines = [
            f"HTTP/1.1 {self.status} {_PHRASES.get(self.status, 'Overloaded')}",
            f"content-type: {self.content_type}",
            f"content-length: {len(self.body)}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + self.body


def in_json(value: Any, *, status: int = 200, headers: Iterable[tuple[str, str]] = (), **more: Any) -> Reply:
    """A reply with a JSON body, in which a lone surrogate survives as an escape."""
    return Reply(status, json.dumps(value).encode(), headers=tuple(headers), **more)
