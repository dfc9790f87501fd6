"""The plan: every item, order and key, drawn before anything is called. Pure; items are iterated lazily."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

from brie_bench import __version__
from brie_bench.errors import BrieError, PluginError, UsageError, in_words
from brie_bench.plugin.base import Plugin
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.kinds import Judge, Model
from brie_bench.spec.base import canonical_json, digest
from brie_bench.spec.comparison import Order, Presentation
from brie_bench.spec.completion import Completion, Request
from brie_bench.spec.config import Contender, OrderPolicy, RunConfig
from brie_bench.spec.conversation import Turn
from brie_bench.spec.suite import Item, Sampling, SectionKind, Suite

DEMANDED = ("max_tokens",)
"""What every model must honour; temperature too, where a section varies it."""
_WISHES = ("temperature", "top_p", "seed")


def configuration_of(plugin: Plugin, who: str) -> dict[str, Any]:
    """What the plugin says decides its answers, as plain JSON. Raises PluginError where it says nothing that can be kept."""
    try:
        found = json.loads(canonical_json(plugin.configuration()))
    except BrieError:
        raise
    except Exception as error:  # a stranger's code: say whose fault it is
        raise PluginError(f"{who} cannot say its configuration: {in_words(error)}") from error
    if not isinstance(found, dict):
        raise PluginError(f"{who} says a {type(found).__name__} in place of its configuration, a mapping.")
    return found


@dataclass(frozen=True)
class Side:
    """A contender (or the baseline) with its model and the digest of all that decides its completions."""

    contender: Contender
    model: Model

    @property
    def name(self) -> str:
        """What the leaderboard calls it."""
        return self.contender.name

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """All that decides its completions."""
        found = {"model": configuration_of(self.model, f"the model of '{self.name}'")}
        return {**found, "system": self.contender.system} if self.contender.system else found

    @cached_property
    def digest(self) -> str:
        """Of the configuration."""
        return digest(self.configuration)

    def request(self, item: Item, replicate: int) -> tuple[str, Request]:
        """The key of this side's completion of `item`, and what to ask its model.

        What the model cannot honour of the sampling is left out; the seed is made of the key, so that a completion is a
        function of what it is, not of when it was drawn.
        """
        turns = item.prompt.turns
        if self.contender.system:
            turns = (Turn(role="system", content=self.contender.system), *(t for t in turns if t.role != "system"))
        sampling = item.sampling
        key = digest([self.digest, [turn.canonical() for turn in turns], sampling.canonical(), item.repeat, replicate])
        honoured = {name: getattr(sampling, name) for name in (*DEMANDED, *_WISHES) if name in self.model.supports}
        if "seed" in honoured and honoured["seed"] is None:
            honoured["seed"] = int(key[:8], 16) >> 1
        return key, Request(messages=turns, sampling=Sampling.model_construct(**honoured), repeat=item.repeat)


@dataclass(frozen=True)
class Seat:
    """A judge under its name, with the digest of all that decides its verdicts."""

    name: str
    judge: Judge
    lab: str | None = None

    def record(self) -> dict[str, Any]:
        """The judge, for a run's record."""
        described = {"name": self.name, "digest": self.digest, "configuration": self.configuration}
        return {**described, **({"lab": self.lab} if self.lab else {}), **_paid(self.judge)}

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """All that decides its verdicts."""
        return configuration_of(self.judge, f"judge '{self.name}'")

    @cached_property
    def digest(self) -> str:
        """Of the configuration."""
        return digest(self.configuration)

    def key(self, shown: Presentation, repeat: int, replicate: int) -> str:
        """The key of this judge's verdict on a presentation: the same presentation has the same key in any run."""
        return digest([self.digest, shown.canonical(), repeat, replicate])


@dataclass(frozen=True)
class Plan:
    """A run, decided: who, what, in which order. Nothing in it depends on what was called before."""

    suite: Suite
    config: RunConfig
    baseline: Side
    contenders: tuple[Side, ...]
    seats: tuple[Seat, ...]
    replicate: int = 0
    parent: str | None = None
    training: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What is recorded of the data that sides were trained on, by their names."""

    @cached_property
    def base(self) -> str:
        """The digest of all that makes this run this run, but for the replicate number."""
        return digest(
            {
                "suite": self.suite.content_digest(),
                "limit": self.config.limit,
                "baseline": [self.baseline.name, self.baseline.configuration],
                "contenders": [[side.name, side.configuration] for side in self.contenders],
                "judges": [[seat.name, seat.configuration] for seat in self.seats],
                "order": [self.config.order, self.config.judge_repeats],
                "seed": self.config.seed,
                "parent": self.parent,
                **({"training": self.training} if self.training else {}),
            }
        )

    @cached_property
    def id(self) -> str:
        """The run's name: the suite's, and ten digits of the digest."""
        return f"{self.suite.name}-{digest([self.base, self.replicate])[:10]}"

    @property
    def sides(self) -> tuple[Side, ...]:
        """The baseline first, then the contenders."""
        return (self.baseline, *self.contenders)

    @property
    def per_pair(self) -> int:
        """How often each judge is asked about each pair."""
        return self.config.judge_repeats * (2 if self.config.order is OrderPolicy.BOTH else 1)

    @property
    def n_items(self) -> int:
        """Items after the limit."""
        return min(self.suite.n_items, self.config.limit or self.suite.n_items)

    def numbered(self) -> Iterator[tuple[int, Item]]:
        """Each item with its number. Lazy."""
        return islice(enumerate(self.suite.items()), self.config.limit)

    def orders(self, first: Order) -> tuple[Order, ...]:
        """The orders in which a pair is shown whose drawn order is `first`."""
        return tuple(Order) if self.config.order is OrderPolicy.BOTH else (first,)

    @cached_property
    def first_orders(self) -> Mapping[str, Mapping[int, Order]]:
        """For each contender, the order drawn for each item of the whole suite, by number.

        The prompts are put into an order that only the seed, the prompt's words and the contender's name decide; down
        that list the orders alternate, and so do the items of one prompt. So the two counts differ by at most one, the
        limit changes nothing, and every judge sees the same.
        """
        items: dict[str, list[int]] = {}
        for number, item in enumerate(self.suite.items()):
            items.setdefault(item.prompt.key, []).append(number)
        drawn: dict[str, dict[int, Order]] = {}
        for side in self.contenders:
            shuffled = sorted(items, key=lambda key, name=side.name: digest([self.config.seed, name, key]))  # type: ignore[misc]
            turn = int(digest([self.config.seed, side.name])[:2], 16) % 2
            orders = tuple(Order)
            found = drawn.setdefault(side.name, {})
            for key in shuffled:
                for number in items[key]:
                    found[number] = orders[turn % 2]
                    turn += 1
        return drawn

    def record(self) -> dict[str, Any]:
        """The run, for `run.json` and the ledger: resolved, with digests and versions; no clock, no secret."""
        return {
            "schema_version": 1,
            "run": self.id,
            "parent": self.parent,
            "replicate": self.replicate,
            "suite": {
                "name": self.suite.name,
                "title": self.suite.title,
                "digest": self.suite.content_digest(),
                "n_prompts": self.suite.n_prompts,
                "n_items": self.suite.n_items,
            },
            "criteria": list(self.suite.criteria),
            "baseline": self._described(self.baseline),
            "contenders": [self._described(side) for side in self.contenders],
            "judges": [seat.record() for seat in self.seats],
            "order": str(self.config.order),
            "judge_repeats": self.config.judge_repeats,
            "seed": self.config.seed,
            "limit": self.config.limit,
            "versions": {"brie-bench": __version__, "python": platform.python_version()},
        }

    def _described(self, side: Side) -> dict[str, Any]:
        """A side, and what of the suite's sampling its model cannot honour."""
        wished = [name for name in _WISHES if getattr(self.suite.sampling, name) is not None]
        omitted = [name for name in wished if name not in side.model.supports]
        described = {"name": side.name, "digest": side.digest, "configuration": side.configuration}
        optional = {"omitted": omitted, "lab": side.contender.lab, "training": self.training.get(side.name)}
        return {**described, **{name: value for name, value in optional.items() if value}, **_paid(side.model)}


def _paid(called: Model | Judge) -> dict[str, bool | None]:
    """Whether its calls cost money, for a run's record; nothing where they do not."""
    return {} if called.paid is False else {"paid": called.paid}


def make_plan(suite: Suite, config: RunConfig, catalog: Catalog, *, replicate: int = 0) -> Plan:
    """Build every plugin that the run names and check that the models can do what the suite demands.

    Raises UsageError for a demand that a model cannot meet, before anything is called.
    """
    built: dict[str, Model] = {}

    def side(contender: Contender) -> Side:
        name = canonical_json(contender.model.canonical())
        if name not in built:
            built[name] = catalog.model(contender.model)
        return Side(contender, built[name])

    plan = Plan(
        suite=suite,
        config=config,
        baseline=side(config.baseline),
        contenders=tuple(side(contender) for contender in config.contenders),
        seats=tuple(Seat(ref.name, catalog.judge(ref.judge), ref.lab) for ref in config.judges),
        replicate=replicate,
    )
    _check_demands(plan)
    return plan


def _check_demands(plan: Plan) -> None:
    kinds = {section.kind for section in plan.suite.sections}
    demanded = [*DEMANDED, *(["temperature"] if SectionKind.TEMPERATURE in kinds else [])]
    for side in plan.sides:
        missing = [name for name in demanded if name not in side.model.supports]
        if missing:
            raise UsageError(
                f"'{side.name}' ({side.contender.model.name}) cannot honour {' and '.join(missing)}, which the suite"
                f" '{plan.suite.name}' demands.",
                mend="Choose a suite without it, or another model.",
            )


def pair_key(item: Item, contender: Completion, baseline: Completion) -> str:
    """The digest of a prompt and two texts: equal pairs are one pair, whatever item they come from."""
    return digest([item.prompt.key, contender.text, baseline.text])
