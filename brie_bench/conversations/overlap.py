"""Contamination: do the training conversations hold a suite's prompts? By shared runs of words, shown as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from brie_bench.conversations.duplicates import shingles, similarity
from brie_bench.conversations.reading import Placed
from brie_bench.errors import plain
from brie_bench.spec.base import Spec
from brie_bench.spec.suite import Suite

N_GRAM = 8
"""Words in a row that two texts do not share by chance."""
ALIKE = 0.6
"""The share of common shingles from which on a turn nearly repeats a prompt."""
_WORD = re.compile(r"\w+")


class Overlap(Spec):
    """A prompt of a suite and a conversation that holds it, or a passage of it."""

    prompt: str
    """The prompt's id."""
    section: str
    """Its section."""
    file: str
    """The conversations' file."""
    line: int
    """The line."""
    conversation: str
    """The conversation's id."""
    turn: int
    """The turn, from 1."""
    similarity: float
    """The share of common shingles."""
    passage: str
    """The longest run of words they share."""


def overlaps(suite: Suite, placed: Iterable[Placed]) -> Iterator[Overlap]:
    """Every turn that shares eight words in a row with a prompt, or nearly repeats it."""
    prompts = [
        (section.name, prompt.id, _words(" ".join(turn.content for turn in prompt.turns)))
        for section in suite.sections
        for prompt in section.prompts
    ]
    sketches = [shingles(" ".join(words)) for _, _, words in prompts]
    index: dict[tuple[str, ...], list[int]] = {}
    for number, (_, _, words) in enumerate(prompts):
        width = min(N_GRAM, len(words))
        for start in range(len(words) - width + 1):
            index.setdefault(tuple(words[start : start + width]), []).append(number)
    widths = {len(run) for run in index}
    for each in placed:
        for position, turn in enumerate(each.conversation.messages, 1):
            words = _words(turn.content)
            runs = (tuple(words[start : start + width]) for width in widths for start in range(len(words) - width + 1))
            for number in sorted({number for run in runs for number in index.get(run, ())}):
                section, prompt, asked = prompts[number]
                alike = similarity(sketches[number], shingles(turn.content))
                yield Overlap(
                    prompt=prompt,
                    section=section,
                    file=each.file,
                    line=each.line,
                    conversation=each.conversation.id,
                    turn=position,
                    similarity=round(alike, 3),
                    passage=plain(" ".join(_longest(asked, words)), 300),
                )


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _longest(a: Sequence[str], b: Sequence[str]) -> Sequence[str]:
    """The longest run of words in both."""
    best = end = 0
    before = [0] * (len(b) + 1)
    for i, word in enumerate(a, 1):
        now = [0] * (len(b) + 1)
        for j, other in enumerate(b, 1):
            if word == other:
                now[j] = before[j - 1] + 1
                if now[j] > best:
                    best, end = now[j], i
        before = now
    return a[end - best : end]
