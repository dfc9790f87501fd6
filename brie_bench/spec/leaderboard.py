"""The table that is published, and every row it is made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from brie_bench.spec.base import SCHEMA_VERSION, Spec

Rate = Annotated[float, Field(ge=0.0, le=1.0)]
Signed = Annotated[float, Field(ge=-1.0, le=1.0)]
Bounds = tuple[float, float]


class Interval(Spec):
    """Where a quantity lies, at a confidence level, by a named method."""

    low: float
    """Lower end."""
    high: float
    """Upper end."""
    confidence_level: Annotated[float, Field(gt=0.0, lt=1.0)]
    """Such as 0.95."""
    method: str
    """How it was computed."""


class SuiteSummary(Spec):
    """A suite, as a leaderboard names it."""

    name: str
    """Its name."""
    digest: str
    """Equal digests may be compared; different ones may not."""
    n_prompts: int
    """Distinct prompts."""
    n_items: int
    """Prompts under their conditions."""


class Records(Spec):
    """A file the numbers were computed from."""

    path: str
    """Relative to the leaderboard."""
    sha256: str
    """Of its bytes."""


class Standing(Spec):
    """A contender against the baseline: by one judge or the panel, in one section or all of them."""

    suite: str
    """The suite's name."""
    contender: str
    """Who is compared."""
    baseline: str
    """With whom."""
    judge: str | None
    """By whom; None is the panel of all judges."""
    section: str | None
    """Where; None is everywhere."""
    soft: bool
    """Whether scores are graded preferences rather than wins, ties and losses."""
    n_prompts: int
    """Distinct prompts with a verdict: the n of the interval and the test."""
    n_pairs: int
    """Distinct pairs of completions with a verdict."""
    n_judgments: int
    """Verdicts."""
    n_failures: int
    """Planned judgments without a verdict."""
    wins: int
    """Judgments that prefer the contender."""
    ties: int
    """Judgments that prefer neither."""
    losses: int
    """Judgments that prefer the baseline."""
    win_rate: Rate | None
    """Every prompt weighs once, ties half."""
    interval: Interval | None
    """Of the win rate, over prompts."""
    failure_bounds: Bounds | None
    """The win rate with all failures as losses, and as wins."""
    row_rate: Rate | None
    """The plain mean over judgments, ties half."""
    strict_rate: Rate | None
    """Wins over judgments."""
    p_value: Rate | None
    """Exact sign-flip test of ½, over prompts."""
    p_adjusted: Rate | None
    """Holm's adjustment over the report's headline standings; None elsewhere."""
    detectable_rate: Rate | None
    """The smallest rate this many prompts find 80 % of the time."""
    verdict: Literal["better", "worse", "inconclusive", "not testable"] | None
    """On panel rows over all sections only."""
    reason: str | None
    """Why a number is missing."""


class Agreement(Spec):
    """Two judges on the same pairs."""

    suite: str
    contender: str
    judges: tuple[str, str]
    n_pairs: int
    agreement: Rate | None
    agreement_interval: Interval | None
    expected: Rate | None
    kappa: Signed | None
    kappa_interval: Interval | None
    ac1: Signed | None
    ac1_interval: Interval | None
    reason: str | None


class PanelAgreement(Spec):
    """All judges on the same pairs."""

    suite: str
    contender: str
    alpha: Signed | None
    alpha_interval: Interval | None
    fleiss_kappa: Signed | None
    ac1: Signed | None
    unanimous: Rate | None
    n_pairs: int
    reason: str | None = None


class Retest(Spec):
    """One judge on the same pair twice."""

    suite: str
    contender: str
    judge: str
    n_pairs: int
    same_order: Rate | None
    swapped_order: Rate | None
    reason: str | None = None


class Position(Spec):
    """What being shown first is worth to a judge."""

    suite: str
    contender: str
    judge: str
    bias: Annotated[float, Field(ge=-0.5, le=0.5)] | None
    interval: Interval | None
    adjusted_win_rate: Rate | None
    flip_rate: Rate | None
    n_prompts: int
    reason: str | None = None


class Length(Spec):
    """The win rate at equal length."""

    suite: str
    contender: str
    judge: str
    raw: Rate | None
    length_controlled: Rate | None
    identified: bool
    reason: str | None


class Rating(Spec):
    """A contender among many: Bradley-Terry, with the ranks it may have."""

    contender: str
    rating: float
    interval: Interval | None
    rank_low: int
    rank_high: int
    component: int


class Finding(Spec):
    """Something a reader must know about the records or the numbers."""

    code: str
    """Names the kind of finding."""
    severity: Literal["error", "warning", "note"]
    """An error makes a number wrong; a warning makes it weak; a note explains it."""
    message: str
    """In a full sentence, with what to do."""
    count: int = 1
    """How many records it concerns."""
    examples: tuple[str, ...] = ()
    """Where to look, a few of them."""


class Leaderboard(Spec):
    """What is published. Same records, same leaderboard, to the byte: it holds no clock and no cost."""

    schema_version: Literal[1] = SCHEMA_VERSION
    suites: tuple[SuiteSummary, ...]
    runs: tuple[str, ...]
    baseline: str
    records: tuple[Records, ...] = ()
    standings: tuple[Standing, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    panel_agreement: tuple[PanelAgreement, ...] = ()
    retest: tuple[Retest, ...] = ()
    position: tuple[Position, ...] = ()
    length: tuple[Length, ...] = ()
    ratings: tuple[Rating, ...] | None = None
    findings: tuple[Finding, ...] = ()
