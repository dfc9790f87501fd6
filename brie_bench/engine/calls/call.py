"""A call, as data: which model is asked what, how its answer is read, and who is told; and the streams they come in.

`complete.py` and `judge.py` say what they want to know; who asks (the pool, one by one, or a batch service, many at a time)
is not their business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from brie_bench.plugin.kinds import Model
from brie_bench.spec.completion import Completion, Request
from brie_bench.spec.judgment import Failure, Verdict

A = TypeVar("A", Completion, Verdict)
O = TypeVar("O", Completion, Verdict)  # noqa: E741


class Call(Protocol[A, O]):
    """One thing to find out. `ask` and `read` are called on a worker's thread, `done` on the caller's."""

    @property
    def key(self) -> str:
        """What its outcome is recorded under."""

    @property
    def model(self) -> Model | None:
        """The model that is asked; None where a plugin is asked as a whole, and may do what it likes."""

    @property
    def request(self) -> Request | None:
        """What the model is asked; None without a model. A plugin may make it, and raise."""

    def ask(self) -> A:
        """Ask once: the part that costs. Raises Failed, or whatever a plugin raises."""

    def read(self, answer: A) -> O:
        """The outcome in what `ask`, or a batch, answered. Pure. Raises Failed where there is none."""

    def done(self, outcome: O | Failure) -> None:
        """Record the outcome, inside the caller's transaction."""


AnyCall = Call[Any, Any]

Outcome = Any
"""What a call comes to: a Completion, a Verdict or a Failure."""


@dataclass(slots=True, eq=False)
class Stream:
    """Calls of one plugin instance, drawn lazily. `fatal` is set by the first answer that says that no call can succeed."""

    lane: str
    calls: Iterator[AnyCall]
    limit: int | None = None
    fatal: Failure | None = None
    ended: bool = False
    """Whether no more of them are wanted: there is no money for them."""
    put_off: int = 0
    """How often in a row a call was told to come back later than anybody waits."""
    model: Model | None = None
    """The model that all of them ask; it may have a batch service."""
    redraw: Callable[[], Iterator[AnyCall]] | None = None
    """Draws, from the first one, the calls that must be made now; None where a batch service is not to be used."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is asked."""
        return self.ended or self.fatal is not None
