"""A request that has been answered, before a protocol puts it into its own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brie_bench.testing.asking import Answer, Asked
from brie_bench.testing.usage import Usage


@dataclass(frozen=True, slots=True)
class Answered:
    """All that a protocol needs to write its answer."""

    asked: Asked
    body: Mapping[str, Any]
    """The request, in the protocol's words."""
    answer: Answer
    usage: Usage
    id: str
    """The answer's name."""
    model: str
    """The answering model."""
    now: float
    """When, in seconds since 1970."""
