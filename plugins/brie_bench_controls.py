"""Control judges: they know nothing, and show what the numbers look like when a judge knows nothing."""

from __future__ import annotations

import hashlib

from pydantic import Field

import brie_bench
from brie_bench import Judge, Label, Presentation, Verdict, hookimpl


class Coin(Judge):
    """Tosses a fair coin, made of the presentation and a seed. Its win rate is near 50 %, and its position bias near 0."""

    name = "coin"

    class Options(brie_bench.Options):
        """The coin's."""

        seed: int = Field(default=0, description="Another seed is another coin.")

    options: Options

    def judge(self, shown: Presentation) -> Verdict:
        """Heads is A."""
        tossed = hashlib.sha256(f"{self.options.seed}:{shown.content_digest()}".encode()).digest()[0]
        return Verdict(label=Label.A if tossed % 2 else Label.B, rationale="a coin was tossed")


class First(Judge):
    """Always prefers what it is shown first. Its win rate is 50 %, and its position bias ½, the maximum."""

    name = "first"

    def judge(self, shown: Presentation) -> Verdict:
        """A."""
        return Verdict(label=Label.A, rationale="A was shown first")


class Longer(Judge):
    """Always prefers the longer text: what a win rate looks like when verbosity is all that counts."""

    name = "longer"

    def judge(self, shown: Presentation) -> Verdict:
        """The text with more characters; a tie where they are equal."""
        a, b = len(shown.a), len(shown.b)
        label = Label.TIE if a == b else Label.A if a > b else Label.B
        return Verdict(label=label, rationale=f"A has {a} characters, B {b}")


@hookimpl
def register_judges(register) -> None:  # type: ignore[no-untyped-def]
    register(Coin)
    register(First)
    register(Longer)
