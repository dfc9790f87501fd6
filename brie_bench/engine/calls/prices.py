"""What tokens cost: the table that comes with genai-prices, and the user's own prices before it.

A price that is not known is None, never 0. Nothing is fetched: the table is the one that is installed.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from brie_bench.engine.calls.tokens import input_at_most, output_at_most
from brie_bench.plugin.kinds import Model
from brie_bench.spec.completion import Request, Usage
from brie_bench.spec.prices import Price

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice

BATCH = 0.5
"""What a batch service charges of the price."""
_MILLION = Decimal(1_000_000)
_MOST_TOKENS = 10**12
_ELSE = ("requests_kcount", "output_reasoning_mtok", "output_citation_mtok")
"""Ways to charge for a text that a count of input and output tokens does not tell."""


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars for a million tokens, for requests of more than `above` input tokens."""

    above: int
    fresh: Decimal
    cached: Decimal
    written: Decimal
    """Input that a provider keeps in a cache of its own accord, which some charge more for."""
    output: Decimal


@dataclass(frozen=True, slots=True)
class Tariff:
    """A model's rates, in the order of `above`; the first one's is −1. The last one that a request reaches holds for all
    of its tokens."""

    rates: tuple[Rates, ...]

    @property
    def free(self) -> bool:
        """Whether nothing costs anything."""
        return not any(each.fresh or each.cached or each.written or each.output for each in self.rates)

    def cost(self, n_input: int, n_output: int, n_cached: int = 0) -> float:
        """What so many tokens cost; `n_cached` of the input were read from a cache."""
        cached = min(n_cached, n_input)
        rates = self._reached(n_input)[-1]
        return float((rates.fresh * (n_input - cached) + rates.cached * cached + rates.output * n_output) / _MILLION)

    def worst(self, n_input: int, n_output: int) -> float:
        """What at most so many tokens cost at most, whatever is read from a cache or written to one."""
        costs = (
            max(rates.fresh, rates.cached, rates.written) * n_input + rates.output * n_output
            for rates in self._reached(n_input)
        )
        return float(max(costs) / _MILLION)

    def _reached(self, n_input: int) -> list[Rates]:
        return [each for each in self.rates if n_input > each.above]


FREE = Tariff((Rates(-1, Decimal(0), Decimal(0), Decimal(0), Decimal(0)),))


class PriceBook:
    """What calls of models cost. `own` are the user's prices by model, `when` the day whose prices hold: today.

    A book is made once for a run: no price changes while it lasts.
    """

    def __init__(self, own: Mapping[str, Price] | None = None, *, when: datetime.datetime | None = None) -> None:
        self._own = {name: _tariff_of(price) for name, price in (own or {}).items()}
        self._when = when or datetime.datetime.now(datetime.UTC)
        self._known: dict[tuple[str, tuple[str, str] | None], Tariff | None] = {}

    def tariff(self, model: Model) -> Tariff | None:
        """What a model's tokens cost; None where that is not known."""
        key = name_of(model), model.priced_as
        if key not in self._known:
            self._known[key] = self._own.get(key[0]) or self._listed(model)
        return self._known[key]

    def cost(self, model: Model, usage: Usage, *, factor: float = 1.0) -> float | None:
        """What a call cost, in US dollars; None where the price or the tokens are not known.

        A call that took no token cost nothing, whatever the price; what a plugin says of the cost itself stands. `factor`
        is what is charged of the price (`BATCH`). Tokens that cannot be (−1) are not known.
        """
        if usage.cost is not None:
            return usage.cost
        tariff, n_input, n_output = self.tariff(model), usage.input_tokens, usage.output_tokens
        if (tariff is not None and tariff.free) or n_input == n_output == 0:
            return 0.0
        if tariff is None or n_input is None or n_output is None:
            return None
        n_cached = usage.cached_tokens or 0
        if not all(0 <= each <= _MOST_TOKENS for each in (n_input, n_output, n_cached)):
            return None
        return factor * tariff.cost(n_input, n_output, n_cached)

    def worst(self, model: Model, request: Request, *, factor: float = 1.0) -> float | None:
        """What the answer to `request` costs at most; None where the price is not known or nothing limits the answer."""
        tariff, output = self.tariff(model), output_at_most(request)
        if tariff is not None and tariff.free:
            return 0.0
        if tariff is None or output is None:
            return None
        return factor * tariff.worst(input_at_most(request), output)

    def unknown(self, model: Model) -> str:
        """Why a model's price is not known, and what to do; empty where it is."""
        if self.tariff(model) is not None:
            return ""
        own = f"name it in a file for --prices: '{name_of(model)}'"
        if model.priced_as is None:
            return f"no table knows what this server charges; {own}"
        if _table() is None:
            return f"the price table is not installed: pip install 'brie-bench[providers]', or {own}"
        return f"the price table has no {model.priced_as[0]} model '{model.priced_as[1]}'; {own}"

    def _listed(self, model: Model) -> Tariff | None:
        if model.priced_as is None:
            return FREE if model.paid is False else None
        table = _table()
        if table is None:
            return None
        provider, name = model.priced_as
        try:
            _, found = table.find_provider_model(name, None, provider, None)
        except LookupError:
            return None
        return _tariff_from(found.get_prices(self._when))


def name_of(model: Model) -> str:
    """A model as a run's configuration names it: `openai/MODEL`, or the plugin's bare name."""
    inner = getattr(model.options, "model", None)
    return f"{model.name}/{inner}" if isinstance(inner, str) else model.name


def _tariff_of(price: Price) -> Tariff:
    fresh, output = Decimal(str(price.input)), Decimal(str(price.output))
    cached = fresh if price.cached is None else Decimal(str(price.cached))
    return Tariff((Rates(-1, fresh, cached, fresh, output),))


def _tariff_from(price: ModelPrice) -> Tariff | None:
    """A table's price; None where it leaves out what a text's tokens cost, or charges for something else too."""
    listed = {name: value for name, value in vars(price).items() if value is not None}
    if not {"input_mtok", "output_mtok"} <= listed.keys() or any(name in listed for name in _ELSE):
        return None
    tiers = {name: dict(_tiers(value)) for name, value in listed.items() if name.endswith("_mtok")}
    starts = sorted({start for each in tiers.values() for start in each})

    def at(start: int, name: str) -> Decimal:
        tier = tiers.get(name, tiers["input_mtok"])
        return tier[max(each for each in tier if each <= start)]

    names = ("input_mtok", "cache_read_mtok", "cache_write_mtok", "output_mtok")
    return Tariff(tuple(Rates(start, *(at(start, name) for name in names)) for start in starts))


def _tiers(value: Any) -> list[tuple[int, Decimal]]:
    if isinstance(value, Decimal):
        return [(-1, value)]
    return [(-1, value.base), *((tier.start, tier.price) for tier in value.tiers)]


def _table() -> Any:
    """The price table; None where genai-prices is not installed."""
    try:
        from genai_prices.data_snapshot import get_snapshot
    except ImportError:
        return None
    return get_snapshot()
