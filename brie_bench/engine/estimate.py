"""One row of a forecast: calls, the tokens they are likely to take and at most, and what that costs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from brie_bench.engine.calls.prices import BATCH, PriceBook
from brie_bench.engine.calls.tokens import BYTES_PER_TOKEN, about, input_about, input_at_most, output_at_most
from brie_bench.plugin.kinds import BatchModel, Judge, Model, ModelJudge
from brie_bench.spec.completion import Request, Usage

SHARE = 0.5
"""The part of its limit that an answer is taken to fill while none is recorded to go by."""
ASSUMPTIONS = f"""\
Estimated: {BYTES_PER_TOKEN} bytes sent are a token; an answer is as long as those recorded so far, or {SHARE:.0%} of its limit.
At most: every byte sent is a token, and every answer as long as its limit. Each call is made once."""
"""What the figures of a forecast rest on."""


@dataclass(frozen=True)
class Forecast:
    """What one contender's completions, or one judge's judgments, take. Tokens and US dollars are those of the calls to
    make; None is not known, or, of tokens, that no model is asked."""

    planned: int
    to_make: int
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = 0.0
    worst: float | None = 0.0
    unknown: str = ""
    """Why the cost is not known, and what to do."""

    @property
    def recorded(self) -> int:
        """Calls that need not be made: recorded already, shared, or about texts that failed."""
        return self.planned - self.to_make


@dataclass
class Row:
    """A row that is being counted: who is called, and how often for how long an answer."""

    called: Model | Judge
    planned: int = 0
    to_make: int = 0
    wanted: Counter[tuple[int, int, int | None]] = field(default_factory=Counter)
    """Calls by the tokens that are sent, about and at most, and the most that come back."""
    lengths: list[int] = field(default_factory=list)
    """Tokens of the recorded answers."""
    mute: bool = False
    """Whether a judge could not say what it would ask."""

    @property
    def model(self) -> Model | None:
        """The model that is asked; None where a judge decides by itself."""
        if isinstance(self.called, Model):
            return self.called
        return self.called.model if isinstance(self.called, ModelJudge) else None

    def learn(self, usage: Usage, text: str) -> None:
        """Take a recorded answer's length into account."""
        self.lengths.append(about(text) if usage.output_tokens is None else usage.output_tokens)

    def length(self, limit: int) -> int:
        """How long an answer is likely to be that is cut off at `limit` tokens."""
        return min(limit, round(sum(self.lengths) / len(self.lengths) if self.lengths else limit * SHARE))

    def add(self, request: Request, longest: Request | None = None, times: int = 1) -> None:
        """So many calls more; `longest` is the most that the request may become."""
        self.to_make += times
        self.wanted[input_about(request), input_at_most(longest or request), output_at_most(request)] += times

    def forecast(self, prices: PriceBook, *, batch: bool = False) -> Forecast:
        """The row, counted. With `batch`, at the price of a batch service where the model has one."""
        model = self.model
        if model is None and self.called.paid is not False:
            return Forecast(self.planned, self.to_make, None, None, None, None, "the plugin does not say what it costs")
        if model is None:
            return Forecast(self.planned, self.to_make)
        if not self.to_make:
            return Forecast(self.planned, 0, 0, 0)
        if self.mute:
            return Forecast(
                self.planned, self.to_make, None, None, None, None, "the judge cannot say what it would ask"
            )
        lengths = {limit: 0 if limit is None else self.length(limit) for _, _, limit in self.wanted}
        sent = sum(likely * times for (likely, _, _), times in self.wanted.items())
        back = sum(lengths[limit] * times for (_, _, limit), times in self.wanted.items())
        tariff = prices.tariff(model)
        if tariff is None:
            return Forecast(self.planned, self.to_make, sent, back, None, None, prices.unknown(model))
        factor = BATCH if batch and isinstance(model, BatchModel) else 1.0
        cost = sum(tariff.cost(likely, lengths[limit]) * times for (likely, _, limit), times in self.wanted.items())
        worst = [(most, limit, times) for (_, most, limit), times in self.wanted.items() if limit is not None]
        whole = len(worst) == len(self.wanted) or tariff.free
        bound = sum(tariff.worst(most, limit) * times for most, limit, times in worst)
        return Forecast(self.planned, self.to_make, sent, back, factor * cost, factor * bound if whole else None)
