"""Models that cost something, and judges over them: what price books and forecasts are tried on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conftest import model_class

import brie_bench
from brie_bench import (
    Completion,
    FinishReason,
    Model,
    ModelJudge,
    Presentation,
    Request,
    Sampling,
    Turn,
    Usage,
    Verdict,
)


def paid_model(
    name: str,
    *,
    priced_as: tuple[str, str] | None = None,
    paid: bool | None = True,
    answer: Callable[[Request], Any] | None = None,
) -> type[Model]:
    """A model class with these prices. It answers `answer`, or ten tokens for a hundred."""

    def whole(request: Request) -> Completion:
        usage = Usage(input_tokens=100, output_tokens=10)
        return Completion(text=f"{name}: yes", finish_reason=FinishReason.STOP, usage=usage)

    scripted = model_class(name, answer or whole)

    class Paid(scripted):  # type: ignore[valid-type,misc]
        pass

    Paid.paid = paid
    Paid.priced_as = property(lambda self: priced_as)
    return Paid


class Reader(ModelJudge):
    """Asks its model for a letter: one turn that holds both texts, and thirty tokens."""

    name = "reader"

    class Options(brie_bench.Options):
        """Whom to ask."""

        model: str

    def ask(self, shown: Presentation) -> Request:
        return Request(messages=(Turn(role="user", content=f"{shown.a}|{shown.b}"),), sampling=Sampling(max_tokens=30))

    def read(self, shown: Presentation, answer: Completion) -> Verdict:
        return Verdict(label="A")
