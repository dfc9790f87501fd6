"""The budget: what may be spent, what was, and what the calls that are in flight may still cost."""

from __future__ import annotations

import math
from collections.abc import Callable

_PER_DOLLAR = 10**12
"""Amounts are whole numbers of these: sums of them are exact, in any order."""
_AHEAD = 50
"""One part in so many of the limit is noted as spent before it is."""


class Budget:
    """US dollars. What is spent and what is held together never exceed `limit`, as long as no call costs more than was held
    for it. None: there is no limit.

    `note` is told an amount before what is spent and held may exceed the last one told: after a crash no more than that
    was spent. Used by one thread.
    """

    def __init__(self, limit: float | None = None) -> None:
        self.limit = limit
        self._most = math.inf if limit is None else math.floor(limit * _PER_DOLLAR)
        self._spent = self._held = self._noted = 0
        self._note: Callable[[float], None] = lambda _: None
        self.exhausted = False
        """Whether a call was refused that would not have fitted although nothing was in flight: no more money is spent."""
        self.run: int | None = None
        """The number of the run whose money it is."""

    def resume(self, spent: float, note: Callable[[float], None]) -> None:
        """Count what was spent before; from now on tell `note`."""
        self._spent += _units(spent)
        self._noted = self._spent
        self._note = note

    @property
    def spent(self) -> float:
        """What was settled, and what was spent before."""
        return self._spent / _PER_DOLLAR

    @property
    def exhaustion(self) -> str:
        """In words, that there is no more money; empty while there is."""
        if not self.exhausted:
            return ""
        return f"the cost limit of ${self.limit:g} leaves no room for another call: ${self.spent:.4f} is spent."

    def fits(self, worst: float) -> bool:
        """Whether there is money for that beside what is spent and held."""
        return self._spent + self._held + _units(worst) <= self._most

    def hold(self, worst: float) -> bool:
        """Set aside what a call costs at most; False where it does not fit now.

        Where nothing else is in flight that might turn out cheaper, it never will: the budget is then exhausted.
        """
        amount = _units(worst)
        if amount == 0 or self.limit is None:
            return True
        committed = self._spent + self._held + amount
        if self.exhausted or not self.fits(worst):
            self.exhausted = self.exhausted or self._held == 0
            return False
        if committed > self._noted:
            self._tell(min(committed + int(self._most) // _AHEAD, int(self._most)))
        self._held += amount
        return True

    def settle(self, worst: float, cost: float | None) -> None:
        """Give back what was held and count what the call cost: all that was held, where that is not known."""
        if self.limit is not None:
            self._held -= _units(worst)
        self._spent += _units(worst if cost is None else cost)

    def rest(self) -> None:
        """Note what was spent, and is held, and no more: at the end of a stage, when nothing is in flight."""
        if self._noted != self._spent + self._held:
            self._tell(self._spent + self._held)

    def _tell(self, amount: int) -> None:
        self._note(amount / _PER_DOLLAR)
        self._noted = amount


def _units(dollars: float) -> int:
    return math.ceil(dollars * _PER_DOLLAR)
