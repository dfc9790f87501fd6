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
    """The name of a file that was imported, or a path relative to the leaderboard."""
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
    """The smallest rate this many prompts find 80 % of the time: a headline alone, at its share of 5 % among all
    headlines tested. None where no rate is."""
    verdict: Literal["better", "worse", "inconclusive", "not testable"] | None
    """On panel rows over all sections only."""
    reason: str | None
    """Why a number is missing."""


class Counted(Spec):
    """What a number rests on."""

    n_prompts: int = 0
    """Distinct prompts: the independent ones."""
    n_pairs: int = 0
    """Distinct pairs of completions."""
    n_judgments: int = 0
    """Verdicts."""
    n_failures: int = 0
    """Planned judgments without a verdict, among those that would have counted."""


class Agreement(Counted):
    """Two judges on the same pairs, beside what chance alone would give them."""

    suite: str
    contender: str
    judges: tuple[str, str]
    n_pairs: int
    """Pairs that both judged."""
    agreement: Rate | None
    """Share of prompts with the same verdict, of win, tie and loss."""
    agreement_interval: Interval | None
    expected: Rate | None
    """The agreement of two judges with these rates who look at nothing."""
    kappa: Signed | None
    """Cohen's; None where chance alone would agree always."""
    kappa_interval: Interval | None
    ac1: Signed | None
    """Gwet's, of three categories."""
    ac1_interval: Interval | None
    reason: str | None
    baseline: str = ""
    """With whom it is compared: one contender may meet several."""


class PanelAgreement(Counted):
    """All judges on the same pairs."""

    suite: str
    contender: str
    alpha: Signed | None
    """Krippendorff's, nominal."""
    alpha_interval: Interval | None
    fleiss_kappa: Annotated[float, Field(le=1.0)] | None
    """All judges taken for one; below −1 at times, where some judged fewer pairs."""
    ac1: Signed | None
    unanimous: Rate | None
    """Share of prompts on which all judges who judged a pair gave the same verdict."""
    n_pairs: int
    """Pairs with at least two judges."""
    n_judges: int = 0
    """Judges on the panel."""
    n_complete: int = 0
    """Pairs that every one of them judged."""
    reason: str | None = None
    baseline: str = ""
    """With whom it is compared: one contender may meet several."""


class Retest(Counted):
    """One judge on the same pair twice."""

    suite: str
    contender: str
    judge: str
    n_pairs: int
    """Pairs judged at least twice."""
    same_order: Rate | None
    """Share with the same verdict, shown in the same order."""
    swapped_order: Rate | None
    """The same, shown in the other order."""
    n_same: int = 0
    """Couples of judgments of one pair that were shown in the same order."""
    n_swapped: int = 0
    """Those that were shown in either order."""
    n_same_prompts: int = 0
    """Prompts of the former: each weighs once in `same_order`."""
    n_swapped_prompts: int = 0
    """Prompts of the latter."""
    reason: str | None = None
    baseline: str = ""
    """With whom it is compared: one contender may meet several."""


class Position(Counted):
    """What being shown first is worth to a judge. Prompts weigh alike in either order, so that with both orders of every
    pair the adjusted rate is the win rate."""

    suite: str
    contender: str
    judge: str
    bias: Annotated[float, Field(ge=-0.5, le=0.5)] | None
    """Half the difference of the contender's rates when shown first and second; ½ always takes the first."""
    interval: Interval | None
    adjusted_win_rate: Rate | None
    """The mean of those two rates."""
    flip_rate: Rate | None
    """Share of pairs whose verdict changes with the order."""
    n_prompts: int
    """Distinct prompts with a verdict in a known order."""
    n_both: int = 0
    """Pairs shown in both orders: those of the flip rate."""
    n_contender_first: int = 0
    """Verdicts on the contender shown first."""
    n_baseline_first: int = 0
    """Verdicts on the baseline shown first."""
    reason: str | None = None
    baseline: str = ""
    """With whom it is compared: one contender may meet several."""


class Length(Counted):
    """The win rate at equal length."""

    suite: str
    contender: str
    judge: str
    raw: Rate | None
    length_controlled: Rate | None
    identified: bool
    """Whether the records can tell."""
    reason: str | None
    length_ratio: float | None = None
    """The contender's mean length by the baseline's."""
    close_rate: Rate | None = None
    """The win rate among pairs within a tenth of each other in length."""
    n_close: int = 0
    """Those pairs."""
    baseline: str = ""
    """With whom it is compared: one contender may meet several."""


class SelfPreference(Counted):
    """What a judge gives its own lab's model beyond what the other labs' judges give it."""

    suite: str
    contender: str
    judge: str
    lab: str
    excess: Signed | None
    """Mean over prompts of what this judge gives that side less what the other labs' judges give it."""
    interval: Interval | None
    n_prompts: int
    reason: str | None = None
    baseline: str = ""
    """With whom it is compared: one contender may meet several."""
    side: Literal["contender", "baseline"] = "contender"
    """Whose lab is the judge's: whom it may prefer."""


class Ground(Spec):
    """A contender on its own ground, and off it."""

    contender: str
    baseline: str
    kind: Literal["in_domain", "out_of_domain"]
    sections: tuple[str, ...]
    n_prompts: int
    n_pairs: int
    n_judgments: int
    n_failures: int
    win_rate: Rate | None
    interval: Interval | None
    p_value: Rate | None
    """Exact sign-flip test of ½; not adjusted."""
    reason: str | None = None


class Reproducibility(Counted):
    """The same prompts in several runs."""

    suite: str
    contender: str
    section: str
    n_prompts: int
    n_runs: int
    rate: Rate | None
    """Over all runs."""
    per_run: tuple[float, ...]
    """The win rate of each run."""
    disagreement: Rate | None
    """The chance that two runs of a prompt score differently."""
    disagreement_interval: Interval | None
    observed_sd: float | None
    """Of the runs' rates."""
    expected_sd: float | None
    """The same, if runs differ by chance alone."""
    cochran_p: Rate | None
    """Cochran's test that one run stands out."""
    icc: float | None
    """The prompts' share of the variance; from 25 prompts."""
    n_same_texts: int = 0
    """Prompts with the same texts in every run: no completion was made anew."""
    prompts: tuple[str, ...] = ()
    """The rows of `table`."""
    table: tuple[tuple[float, ...], ...] = ()
    """Prompts × runs."""
    reason: str | None = None
    baseline: str = ""
    """With whom it is compared: one contender may meet several."""


class Sweep(Counted):
    """The same prompts at several temperatures or token limits."""

    suite: str
    contender: str
    section: str
    parameter: Literal["temperature", "max_tokens"]
    levels: tuple[float, ...]
    rates: tuple[float, ...]
    """The win rate at each level."""
    n_prompts: int
    """Prompts with a verdict at every level, and with texts that differ between levels."""
    n_same_texts: int = 0
    """Prompts left out because their texts are the same at every level: nothing was varied."""
    slope: float | None
    """Change of the win rate for each unit of the parameter."""
    interval: Interval | None
    p_value: Rate | None
    """Exact permutation test of no trend; from 15 prompts."""
    reason: str | None = None
    baseline: str = ""
    """With whom it is compared: one contender may meet several."""


class Rating(Spec):
    """A contender among many: Bradley-Terry, with the ranks it may have."""

    contender: str
    rating: float
    """Log strength, centred to mean 0."""
    interval: Interval | None
    rank_low: int
    """The best rank that the records do not rule out."""
    rank_high: int
    """The worst one."""
    component: int
    """Ratings of different components may not be compared."""


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


class Cost(Spec):
    """What the records cost that a contender's completions or a judge's verdicts are. A record that serves several is
    counted with the first of them."""

    role: Literal["baseline", "contender", "judge"]
    """In which part."""
    name: str
    """Whose."""
    n_calls: int
    """Records, failures included."""
    n_unknown: int
    """Those whose cost is not known."""
    dollars: Annotated[float, Field(ge=0.0)] | None
    """US dollars that the others cost in all; None where there are no others."""


class Leaderboard(Spec):
    """What is published. Same records, same leaderboard, to the byte: it holds no clock."""

    schema_version: Literal[1] = SCHEMA_VERSION
    """The version of this schema."""
    suites: tuple[SuiteSummary, ...]
    """The suites, or imported prompts, it is about."""
    runs: tuple[str, ...]
    """The runs it is made of."""
    baseline: str
    """The fixed opponent; several, separated by slashes, are not comparable."""
    records: tuple[Records, ...] = ()
    """The files the numbers were computed from."""
    standings: tuple[Standing, ...] = ()
    """Who stands where: the panel and each judge, over all sections and in each."""
    agreement: tuple[Agreement, ...] = ()
    """Every two judges."""
    panel_agreement: tuple[PanelAgreement, ...] = ()
    """All judges."""
    retest: tuple[Retest, ...] = ()
    """Every judge with itself."""
    position: tuple[Position, ...] = ()
    """What being shown first is worth."""
    length: tuple[Length, ...] = ()
    """What length is worth."""
    self_preference: tuple[SelfPreference, ...] = ()
    """What a judge's own lab is worth to it; empty with fewer than two labs."""
    grounds: tuple[Ground, ...] = ()
    """In-domain beside out-of-domain."""
    reproducibility: tuple[Reproducibility, ...] = ()
    """Sections that ask the same again."""
    sweeps: tuple[Sweep, ...] = ()
    """Sections that vary temperature or length."""
    ratings: tuple[Rating, ...] | None = None
    """Bradley-Terry ratings; None where they would tell no more than the rates."""
    ratings_reason: str | None = None
    """Why there are no ratings."""
    findings: tuple[Finding, ...] = ()
    """What a reader must know about the records."""
    costs: tuple[Cost, ...] = ()
    """What the records cost, where any call may have cost something. No table that is printed shows it."""
