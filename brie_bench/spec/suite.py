"""A suite: the experiment, its sections and the items they expand to."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from brie_bench.spec.base import (
    NUMERIC,
    SCHEMA_VERSION,
    Name,
    NonEmpty,
    Positive,
    Prose,
    Spec,
    Temperature,
    Version,
    Whole,
    digest,
)
from brie_bench.spec.prompt import Prompt

DEFAULT_CRITERIA = ("creativity", "coherence", "depth", "engagement", "quality")


class SectionKind(StrEnum):
    """What a section asks of a contender."""

    IN_DOMAIN = "in_domain"
    OUT_OF_DOMAIN = "out_of_domain"
    TEMPERATURE = "temperature"
    LENGTH = "length"
    REPRODUCIBILITY = "reproducibility"


class Sampling(Spec):
    """How a completion is drawn. What is None is left to the model."""

    temperature: Temperature | None = None
    """0 is greedy."""
    top_p: Annotated[float, Field(gt=0.0, le=1.0), NUMERIC] | None = None
    """Nucleus sampling's mass."""
    max_tokens: Positive | None = None
    """Where the completion is cut off."""
    seed: Whole | None = None
    """For models that can repeat themselves."""


def _grid_rules(schema: dict[str, Any]) -> None:
    """What `Grid` checks of a kind, said in JSON Schema too, so that an editor says it while the suite is written."""
    for field in ("temperatures", "max_tokens"):
        schema["properties"][field]["uniqueItems"] = True
    needed = {"temperature": ("temperatures", {"minItems": 2}), "length": ("max_tokens", {"minItems": 2})}
    needed["reproducibility"] = ("repeats", {"minimum": 2})
    schema["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {"properties": {field: rule}, "required": [field]},
        }
        for kind, (field, rule) in needed.items()
    ]


class Grid(Spec):
    """The part of a section that makes items of its prompts."""

    model_config = ConfigDict(json_schema_extra=_grid_rules)

    name: Name
    """Unique within the suite."""
    kind: SectionKind
    """What it asks."""
    temperatures: tuple[Temperature, ...] = ()
    """Each prompt is asked at each of these; the suite's own where none is given."""
    max_tokens: tuple[Positive, ...] = ()
    """Each prompt is asked with each of these limits; the suite's own where none is given."""
    repeats: Positive = 1
    """How often each prompt is asked under the same condition."""

    @model_validator(mode="after")
    def _grid_fits_kind(self) -> Grid:
        for field in ("temperatures", "max_tokens"):
            values = getattr(self, field)
            if len(set(values)) != len(values):
                raise ValueError(f"'{field}' names a value twice")
        if self.kind == SectionKind.TEMPERATURE and len(self.temperatures) < 2:
            raise ValueError("a temperature section needs at least two 'temperatures'")
        if self.kind == SectionKind.LENGTH and len(self.max_tokens) < 2:
            raise ValueError("a length section needs at least two 'max_tokens'")
        if self.kind == SectionKind.REPRODUCIBILITY and self.repeats < 2:
            raise ValueError("a reproducibility section needs 'repeats' of 2 or more")
        return self


class Section(Grid):
    """A part of the experiment: prompts, and the grid that makes items of them."""

    prompts: Annotated[tuple[Prompt, ...], Field(min_length=1)]
    """The prompts, in order."""


class SectionFile(Grid):
    """A section as `suite.yaml` writes it: its prompts are in a file of their own."""

    prompts: NonEmpty
    """The prompts' JSONL file, relative to the suite's folder."""


class SuiteHead(Spec):
    """What a suite says of itself. It names no model and no judge."""

    schema_version: Version = SCHEMA_VERSION
    """The version of this schema."""
    name: Name
    """The suite's name; its folder has the same."""
    title: NonEmpty
    """A line for a table's head."""
    description: Prose = ""
    """What it is for, and what it can and cannot tell."""
    criteria: Annotated[tuple[Name, ...], Field(min_length=1)] = DEFAULT_CRITERIA
    """What a rubric judge scores, each 1 to 5."""
    sampling: Sampling = Sampling(temperature=0.75, max_tokens=512)
    """The condition of every item whose section does not vary it."""


class SuiteFile(SuiteHead):
    """`suite.yaml`: a suite whose sections name their prompt files."""

    sections: Annotated[tuple[SectionFile, ...], Field(min_length=1)]
    """The parts, in order."""


class Item(Spec):
    """A prompt under one condition."""

    section: Name
    """The section it belongs to."""
    kind: SectionKind
    """That section's kind."""
    prompt: Prompt
    """What is asked."""
    sampling: Sampling
    """How the completion is drawn."""
    repeat: Positive = 1
    """Which run of the same condition this is, from 1."""

    @property
    def id(self) -> str:
        """`section/prompt/t0.75/m512/r1`, for people."""
        sampling = self.sampling
        return f"{self.section}/{self.prompt.id}/t{sampling.temperature}/m{sampling.max_tokens}/r{self.repeat}"


class Suite(SuiteHead):
    """The experiment, whole: its digest says whether two leaderboards may be compared."""

    sections: Annotated[tuple[Section, ...], Field(min_length=1)]
    """The parts, in order."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Suite:
        sections: set[str] = set()
        key_of: dict[str, str] = {}
        id_of: dict[str, str] = {}
        for section in self.sections:
            if section.name in sections:
                raise ValueError(f"section '{section.name}' occurs twice")
            sections.add(section.name)
            here: set[str] = set()
            for prompt in section.prompts:
                if prompt.id in here:
                    raise ValueError(f"prompt id '{prompt.id}' occurs twice in section '{section.name}'")
                here.add(prompt.id)
                if key_of.setdefault(prompt.id, prompt.key) != prompt.key:
                    raise ValueError(f"prompt id '{prompt.id}' names two different prompts")
                if id_of.setdefault(prompt.key, prompt.id) != prompt.id:
                    raise ValueError(f"prompts '{id_of[prompt.key]}' and '{prompt.id}' have the same words")
        return self

    def items(self) -> Iterator[Item]:
        """Every item, section by section, repeats of a prompt side by side. Lazy."""
        for section in self.sections:
            conditions = [
                self.sampling.model_copy(update={"temperature": temperature, "max_tokens": max_tokens})
                for temperature in section.temperatures or (self.sampling.temperature,)
                for max_tokens in section.max_tokens or (self.sampling.max_tokens,)
            ]
            for prompt in section.prompts:
                for sampling in conditions:
                    for repeat in range(1, section.repeats + 1):
                        yield Item(
                            section=section.name, kind=section.kind, prompt=prompt, sampling=sampling, repeat=repeat
                        )

    @cached_property
    def n_items(self) -> int:
        """How many items there are."""
        return sum(
            len(section.prompts) * max(1, len(section.temperatures)) * max(1, len(section.max_tokens)) * section.repeats
            for section in self.sections
        )

    @cached_property
    def n_prompts(self) -> int:
        """How many distinct prompts there are, by their words."""
        return len({prompt.key for section in self.sections for prompt in section.prompts})

    def content_digest(self) -> str:
        """The digest of everything that shapes the experiment; its title and description may be reworded."""
        return digest({key: value for key, value in self.canonical().items() if key not in ("title", "description")})
