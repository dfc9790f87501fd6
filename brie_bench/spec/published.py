"""What a published leaderboard rests on: a run, and a line for every judgment that it planned."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from brie_bench.spec.base import (
    SCHEMA_VERSION,
    Flag,
    JsonObject,
    Name,
    Spec,
    Version,
)
from brie_bench.spec.comparison import Order
from brie_bench.spec.completion import FinishReason
from brie_bench.spec.conversation import Turn
from brie_bench.spec.judgment import Failure, Label, Winner
from brie_bench.spec.leaderboard import Finding
from brie_bench.spec.suite import Sampling, SectionKind

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""The first 128 bits of a SHA-256, in hexadecimal digits."""
Count = Annotated[int, Field(ge=0, le=2**53, strict=True)]
Ordinal = Annotated[int, Field(ge=1, le=1_000_000_000, strict=True)]
Mark = Annotated[int, Field(ge=1, le=5, strict=True)]
Chance = Annotated[float, Field(ge=0.0, le=1.0, strict=True)]
Words = str
"""Text as JSON holds it. Lines are many: nothing here is checked by a function of ours where the library can check it."""
Given = Annotated[str, StringConstraints(min_length=1)]


class PublishedText(Spec):
    """A completion: what may be said of it without showing it, and its text where texts are published."""

    key: Given
    """What made it: equal keys are one completion."""
    length: Count
    """In characters."""
    digest: Digest | None = None
    """Of the text; None where no text was ever recorded."""
    finish_reason: FinishReason = FinishReason.UNKNOWN
    """Why it ended."""
    at: Words = ""
    """When it was made, in UTC; empty where that is not known."""
    text: Words | None = None
    """What the model wrote."""


class PublishedJudgment(Spec):
    """One planned judgment: a verdict, or the failure that stands in its place. Names mean what they mean in a `Record`."""

    key: Given | None = None
    """The verdict's: equal keys are one answer of the judge. None where it was planned and never judged."""
    item: Count
    """The number of the prompt under its condition, from 0."""
    section: Name
    """The part of the suite."""
    kind: SectionKind
    """What that section asks of a contender."""
    prompt: Digest
    """Of the prompt's words."""
    prompt_id: Name
    """Names the prompt, for people."""
    messages: tuple[Turn, ...] = ()
    """The prompt's turns, where texts are published."""
    sampling: Sampling = Sampling()
    """How both completions were to be drawn."""
    repeat: Ordinal = 1
    """Which run of the same prompt under the same condition."""
    comparison: Count | None = None
    """The number of the pair of completions; None where one of them is missing."""
    contender: Name
    """Who is compared with the run's baseline."""
    contender_completion: PublishedText | None = None
    """What the contender wrote."""
    baseline_completion: PublishedText | None = None
    """What the baseline wrote."""
    judge: Given
    """Who judged."""
    judge_digest: Digest | None = None
    """Of the judge's configuration, which stands in the run's file; None where it was recorded elsewhere."""
    labels: Order | None = None
    """Who was called A."""
    shown: Order | None = None
    """Who was printed first."""
    judge_repeat: Ordinal = 1
    """Which judgment of the same presentation by the same judge."""
    label: Label | None = None
    """What the judge said: A, B or tie."""
    winner: Winner | None = None
    """The same, revealed by `labels`."""
    preference: Chance | None = None
    """P(contender) + ½ P(tie), where the judge gave probabilities."""
    probabilities: dict[Label, Chance] | None = None
    """P(A), P(B) and P(tie)."""
    scores: dict[Label, dict[Words, Mark]] = {}
    """For A and B, the criteria that were scored."""
    rationale: Words = ""
    """Why, in the judge's words."""
    raw: Words = ""
    """The judge's whole answer."""
    raw_digest: Digest | None = None
    """Of the whole answer; None where it is empty."""
    model: Words | None = None
    """The answering model, as its provider names it."""
    failure: Failure | None = None
    """Why there is no verdict; in place of one."""
    recorded_winner: Winner | None = None
    """A winner that somebody wrote down elsewhere; compared, never counted."""
    source: Words | None = None
    """Of imported records: the file's name."""
    line: Count | None = None
    """And the line."""
    at: Words = ""
    """When it was judged, in UTC; empty where that is not known."""
    digest: Digest | None = None
    """Of the line without it: the first 128 bits of its SHA-256."""


class PublishedRun(Spec):
    """What is said once of all judgments of a run."""

    schema_version: Version = SCHEMA_VERSION
    """The version of this schema."""
    run: Given
    """Its id."""
    per_pair: Ordinal | None
    """How often each judge was to judge each pair; None for judgments that were recorded elsewhere."""
    with_texts: Flag
    """Whether prompts and completions are published."""
    n_lines: Count
    """How many judgments its file of records holds."""
    record: JsonObject
    """The run's record: suite, baseline, contenders and judges with their configurations and digests, order, versions."""
    text_findings: tuple[Finding, ...] = ()
    """Findings that nobody can make again without the texts: where these are not published, the publisher's word."""
