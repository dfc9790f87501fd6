"""A judge's answer, in slot terms; the same revealed; and the record of a call that had none."""

from __future__ import annotations

import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator

from brie_bench.errors import FailureKind
from brie_bench.spec.base import Prose, Spec
from brie_bench.spec.comparison import Order
from brie_bench.spec.completion import Usage

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Score = Annotated[int, Field(ge=1, le=5)]


class Label(StrEnum):
    """A slot, or neither of the two."""

    A = "A"
    B = "B"
    TIE = "tie"


class Verdict(Spec):
    """What a judge said, in slot terms. `Verdict(label="A")` is enough."""

    label: Label
    """The better text's slot, or a tie."""
    scores: dict[Label, dict[Prose, Score]] = {}
    """For A and B, the criteria that were scored; a missing score is left out."""
    rationale: Prose = ""
    """Why, in the judge's words."""
    probabilities: dict[Label, Probability] | None = None
    """P(A), P(B) and P(tie), where the judge gives them."""
    raw: Prose = ""
    """The judge's whole answer."""
    usage: Usage = Usage()
    """What the answer took."""
    model: Prose | None = None
    """The answering model, as its provider names it."""
    attempts: Annotated[int, Field(ge=1)] = 1
    """How often it was asked for until it came."""

    @field_validator("scores")
    @classmethod
    def _a_tie_has_no_scores(cls, scores: dict[Label, dict[str, Score]]) -> dict[Label, dict[str, Score]]:
        if Label.TIE in scores:
            raise ValueError("scores are for A and B; a tie is no text")
        return scores

    @field_validator("probabilities")
    @classmethod
    def _probabilities_sum_to_one(cls, values: dict[Label, float] | None) -> dict[Label, float] | None:
        if values is not None and abs(sum(values.values()) - 1.0) > 0.01:
            raise ValueError(f"probabilities must sum to 1, not {sum(values.values()):.3f}")
        return values

    @property
    def score_gap(self) -> int | None:
        """The criterion scores of A less those of B, over the criteria that both were scored on; None without any."""
        a, b = self.scores.get(Label.A, {}), self.scores.get(Label.B, {})
        shared = a.keys() & b.keys()
        return sum(a[name] - b[name] for name in shared) if shared else None

    @property
    def preference_a(self) -> float | None:
        """P(A) + ½ P(tie), or None where the judge gave no probabilities."""
        if self.probabilities is None:
            return None
        a, b, tie = (self.probabilities.get(label, 0.0) for label in (Label.A, Label.B, Label.TIE))
        return min(
            1.0, (a + tie / 2) / (a + b + tie)
        )  # rounded probabilities must not favour the slot they are read from


class Winner(StrEnum):
    """A label, revealed."""

    CONTENDER = "contender"
    BASELINE = "baseline"
    TIE = "tie"


class Judgment(Spec):
    """A verdict, revealed. Only `blind.py` makes the winner of one."""

    winner: Winner
    """Who won."""
    preference: Probability | None = None
    """P(contender) + ½ P(tie), where the judge gave probabilities or a graded preference."""
    labels: Order
    """Who was called A: the one thing that decides what a label means."""
    shown: Order | None
    """Who was printed first; None where a record does not say. Position bias and test-retest alone look here."""
    verdict: Verdict
    """What the judge said."""
    judged_at: datetime.datetime | None = None
    """When, in UTC."""


class Failure(Spec):
    """A call that has no answer: never a tie, never a loss, always counted."""

    kind: FailureKind
    """Why."""
    message: Prose = ""
    """In words."""
    raw: Prose = ""
    """What was received."""
    usage: Usage = Usage()
    """What it took all the same."""
    attempts: Annotated[int, Field(ge=1)] = 1
    """How often it was tried."""
    failed_at: datetime.datetime | None = None
    """When, in UTC."""
