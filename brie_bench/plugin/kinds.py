"""The kinds of plugin. Each is synchronous: one method, one call, one answer; what surrounds a call is the engine's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from brie_bench.errors import Failed, FailureKind, in_words
from brie_bench.plugin.base import Plugin
from brie_bench.spec.comparison import Presentation
from brie_bench.spec.completion import Completion, Request
from brie_bench.spec.conversation import Conversation
from brie_bench.spec.imported import Imported, Unreadable
from brie_bench.spec.judgment import Failure, Verdict
from brie_bench.spec.recipe import TrainedModel, TrainingRecipe


class Model(Plugin, ABC):
    """Completes a request. Called from several threads at a time, at most `max_concurrency`."""

    supports: frozenset[str] = frozenset()
    """What of a request it can honour: `max_tokens`, `temperature`, `top_p`, `seed`, `json_schema`, `choice`."""
    max_concurrency: int | None = None
    """The most calls at a time; None leaves it to the run."""
    paid: bool | None = False
    """Whether a call costs money; None where that is not known, as with a server of whoever's."""

    @property
    def priced_as(self) -> tuple[str, str] | None:
        """The provider and model as price tables name them, such as ("openai", "gpt-6"); None where no table can know it."""
        return None

    @property
    def lane(self) -> str:
        """What shares its limits: models with equal lanes are called by one pool of workers."""
        return self.name

    @abstractmethod
    def complete(self, request: Request) -> Completion:
        """The answer. Raises Failed(kind, …) when there is none; a cut-off or refusing text is an answer."""

    def complete_many(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion | Failure]]:
        """The answers with their positions, in any order. Override it where many at a time are cheaper."""
        for position, request in enumerate(requests):
            try:
                yield position, self.complete(request)
            except Failed as error:
                yield position, failure_of(error)


class BatchModel(Model):
    """A provider's batch service. The engine records `mark` before it submits, and after a crash asks for it again.

    Keys are 32 hexadecimal digits, marks at most 21 letters, digits and hyphens. A Failed of kind `fatal`, or one with a
    `usage` that is a rate limit or not retryable, says that nothing was submitted; after any other the mark is looked for.
    """

    batch_requests: int = 10_000
    """The most requests of one batch."""
    batch_bytes: int = 16 * 2**20
    """The most bytes of one batch; a larger request is alone in its batch."""

    @abstractmethod
    def submit(self, requests: Sequence[tuple[str, Request]], mark: str) -> str:
        """Submit keyed requests under `mark`; the batch's name."""

    @abstractmethod
    def find(self, mark: str) -> str | None:
        """The batch that was submitted under `mark`, or None. Raises Failed, retryable, while that cannot be told."""

    @abstractmethod
    def collect(self, batch: str) -> Iterator[tuple[str, Completion | Failure]] | None:
        """The answers by key, in any order; None while it is not finished. Raises Failed, not retryable, where it never
        can be collected: that is the answer to all its calls."""


class Judge(Plugin, ABC):
    """Says which of two texts is better, in slot terms. It cannot know who wrote what."""

    paid: bool | None = False
    """Whether a call costs money; None where that is not known."""

    @property
    def lane(self) -> str:
        """What shares its limits."""
        return self.name

    @property
    def max_concurrency(self) -> int | None:
        """The most calls at a time; None leaves it to the run."""
        return None

    @abstractmethod
    def judge(self, shown: Presentation) -> Verdict:
        """The verdict. Raises Failed(kind, …) when there is none; never guesses."""


class ModelJudge(Judge):
    """A judge that uses a model. It says what to ask and how to read the answer, both pure; the engine does the asking."""

    model: Model

    def __init__(self, options: Any = None, model: Model | None = None) -> None:
        super().__init__(options)
        if model is not None:
            self.model = model

    @classmethod
    def build(cls, options: Any, catalog: Any) -> Self:
        return cls(options, catalog.model(options.model))

    @property
    def paid(self) -> bool | None:  # type: ignore[override]
        return self.model.paid

    @property
    def lane(self) -> str:
        return self.model.lane

    @property
    def max_concurrency(self) -> int | None:
        return self.model.max_concurrency

    @abstractmethod
    def ask(self, shown: Presentation) -> Request:
        """What to ask the model."""

    @abstractmethod
    def read(self, shown: Presentation, answer: Completion) -> Verdict:
        """The verdict in the model's answer. Raises Failed when there is none."""

    def judge(self, shown: Presentation) -> Verdict:
        return self.read(shown, self.model.complete(self.ask(shown)))

    def configuration(self) -> dict[str, Any]:
        """As every plugin's, with the model's own in place of the option that names it: however it is written, it is one
        judge."""
        found = super().configuration()
        options = {name: value for name, value in found.pop("options", {}).items() if name != "model"}
        return {**found, **({"options": options} if options else {}), "model": self.model.configuration()}


class Trainer(Plugin, ABC):
    """Fine-tunes a model on authored conversations."""

    @abstractmethod
    def train(
        self,
        recipe: TrainingRecipe,
        conversations: Sequence[Conversation],
        validation: Sequence[Conversation],
        out: Path,
    ) -> TrainedModel:
        """Train, leaving everything in `out`; a second call with the same `out` continues an interrupted one."""


class Importer(Plugin, ABC):
    """Reads records of another tool: judgments or conversations."""

    @abstractmethod
    def read(self, paths: Sequence[Path]) -> Iterator[Imported | Conversation | Unreadable]:
        """Each record, or what could not be read, with file, line and reason. Streams."""


class Exporter(Plugin, ABC):
    """Writes records for another tool."""

    @abstractmethod
    def write(self, records: Iterable[Any], target: Path) -> None:
        """Write them all to `target`."""


def failure_of(error: Failed) -> Failure:
    """The record of a call that failed."""
    fields: dict[str, Any] = {"kind": error.kind, "message": str(error.message), "raw": str(error.raw)}
    if error.usage is not None:
        fields["usage"] = error.usage
    return Failure(**fields)


def unexpected(error: BaseException) -> Failure:
    """The record of a plugin that raised something else than Failed."""
    return Failure(kind=FailureKind.ERROR, message=in_words(error))
