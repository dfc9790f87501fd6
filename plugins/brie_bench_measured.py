"""Offline judges that each value one measurable property of a text, and say so.

They are honest instruments, not critics: what each measures is in its name and in every rationale. Because they value
different things they disagree, which is what a panel is for.
"""

from __future__ import annotations

import re
import statistics
from abc import abstractmethod

from pydantic import Field

import brie_bench
from brie_bench import Judge, Label, Presentation, Verdict, hookimpl

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SENTENCE = re.compile(r"[.!?…]\s")
_WINDOW = 50
_COMMON = frozenset(
    [
        "a",
        "about",
        "after",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "because",
        "been",
        "before",
        "being",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "down",
        "each",
        "every",
        "few",
        "first",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "here",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "just",
        "like",
        "made",
        "make",
        "many",
        "may",
        "me",
        "might",
        "more",
        "most",
        "much",
        "must",
        "my",
        "no",
        "nor",
        "not",
        "of",
        "off",
        "on",
        "one",
        "only",
        "or",
        "other",
        "our",
        "out",
        "over",
        "own",
        "same",
        "she",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "too",
        "under",
        "up",
        "us",
        "very",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "give",
        "tell",
        "write",
        "name",
        "list",
        "describe",
        "explain",
        "without",
    ]
)


class Measured(Judge):
    """Prefers the text with the larger measure; a tie where they differ by no more than `margin`, relative to the larger."""

    revision = "1"
    what = ""

    class Options(brie_bench.Options):
        """A measuring judge's."""

        margin: float = Field(
            default=0.02, ge=0.0, lt=1.0, description="A relative difference of this or less is a tie."
        )

    options: Options

    @abstractmethod
    def measure(self, text: str, shown: Presentation) -> float:
        """The property, 0 or more; larger is better."""

    def judge(self, shown: Presentation) -> Verdict:
        """The text that has more of it."""
        a, b = self.measure(shown.a, shown), self.measure(shown.b, shown)
        if abs(a - b) <= self.options.margin * max(a, b):
            label = Label.TIE
        else:
            label = Label.A if a > b else Label.B
        return Verdict(label=label, rationale=f"{self.what}: A {a:.3f}, B {b:.3f}")


class Variety(Measured):
    """Values a varied vocabulary: the mean share of distinct words in 50 running ones (the moving-average type-token ratio)."""

    name = "variety"
    what = "distinct words in 50 running words"

    def measure(self, text: str, shown: Presentation) -> float:
        """Mean share of distinct words over all windows (Covington & McFall 2010); a shorter text is one window."""
        words = _words(text)
        if not words:
            return 0.0
        width = min(_WINDOW, len(words))
        counts: dict[str, int] = {}
        total = windows = 0
        for position, word in enumerate(words):
            counts[word] = counts.get(word, 0) + 1
            if position >= width:
                gone = words[position - width]
                counts[gone] -= 1
                if not counts[gone]:
                    del counts[gone]
            if position >= width - 1:
                total += len(counts)
                windows += 1
        return total / (windows * width)


class Cadence(Measured):
    """Values sentences of varied length: their standard deviation over their mean, in words."""

    name = "cadence"
    what = "variation of sentence length"

    def measure(self, text: str, shown: Presentation) -> float:
        """The coefficient of variation; 0 for fewer than two sentences."""
        lengths = [count for sentence in _SENTENCE.split(text) if (count := len(_words(sentence)))]
        return statistics.stdev(lengths) / statistics.fmean(lengths) if len(lengths) > 1 else 0.0


class Echo(Measured):
    """Values staying with the prompt: the share of the prompt's content words that the text takes up."""

    name = "echo"
    what = "share of the prompt's content words taken up"

    def measure(self, text: str, shown: Presentation) -> float:
        """By stems of five letters; 0 where the prompt has no content word."""
        asked = {word[:5] for turn in shown.messages for word in _words(turn.content) if word not in _COMMON}
        said = {word[:5] for word in _words(text)}
        return len(asked & said) / len(asked) if asked else 0.0


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


@hookimpl
def register_judges(register) -> None:  # type: ignore[no-untyped-def]
    register(Variety)
    register(Cadence)
    register(Echo)
