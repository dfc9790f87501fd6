"""Policies: what the models behind the server answer. Deterministic: the same request has the same answer everywhere.

A policy is a function of `Asked` that returns an `Answer`; any function of yours is one. The judging ones are `Judging`
objects: they look for two fenced responses in the prompt, form an `Opinion` and put it into the shape that was asked
for. What holds no such responses is answered by the policy's `otherwise`, so that one server plays judges and contenders.
Their `opinion` can be asked without any server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from brie_bench.testing.asking import Answer, Asked, Ending
from brie_bench.testing.drawing import drawn, numbers
from brie_bench.testing.opinion import Opinion, Shown, Slot, find, of_presentation, weighed
from brie_bench.testing.shaping import in_shape, of_text

Policy = Callable[[Asked], Answer]
"""What answers."""

Measure = Callable[[str], float]
"""A text's worth: more is better."""

_WORD = re.compile(r"\w+")
_WORDS = """
amber anchor basin beacon birch bramble candle cedar cinder clover copper coral crescent current dapple delta
drift ember fable feather fern flint garden glacier granite harbour hazel heron hollow island ivory juniper
kettle lantern lichen linen marble meadow mirror moss north oak orchard pebble quarry quiet raven reed river
saffron shelter slate spruce stone thistle tide valley willow winter wren
"""
REFUSAL = "I would rather not judge these two responses."


def distinct_words(text: str) -> float:
    """How many different words a text has, whatever their case."""
    return len(set(_WORD.findall(text.lower())))


def characters(text: str) -> float:
    """How long a text is."""
    return len(text)


@dataclass(frozen=True)
class Judging:
    """A policy that judges what it is shown, and hands everything else on."""

    decide: Callable[[Shown], Opinion | None]
    """The opinion; None refuses."""
    otherwise: Policy
    """Answers what shows no two responses."""

    def __call__(self, asked: Asked) -> Answer:
        shown = find(text for role, text in asked.turns if role == "user")
        if shown is None:
            return self.otherwise(asked)
        opinion = self.decide(shown)
        if opinion is None:
            return Answer(REFUSAL, Ending.REFUSAL, probabilities=(None,) * len(asked.questions))
        return in_shape(asked, opinion, shown)

    def opinion(self, presentation: Any) -> Opinion | None:
        """The opinion of a `Presentation` that is handed over directly; None refuses."""
        return self.decide(presentation if isinstance(presentation, Shown) else of_presentation(presentation))


def honest(measure: Measure = distinct_words, *, otherwise: Policy | None = None) -> Judging:
    """Prefers the text with more of one measurable property. The same winner in either order."""
    return Judging(_by(measure), otherwise or prose())


def verbose_loving(*, otherwise: Policy | None = None) -> Judging:
    """Prefers the longer text, whatever it says."""
    return honest(characters, otherwise=otherwise)


def position_biased(
    slot: Slot = "A",
    *,
    share: float = 1.0,
    measure: Measure = distinct_words,
    seed: int = 0,
    otherwise: Policy | None = None,
) -> Judging:
    """Prefers what stands in `slot`, in that share of presentations; is honest about the others."""
    fair = _by(measure)

    def decide(shown: Shown) -> Opinion:
        if drawn("position", seed, *_seen(shown)) >= share:
            return fair(shown)
        return Opinion(slot, 0.5 if slot == "A" else -0.5, f"Response {slot} stands where I look.")

    return Judging(decide, otherwise or prose())


def noisy(
    share: float = 0.2, *, measure: Measure = distinct_words, seed: int = 0, otherwise: Policy | None = None
) -> Judging:
    """Tosses a coin in that share of presentations; is honest about the others. The coin is made of the content."""
    fair = _by(measure)

    def decide(shown: Shown) -> Opinion:
        if drawn("noise", seed, *_seen(shown)) >= share:
            return fair(shown)
        heads = drawn("coin", seed, *_seen(shown)) < 0.5
        return Opinion("A" if heads else "B", 0.2 if heads else -0.2, "I could not tell and tossed a coin.")

    return Judging(decide, otherwise or prose())


def refusing(
    share: float = 1.0, *, measure: Measure = distinct_words, seed: int = 0, otherwise: Policy | None = None
) -> Judging:
    """Refuses to judge that share of presentations; is honest about the others."""
    fair = _by(measure)

    def decide(shown: Shown) -> Opinion | None:
        return None if drawn("refusal", seed, *_seen(shown)) < share else fair(shown)

    return Judging(decide, otherwise or prose())


def echo() -> Policy:
    """Says what the last user turn said."""
    return lambda asked: of_text(asked, asked.text)


def says(text: str) -> Policy:
    """Says one thing, whatever is asked: for answers without a verdict, hostile ones, empty ones."""
    return lambda asked: of_text(asked, text)


def prose(words: int = 60, *, vocabulary: int = 60, seed: int = 0) -> Policy:
    """Writes that many words of harmless nonsense, made of the model's name, the turns and the seed.

    A larger `vocabulary` (at most 60) means more distinct words, which is what an honest judge values.
    """
    lexicon = _WORDS.split()[: max(1, vocabulary)]

    def answer(asked: Asked) -> Answer:
        drawn_numbers = numbers(words, "prose", seed, asked.model, *(part for turn in asked.turns for part in turn))
        chosen = [lexicon[number % len(lexicon)] for number in drawn_numbers]
        sentences = [" ".join(chosen[i : i + 12]).capitalize() + "." for i in range(0, len(chosen), 12)]
        return of_text(asked, " ".join(sentences))

    return answer


def by_model(policies: Mapping[str, Policy], otherwise: Policy | None = None) -> Policy:
    """One policy a model: the first whose pattern (`judge-*`) fits the model's name; `prose` where none does."""
    fallback = otherwise or prose()

    def answer(asked: Asked) -> Answer:
        for pattern, policy in policies.items():
            if fnmatchcase(asked.model, pattern):
                return policy(asked)
        return fallback(asked)

    return answer


def _by(measure: Measure) -> Callable[[Shown], Opinion]:
    what = getattr(measure, "__name__", "what I measure").replace("_", " ").strip("<>")
    return lambda shown: weighed(measure(shown.a), measure(shown.b), f"I counted {what}")


def _seen(shown: Shown) -> tuple[str, ...]:
    return (*(part for turn in shown.turns for part in turn), shown.a, shown.b)
