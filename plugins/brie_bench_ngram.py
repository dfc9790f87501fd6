"""Embedded language models: word trigrams, learned at load from text that comes with the tool.

`ngram/plain` learns flat everyday prose; `ngram/authored` learns the sample conversations. Neither knows what it says: they
exercise every part of the machinery without a key, a network or a GPU, and show what a real difference looks like.
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field

import brie_bench
from brie_bench import Completion, FinishReason, Model, Request, Sampling, Usage, hookimpl

if TYPE_CHECKING:
    from brie_bench.plugin.base import Builder

_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[.,;:!?()\"]|\n\n")
_START, _END = "<s>", "</s>"
_NO_SPACE_BEFORE = frozenset([*".,;:!?)", "\n\n"])
_FOCUS = 12.0
"""How much likelier a continuation becomes when the prompt used its word."""


class Trigrams:
    """Counts of what followed one and two words. Where two words are new it backs off to one, then to the start."""

    def __init__(self, texts: list[str]) -> None:
        self.digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]
        self.after: dict[tuple[str, ...], Counter[str]] = {}
        for text in texts:
            tokens = [_START, _START, *_TOKEN.findall(text), _END]
            for first, second, third in zip(tokens, tokens[1:], tokens[2:], strict=False):
                for context in ((first, second), (second,)):
                    self.after.setdefault(context, Counter())[third] += 1

    def sample(
        self, topic: frozenset[str], temperature: float, most: int, source: random.Random
    ) -> tuple[list[str], bool]:
        """At most `most` tokens, and whether the text came to its end."""
        first, second = _START, _START
        tokens: list[str] = []
        while len(tokens) < most:
            counts = self.after.get((first, second)) or self.after[(second,)]
            # a context seen once would copy its text on and on: mix in what follows the last word alone; greedy is greedy
            if temperature > 0.0 and len(counts) == 1 and source.random() < 0.5:
                counts = self.after[(second,)]
            third = _draw(counts, topic, temperature, source)
            if third == _END:
                return tokens, True
            tokens.append(third)
            first, second = second, third
        return tokens, False


def _draw(counts: Counter[str], topic: frozenset[str], temperature: float, source: random.Random) -> str:
    words = list(counts)
    weights = [counts[word] * (_FOCUS if word.lower() in topic else 1.0) for word in words]
    if temperature <= 0.0:
        return max(zip(weights, words, strict=True))[1]
    largest = max(weights)
    heap = list(itertools.accumulate((weight / largest) ** (1.0 / temperature) for weight in weights))
    return words[min(bisect.bisect(heap, source.random() * heap[-1]), len(words) - 1)]


class Ngram(Model):
    """A word-trigram model, learned at load from text that comes with the tool. It babbles; that is what it is for."""

    name = "ngram"
    revision = "1"
    supports = frozenset({"max_tokens", "temperature", "seed"})

    class Options(brie_bench.Options):
        """The model's."""

        model: Literal["plain", "authored"] = Field(
            description="What it learned: `plain`, everyday prose; `authored`, the sample conversations."
        )

    options: Options

    def __init__(self, options: Any, trigrams: Trigrams) -> None:
        super().__init__(options)
        self.trigrams = trigrams

    @classmethod
    def build(cls, options: Any, catalog: Builder) -> Self:
        """One table of counts for every contender that learned the same."""
        return cls(options, catalog.shared(("ngram", options.model), lambda: Trigrams(_texts(options.model))))

    def configuration(self) -> dict[str, Any]:
        """The digest of what it learned, too."""
        return {**super().configuration(), "weights": self.trigrams.digest}

    def complete(self, request: Request) -> Completion:
        """Text that starts at a beginning and leans towards the prompt's words."""
        sampling = request.sampling
        temperature = 1.0 if sampling.temperature is None else sampling.temperature
        most = 512 if sampling.max_tokens is None else sampling.max_tokens
        prompt = " ".join(turn.content for turn in request.messages if turn.role == "user")
        topic = frozenset(word.lower() for word in _TOKEN.findall(prompt) if len(word) > 3)
        source = random.Random(f"{sampling.seed}:{prompt}")  # noqa: S311  a language model, not a lock
        tokens, ended = self.trigrams.sample(topic, temperature, most, source)
        return Completion(
            text=_joined(tokens),
            finish_reason=FinishReason.STOP if ended else FinishReason.LENGTH,
            usage=Usage(input_tokens=len(_TOKEN.findall(prompt)), output_tokens=len(tokens)),
            model=f"ngram/{self.options.model}",
            sampling_applied=Sampling(temperature=temperature, max_tokens=most, seed=sampling.seed),
        )


def _joined(tokens: list[str]) -> str:
    text = ""
    for word in tokens:
        glued = word in _NO_SPACE_BEFORE or not text or text.endswith(("\n", "("))
        text += word if glued else f" {word}"
    return text.strip()


def _texts(what: str) -> list[str]:
    """The texts to learn from."""
    from brie_bench.shipped import shipped

    folder = shipped("samples")
    texts = (folder / "plain.txt").read_text("utf-8").split("\n\n") if what == "plain" else []
    if what == "authored":
        texts += _assistant_texts(folder / "conversations.jsonl")
    return texts


def _assistant_texts(path: Path) -> list[str]:
    conversations = (json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip())
    return [turn["content"] for each in conversations for turn in each["messages"] if turn["role"] == "assistant"]


@hookimpl
def register_models(register) -> None:  # type: ignore[no-untyped-def]
    register(Ngram)
