"""A recorded judgment as one line of JSON: the interchange format."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from brie_bench.spec.base import NUMERIC, Name, NonEmpty, Positive, Prose, Spec, Temperature, Whole
from brie_bench.spec.comparison import Order
from brie_bench.spec.completion import FinishReason
from brie_bench.spec.conversation import Turn, check_turns
from brie_bench.spec.judgment import Failure, Label, Winner
from brie_bench.spec.suite import SectionKind

_SAID = ("label", "raw", "winner", "preference", "probabilities")
"""What makes a verdict."""
_IN_SLOTS = ("label", "raw", "probabilities", "scores")
"""What speaks of A and B."""


def _written(value: Any) -> Any:
    if value is None or isinstance(value, str | datetime.datetime):
        return value
    raise ValueError("a time is text, such as 2026-02-28T12:00:00Z")


Moment = Annotated[datetime.datetime, BeforeValidator(_written), WithJsonSchema({"type": "string"})]
"""An ISO 8601 date and time."""
Share = Annotated[float, Field(ge=0.0, le=1.0), NUMERIC]
Score = Annotated[int, Field(ge=1, le=5), NUMERIC]


def _rules(schema: dict[str, Any]) -> None:
    """What `Record` checks across its keys, said in JSON Schema too."""

    def given(name: str) -> dict[str, Any]:
        something = {"prompt": {"type": "string"}, "raw": {"minLength": 1}, "messages": {"minItems": 1}}
        something["scores"] = {"minProperties": 1}
        return {"required": [name], "properties": {name: something.get(name, {"not": {"type": "null"}})}}

    either = {"oneOf": [given("prompt"), given("messages")]}
    outcome = {"oneOf": [given("failure"), {"anyOf": [given(name) for name in _SAID]}]}
    labelled = {"if": {"anyOf": [given(name) for name in _IN_SLOTS]}, "then": given("labels")}
    schema["allOf"] = [either, outcome, labelled]


class Record(Spec):
    """One judgment: what was asked, the two texts, who judged, and what the judge said or why there is no verdict.

    A, B and tie are slots; `labels` says who was called A, and nothing else decides what a label means.
    """

    model_config = ConfigDict(json_schema_extra=_rules)

    prompt: NonEmpty | None = None
    """The user's words, where one turn is all there is."""
    messages: tuple[Turn, ...] = ()
    """The turns, where there are several; the last is the user's. Either this or `prompt`."""
    prompt_id: Name | None = None
    """Names the prompt, for people. Prompts with the same words are one prompt, whatever they are called."""
    section: Name = "all"
    """The part of the experiment it belongs to."""
    kind: SectionKind = SectionKind.IN_DOMAIN
    """What that section asks of a contender."""
    temperature: Temperature | None = None
    """The temperature of both completions."""
    top_p: Annotated[float, Field(gt=0.0, le=1.0), NUMERIC] | None = None
    """The nucleus sampling's mass of both."""
    max_tokens: Positive | None = None
    """Where both were cut off."""
    seed: Whole | None = None
    """The seed of both."""
    repeat: Positive = 1
    """Which run of the same prompt under the same condition this is, from 1."""
    contender: Name
    """Who is compared."""
    baseline: Name
    """With whom; the same in every line."""
    contender_text: Prose | None = None
    """The contender's completion; left out where it is not recorded."""
    baseline_text: Prose | None = None
    """The baseline's."""
    contender_finish: FinishReason = FinishReason.UNKNOWN
    """Why the contender's completion ended."""
    baseline_finish: FinishReason = FinishReason.UNKNOWN
    """Why the baseline's did."""
    judge: NonEmpty
    """Who judged."""
    labels: Order | None = None
    """Who was called A: `baseline_first` means the baseline. Needed wherever the line speaks of A and B."""
    shown: Order | None = None
    """Who was printed first; left out where that is not known. Position bias looks here, verdicts never do."""
    label: Label | None = None
    """What the judge said: A, B or tie."""
    winner: Winner | None = None
    """The same by name, for records that never had letters."""
    preference: Share | None = None
    """P(contender) + ½ P(tie). On its own it is a graded judgment."""
    probabilities: dict[Label, Share] | None = None
    """P(A), P(B) and P(tie), as the judge gave them. On their own a graded judgment too."""
    raw: Prose = ""
    """The judge's whole answer. The verdict is read from it where neither `label` nor `winner` gives one."""
    scores: dict[Label, dict[Prose, Score]] = {}
    """For A and B, the criteria that were scored, 1 to 5."""
    rationale: Prose = ""
    """Why, in the judge's words."""
    recorded_winner: Winner | None = None
    """A winner that somebody wrote down elsewhere; compared with the verdict, never counted."""
    failure: Failure | None = None
    """Why there is no verdict; in place of one."""
    judging: NonEmpty | None = None
    """Equal in the lines that one answer of the judge serves (a presentation that occurs twice is judged once)."""
    judged_at: Moment | None = None
    """When it was judged."""
    completed_at: Moment | None = None
    """When the later of the two completions was made."""

    @model_validator(mode="after")
    def _is_whole(self) -> Record:
        if (self.prompt is None) == (not self.messages):
            raise ValueError("give either 'prompt' or 'messages', and one of them")
        if self.messages:
            check_turns(self.messages, ends_with="user")
        said = [name for name in _SAID if getattr(self, name) not in (None, "")]
        if self.failure is not None and said:
            raise ValueError(f"a failure has no verdict: remove 'failure' or '{said[0]}'")
        if self.failure is None and not said:
            raise ValueError(f"nothing says what the judge said: give one of {', '.join(_SAID)}, or 'failure'")
        lettered = [name for name in _IN_SLOTS if getattr(self, name) not in (None, "", {})]
        if lettered and self.labels is None:
            raise ValueError(f"'{lettered[0]}' speaks of A and B, and 'labels' does not say who was called A")
        return self
