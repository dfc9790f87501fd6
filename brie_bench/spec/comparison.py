"""Two completions of one item, and what a judge is shown of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from brie_bench.spec.base import Name, Prose, Spec
from brie_bench.spec.completion import Completion
from brie_bench.spec.conversation import Turn
from brie_bench.spec.suite import DEFAULT_CRITERIA, Item


class Order(StrEnum):
    """Whose completion comes first."""

    BASELINE_FIRST = "baseline_first"
    CONTENDER_FIRST = "contender_first"


class Comparison(Spec):
    """An item and its two completions."""

    item: Item
    """What was asked, and how."""
    contender: Completion
    """The contender's completion."""
    baseline: Completion
    """The baseline's."""
    criteria: tuple[Name, ...] = DEFAULT_CRITERIA
    """What a judge may score."""


class Presentation(Spec):
    """All that a judge sees: the prompt's turns and two texts. Nothing says who wrote which."""

    messages: Annotated[tuple[Turn, ...], Field(min_length=1)]
    """The prompt's turns, never a contender's own system prompt."""
    a: Prose
    """The text in slot A, shown first."""
    b: Prose
    """The text in slot B."""
    criteria: tuple[Name, ...] = DEFAULT_CRITERIA
    """What a judge may score, each 1 to 5."""
