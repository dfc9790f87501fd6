"""What a model is asked, and what it answers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from brie_bench.spec.base import JsonObject, NonEmpty, Prose, Spec
from brie_bench.spec.conversation import Turn
from brie_bench.spec.suite import Sampling


class Text(Spec):
    """The answer is text."""

    kind: Literal["text"] = "text"


class JsonSchema(Spec):
    """The answer is a JSON value of this schema."""

    kind: Literal["json_schema"] = "json_schema"
    name: NonEmpty = "answer"
    """What the provider calls the schema."""
    definition: JsonObject
    """A JSON Schema."""


class Question(Spec):
    """One typed question: which of these options?"""

    name: NonEmpty
    """Names the answer in `Completion.choices`."""
    instructions: NonEmpty
    """What to decide."""
    options: Annotated[tuple[NonEmpty, ...], Field(min_length=2)]
    """The options, each a value."""


class Choice(Spec):
    """The answer is a probability for every option of every question."""

    kind: Literal["choice"] = "choice"
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]
    """What to decide."""


class Request(Spec):
    """What a model is asked."""

    messages: Annotated[tuple[Turn, ...], Field(min_length=1)]
    """The turns, a system turn first where there is one."""
    sampling: Sampling = Sampling()
    """How to draw the answer."""
    answer: Annotated[Text | JsonSchema | Choice, Field(discriminator="kind")] = Text()
    """The shape of the answer."""
    repeat: Annotated[int, Field(ge=1)] = 1
    """Which run of the same request this is, from 1; a model may ignore it."""


class FinishReason(StrEnum):
    """Why a completion ended."""

    STOP = "stop"
    LENGTH = "length"
    REFUSED = "refused"
    OTHER = "other"
    UNKNOWN = "unknown"


class Usage(Spec):
    """Tokens, as the provider counts them; None where it does not say."""

    input_tokens: int | None = None
    """All input, cached or not."""
    cached_tokens: int | None = None
    """The part of the input that was read from a cache."""
    output_tokens: int | None = None
    """All output, reasoning included."""
    reasoning_tokens: int | None = None
    """The part of the output that was reasoning."""
    cost: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] | None = None
    """US dollars; None where no price is known."""


class Completion(Spec):
    """A contender's text. A cut-off or refusing text is a completion too: it is judged, and reported."""

    text: Prose
    """What the model wrote; may be empty."""
    finish_reason: FinishReason = FinishReason.UNKNOWN
    """Why it ended."""
    usage: Usage = Usage()
    """What it took."""
    model: Prose | None = None
    """The answering model, as the provider names it."""
    sampling_applied: Sampling = Sampling()
    """What the model honoured of the sampling it was asked for."""
    choices: dict[Prose, dict[Prose, float]] = {}
    """For typed questions: question to option to probability."""
    reasoning: Prose = ""
    """What the model thought aloud; never judged."""
    attempts: Annotated[int, Field(ge=1)] = 1
    """How often it was asked for until it came."""
