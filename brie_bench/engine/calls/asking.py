"""What surrounds every call of a run: the pace of its provider, another attempt, its price, and the budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from brie_bench.engine.calls.answers import answer_of, told
from brie_bench.engine.calls.budget import Budget
from brie_bench.engine.calls.call import AnyCall, Outcome, Stream
from brie_bench.engine.calls.limits import Pace
from brie_bench.engine.calls.retrying import Passing, Patience, seconds
from brie_bench.engine.calls.tokens import input_about, output_at_most
from brie_bench.errors import FailureKind
from brie_bench.plugin.kinds import Model
from brie_bench.spec.base import Spec
from brie_bench.spec.completion import Request, Usage
from brie_bench.spec.judgment import Failure

_MOST_PUT_OFF = 5
"""Calls in a row that are told to come back later than anybody waits, after which nobody asks any more."""


UNPRICED = Failure(
    kind=FailureKind.FATAL,
    message="what a call costs at most is not known, and there is a cost limit: name its price with --prices FILE",
)
"""Why nothing can be asked of a model whose price is not known, where there is a cost limit."""


class Prices(Protocol):
    """What calls cost, in US dollars; None where that is not known."""

    def cost(self, model: Model, usage: Usage, *, factor: float = 1.0) -> float | None:
        """What a call cost that is charged so much of the price."""

    def worst(self, model: Model, request: Request) -> float | None:
        """What a call costs at most."""

    def unknown(self, model: Model) -> str:
        """Why a model's price is not known, and what to do; empty where it is."""


@dataclass(slots=True, eq=False)
class Drawn:
    """A call on its way. `first` and `begun` are when it was first and last asked, in seconds of a monotonic clock."""

    call: AnyCall
    stream: Stream
    attempts: int = 0
    first: float = 0.0
    begun: float | None = None
    worst: float | None = None
    held: float = 0.0
    tokens: int = 0
    usage: Usage | None = None

    def ask_at(self, moment: float) -> None:
        """An attempt begins."""
        self.attempts += 1
        self.begun = moment
        if self.attempts == 1:
            self.first = moment


def attempt(call: AnyCall) -> Outcome | Passing:
    """Ask once, and read the answer; `Passing` where it is worth asking again."""
    try:
        answer = call.ask()
    except BaseException as error:  # whatever a plugin raises is its own failure
        failure = told(error)
        if getattr(error, "retryable", False) and failure.kind is not FailureKind.FATAL:
            return Passing(failure, seconds(getattr(error, "retry_after", None)))
        return failure
    return answer_of(lambda: call.read(answer))


class Asker:
    """One for a run, used by the pool's one thread. `requests_per_minute` and `tokens_per_minute` hold for each lane."""

    def __init__(
        self,
        patience: Patience | None = None,
        budget: Budget | None = None,
        prices: Prices | None = None,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        self.patience = patience or Patience()
        self.budget = budget or Budget()
        self.prices = prices
        self._limits = requests_per_minute, tokens_per_minute
        self._paces: dict[str, Pace] = {}

    def pace(self, lane: str) -> Pace:
        """The pace of a lane, the same one for the whole run."""
        return self._paces.setdefault(lane, Pace(*self._limits))

    def admit(self, drawn: Drawn) -> bool:
        """Hold what an attempt costs at most. False where the money for it is not there, now or at all."""
        if drawn.held or self.budget.limit is None:
            return True
        if drawn.worst is None:
            drawn.worst = self.worst(drawn.call)
        if drawn.worst is None:
            drawn.stream.fatal = UNPRICED
            return False
        if self.budget.hold(drawn.worst):
            drawn.held = drawn.worst
            return True
        drawn.stream.ended = self.budget.exhausted
        return False

    def worst(self, call: AnyCall) -> float | None:
        """What an attempt costs at most; None where that is not known."""
        if call.model is None:
            return 0.0
        if self.prices is None:
            return None
        request = answer_of(lambda: call.request)
        if isinstance(request, Failure):
            return 0.0  # nothing can be asked
        return self.prices.worst(call.model, request)

    def begin(self, drawn: Drawn, moment: float) -> None:
        """An attempt is handed to a worker."""
        pace = self.pace(drawn.stream.lane)
        if pace.counts_tokens and not drawn.tokens:
            drawn.tokens = _expected(drawn.call)
        pace.begin(moment, drawn.tokens)
        drawn.begun = None

    def settle(self, drawn: Drawn, answer: Any) -> None:
        """Count what an attempt cost, in place of what was held for it."""
        if drawn.begun is None:
            self.release(drawn)
            return
        usage = getattr(answer.failure if isinstance(answer, Passing) else answer, "usage", Usage())
        if usage.cost is None and self.prices is not None and drawn.call.model is not None:
            cost = self.prices.cost(drawn.call.model, usage)
            usage = usage if cost is None else usage.model_copy(update={"cost": cost})
        self.budget.settle(drawn.held, usage.cost)
        drawn.held = 0.0
        if drawn.tokens and usage.input_tokens is not None and usage.output_tokens is not None:
            self.pace(drawn.stream.lane).used(drawn.tokens, usage.input_tokens + usage.output_tokens)
        drawn.usage = usage if drawn.usage is None else _sum(drawn.usage, usage)

    def release(self, drawn: Drawn) -> None:
        """Give back what is held for an attempt that is not made."""
        self.budget.settle(drawn.held, 0.0)
        drawn.held = 0.0

    def again(self, drawn: Drawn, passing: Passing, moment: float) -> float | None:
        """In how many seconds to ask again; None where the call has failed."""
        wait = self.patience.wait(passing, attempts=drawn.attempts, seconds=moment - drawn.first)
        pace, asked = self.pace(drawn.stream.lane), passing.retry_after is not None
        if asked or passing.failure.kind is FailureKind.RATE_LIMITED:
            begun = moment if drawn.begun is None else drawn.begun
            pace.refuse(begun, moment, self.patience.first if wait is None else wait, asked=asked)
        else:
            pace.succeed()
        drawn.stream.put_off = drawn.stream.put_off + 1 if self.patience.too_long(passing) else 0
        if drawn.stream.put_off >= _MOST_PUT_OFF:
            drawn.stream.fatal = self._told(passing).replace(kind=FailureKind.FATAL)
        return wait

    def outcome(self, drawn: Drawn, answer: Any) -> Outcome:
        """What is recorded: the last answer, with the attempts and what all of them took."""
        if isinstance(answer, Passing):
            answer = self._told(answer)
        else:
            drawn.stream.put_off = 0
            self.pace(drawn.stream.lane).succeed()
        changes: dict[str, Any] = {}
        if drawn.attempts > 1:
            changes["attempts"] = drawn.attempts
        if drawn.usage is not None and drawn.usage != getattr(answer, "usage", drawn.usage):
            changes["usage"] = drawn.usage
        return answer.model_copy(update=changes) if changes and isinstance(answer, Spec) else answer

    def _told(self, passing: Passing) -> Failure:
        """The failure, saying so where it comes of a wait that was asked for and not granted."""
        failure = passing.failure
        if not self.patience.too_long(passing):
            return failure
        most = f"at most {self.patience.longest_asked:g} s are waited"
        return failure.replace(message=f"{failure.message} (asks to wait {passing.retry_after:g} s; {most})")


def _expected(call: AnyCall) -> int:
    """About how many tokens a call takes, answer included."""
    request = answer_of(lambda: call.request)
    return input_about(request) + (output_at_most(request) or 0) if isinstance(request, Request) else 0


def _sum(one: Usage, other: Usage) -> Usage:
    """What two attempts took: the tokens that are known; the cost only where both are."""
    tokens = [name for name in Usage.model_fields if name != "cost"]
    found: dict[str, Any] = {}
    for name in tokens:
        known = [value for each in (one, other) if (value := getattr(each, name)) is not None]
        found[name] = sum(known) if known else None
    found["cost"] = None if one.cost is None or other.cost is None else one.cost + other.cost
    return Usage.model_construct(**found)
