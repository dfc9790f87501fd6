"""What a scripted judge thinks of two texts, from which every shape of answer is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Slot = Literal["A", "B"]
Side = Literal["A", "B", "tie"]


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verdict in slot terms. Swapping the two texts mirrors every number in it."""

    label: Side
    """The better text's slot, or a tie."""
    lean: float = 0.0
    """How far it leans: from −1, all for B, to 1, all for A."""
    reason: str = ""
    """Why, in a sentence."""

    @property
    def probabilities(self) -> dict[Side, float]:
        """P(A), P(B) and P(tie), which sum to 1; the label has the largest."""
        if self.label == "tie":
            return {"A": 0.2, "B": 0.2, "tie": 0.6}
        sure = round(0.5 + 0.4 * min(abs(self.lean), 1.0), 4)
        tie = round((1.0 - sure) * 0.6, 4)
        rest = round(1.0 - sure - tie, 4)
        return {"A": sure, "B": rest, "tie": tie} if self.label == "A" else {"A": rest, "B": sure, "tie": tie}

    def score(self, slot: Slot) -> int:
        """A criterion's score, 1 to 5; every criterion gets the same."""
        lean = max(-1.0, min(1.0, self.lean))
        return 3 + round(2 * lean) if slot == "A" else 3 - round(2 * lean)


def weighed(a: float, b: float, what: str) -> Opinion:
    """The opinion of somebody who prefers whichever of two numbers is larger."""
    total = abs(a) + abs(b)
    lean = (a - b) / total if total else 0.0
    label: Side = "tie" if a == b else "A" if a > b else "B"
    return Opinion(label, lean, f"{what}: {a:g} against {b:g}.")
