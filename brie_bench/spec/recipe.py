"""How a small model is fine-tuned, and what came of it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field

from brie_bench.spec.base import NUMERIC, SCHEMA_VERSION, JsonObject, Name, NonEmpty, Positive, Spec, Version, Whole


class Lora(Spec):
    """A low-rank adapter (Hu et al. 2021)."""

    r: Positive = 16
    """Rank."""
    alpha: Positive = 32
    """Scale; the update is multiplied by alpha / r."""
    dropout: Annotated[float, Field(ge=0.0, lt=1.0), NUMERIC] = 0.05
    """Dropout before the adapter."""
    target_modules: Annotated[tuple[NonEmpty, ...], Field(min_length=1)] = ("q_proj", "v_proj")
    """The projections that get one."""


class TrainingRecipe(Spec):
    """All that decides what a training makes of its data."""

    schema_version: Version = SCHEMA_VERSION
    """The version of this schema."""
    name: Name
    """Names the trained model."""
    trainer: Name
    """The trainer plugin."""
    base: NonEmpty
    """The base model: a local folder or a hub id, `@REVISION` after it where one is meant."""
    conversations: NonEmpty
    """The conversations' JSONL file, relative to the recipe."""
    validation_share: Annotated[float, Field(ge=0.0, lt=1.0), NUMERIC] = 0.05
    """The share of prompt groups held out."""
    lora: Lora = Lora()
    """The adapter."""
    epochs: Annotated[float, Field(gt=0), NUMERIC] = 2.0
    """Passes over the data."""
    batch_size: Positive = 8
    """Conversations an optimiser step sees."""
    learning_rate: Annotated[float, Field(gt=0), NUMERIC] = 2e-4
    """Peak learning rate, linear decay to 0."""
    warmup_steps: Annotated[int, Field(ge=0, le=1_000_000_000), NUMERIC] = 20
    """Steps up to the peak."""
    max_length: Positive = 2048
    """Tokens of a conversation; a longer one is reported, not cut."""
    seed: Whole = 0
    """Draws the order of the data and the adapter's first weights."""
    options: JsonObject = {}
    """The trainer plugin's own options."""


class TrainedModel(Spec):
    """What a trainer leaves behind."""

    recipe: TrainingRecipe
    """What it was made by."""
    adapter: PurePosixPath
    """The adapter's folder."""
    data_digest: NonEmpty
    """The digest of the conversations it learned from."""
    checkpoints: dict[str, float] = {}
    """Checkpoint folder to the epoch it was written at."""
    versions: dict[str, str] = {}
    """Library to version."""
