"""What batches cost, at a batch service's price.

A call is counted at the most that it can cost from before it is submitted until it is answered, and this is noted in the
ledger, so that another command knows it. Nothing is held in the budget, which is for calls in flight: a batch may take a day,
and others need not wait for it.
"""

from __future__ import annotations

from brie_bench.engine.calls.asking import UNPRICED, Asker
from brie_bench.engine.calls.call import AnyCall, Outcome
from brie_bench.engine.calls.prices import BATCH
from brie_bench.spec.judgment import Failure


class BatchBill:
    """One run's bill. What another run has submitted is on that run's."""

    def __init__(self, asker: Asker) -> None:
        self._asker, self._budget = asker, asker.budget

    @property
    def run(self) -> int | None:
        """The number of the run that pays."""
        return self._budget.run

    def afford(self, call: AnyCall) -> float | Failure | None:
        """Count a call that is to be submitted: at how many dollars. None where there is no money for it now, a Failure where
        nobody can say whether there is."""
        most = self._asker.worst(call)
        if self._budget.limit is not None:
            if most is None:
                return UNPRICED
            if self._budget.spent + BATCH * most > self._budget.limit:
                return None
        most = BATCH * (most or 0.0)
        self._budget.settle(0.0, most)
        return most

    def note(self) -> None:
        """Note what is counted."""
        self._budget.rest()

    def refund(self, run: int | None, dollars: float) -> None:
        """Calls were not submitted that `run` has counted at so much."""
        if run == self.run:
            self._budget.settle(0.0, -dollars)
            self.note()

    def priced(self, call: AnyCall, outcome: Outcome) -> Outcome:
        """The outcome with what it cost, where that is known."""
        usage, prices = outcome.usage, self._asker.prices
        if usage.cost is not None or prices is None or call.model is None:
            return outcome
        cost = prices.cost(call.model, usage, factor=BATCH)
        if cost is None:
            return outcome
        return outcome.model_copy(update={"usage": usage.model_copy(update={"cost": cost})})

    def settle(self, run: int | None, counted: float, outcome: Outcome) -> None:
        """Count what a call cost that `run` has counted at so much; where it is not known, that stands."""
        if run == self.run and outcome.usage.cost is not None:
            self._budget.settle(0.0, outcome.usage.cost - counted)
