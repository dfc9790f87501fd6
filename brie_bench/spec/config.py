"""Who meets whom, and who judges: the configuration of a run."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_validator

from brie_bench.spec.base import SCHEMA_VERSION, JsonObject, Name, NonEmpty, Positive, Prose, Spec, Version, Whole


class PluginRef(Spec):
    """A plugin by name, and its options. A bare string stands for a name without options."""

    name: NonEmpty
    """`coin`, `ngram/plain`, `openai/…`: a plugin's name, and after the slash what its `model` option takes."""
    options: JsonObject = {}
    """The plugin's options; `brie-bench plugins show NAME` lists them."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class Contender(Spec):
    """A model with its adapter and sampling, under a name of its own. The baseline is one too."""

    name: Name
    """What the leaderboard calls it."""
    model: PluginRef
    """The model that completes its prompts."""
    system: NonEmpty | None = None
    """Its own system prompt; a judge never sees it."""
    lab: Prose | None = None
    """Whose model it is, for self-preference."""
    trained_on: NonEmpty | None = None
    """The file of conversations that it was trained on, from where the command runs: compared with the suite's prompts."""


class JudgeRef(Spec):
    """A judge under a name of its own. A bare string names the plugin, or a model for the rubric judge."""

    name: NonEmpty
    """What the leaderboard calls it."""
    judge: PluginRef
    """The judge plugin, or a model: then the rubric judge over it."""
    lab: Prose | None = None
    """Whose model it is, for self-preference."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"name": value, "judge": value} if isinstance(value, str) else value


class OrderPolicy(StrEnum):
    """Which orders a judge sees each pair in."""

    BOTH = "both"
    RANDOM = "random"


def _under(name: Any, spec: Any) -> dict[str, Any]:
    """A contender as `NAME: MODEL` or `NAME: {model: …}` writes it."""
    if not isinstance(spec, dict) or "model" not in spec:
        return {"name": name, "model": spec}
    if "name" in spec:
        raise ValueError(f"contender '{name}' is named twice: before the colon and by 'name'")
    return {"name": name, **spec}


class RunConfig(Spec):
    """A run: suite, contenders against one baseline, judges, and how they are asked."""

    schema_version: Version = SCHEMA_VERSION
    """The version of this schema."""
    baseline: Contender
    """The fixed opponent."""
    contenders: Annotated[tuple[Contender, ...], Field(min_length=1)]
    """Who is compared with it."""
    judges: Annotated[tuple[JudgeRef, ...], Field(min_length=1)]
    """Who judges."""
    order: OrderPolicy = OrderPolicy.BOTH
    """`both`: each pair is judged in both orders; `random`: in one, drawn and balanced in the plan."""
    judge_repeats: Positive = 1
    """How often each presentation is judged."""
    seed: Whole = 0
    """Draws the orders."""
    limit: Positive | None = None
    """Only the suite's first so many items."""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        value = dict(value)
        if isinstance(value.get("baseline"), str):
            value["baseline"] = {"name": "baseline", "model": value["baseline"]}
        if isinstance(value.get("contenders"), dict):
            value["contenders"] = [_under(name, spec) for name, spec in value["contenders"].items()]
        return value

    @model_validator(mode="after")
    def _names_are_unique(self) -> RunConfig:
        seen: set[str] = set()
        for each in (self.baseline, *self.contenders):
            if each.name in seen:
                raise ValueError(f"two contenders are called '{each.name}'")
            seen.add(each.name)
        judges: set[str] = set()
        for judge in self.judges:
            if judge.name in judges:
                raise ValueError(f"two judges are called '{judge.name}'")
            judges.add(judge.name)
        return self
