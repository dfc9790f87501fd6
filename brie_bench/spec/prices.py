"""A user's own prices: what a model's tokens cost, where a table does not know it or is wrong."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from brie_bench.spec.base import NUMERIC, SCHEMA_VERSION, NonEmpty, Spec, Version

Dollars = Annotated[float, Field(ge=0.0, le=1e6), NUMERIC]


class Price(Spec):
    """US dollars for a million tokens."""

    input: Dollars
    """Of what is sent."""
    cached: Dollars | None = None
    """Of what is sent and was read from a cache; as any input where it is left out."""
    output: Dollars
    """Of what comes back, reasoning included."""


class PriceFile(Spec):
    """Prices by model. They come before those of the price table."""

    schema_version: Version = SCHEMA_VERSION
    """The version of this schema."""
    prices: Annotated[dict[NonEmpty, Price], Field(min_length=1)]
    """A model as a run's configuration names it, such as `openai/MODEL`, and its price."""
