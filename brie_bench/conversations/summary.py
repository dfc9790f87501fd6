"""What a pile of conversations consists of."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from statistics import median

from brie_bench.report.words import count, escape, percent
from brie_bench.report.words import table as markdown_table
from brie_bench.spec.base import Spec
from brie_bench.spec.conversation import Conversation


class Summary(Spec):
    """The counts."""

    conversations: int
    """How many there are."""
    prompt_groups: int
    """How many prompts they answer."""
    responses_per_prompt: dict[int, int]
    """Responses to how many prompts."""
    turns: dict[int, int]
    """Turns, system turns left out, to how many conversations."""
    words: dict[str, float]
    """Words of an assistant's turn: least, median, mean, most, and all together."""
    tokens: dict[str, float] | None = None
    """The same in tokens, where a tokenizer was given."""
    lengths: dict[str, int] = {}
    """Assistants' turns by length, in tokens where they were counted, else in words."""
    domains: dict[str, int]
    phases: dict[str, int]
    splits: dict[str, int]
    models: dict[str, int]
    labs: dict[str, int]
    months: dict[str, int]
    """By the month of writing."""
    patterns: dict[str, int]
    """The twenty commonest."""


def summarise(conversations: Iterable[Conversation], tokens: Callable[[str], int] | None = None) -> Summary:
    """Count everything once; `tokens` counts those of a text."""
    groups: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("domain", "phase", "split", "model", "lab", "month", "pattern")
    }
    turns: Counter[int] = Counter()
    words: list[int] = []
    n_tokens: list[int] = []
    for each in conversations:
        groups[each.prompt_group] += 1
        turns[sum(turn.role != "system" for turn in each.messages)] += 1
        answers = [turn.content for turn in each.messages if turn.role == "assistant"]
        words += [len(answer.split()) for answer in answers]
        if tokens is not None:
            n_tokens += map(tokens, answers)
        provenance = each.provenance
        month = provenance.date.strftime("%Y-%m") if provenance.date else "unknown"
        for name, value in (
            ("domain", each.domain),
            ("phase", each.phase),
            ("split", each.split or "none"),
            ("model", provenance.model or "unknown"),
            ("lab", provenance.lab or "unknown"),
            ("month", month),
        ):
            counts[name][value] += 1
        counts["pattern"].update(each.patterns)
    return Summary(
        conversations=sum(turns.values()),
        prompt_groups=len(groups),
        responses_per_prompt=dict(sorted(Counter(groups.values()).items())),
        turns=dict(sorted(turns.items())),
        words=_spread(words),
        tokens=_spread(n_tokens) or None,
        lengths=_lengths(n_tokens or words),
        domains=_most(counts["domain"]),
        phases=_most(counts["phase"]),
        splits=_most(counts["split"]),
        models=_most(counts["model"]),
        labs=_most(counts["lab"]),
        months=dict(sorted(counts["month"].items())),
        patterns=_most(counts["pattern"], 20),
    )


def _spread(numbers: Sequence[int]) -> dict[str, float]:
    if not numbers:
        return {}
    return {
        "least": min(numbers),
        "median": float(median(numbers)),
        "mean": round(sum(numbers) / len(numbers), 1),
        "most": max(numbers),
        "all": sum(numbers),
    }


_STEPS = (0, 25, 50, 100, 200, 400, 800, 1600, 3200)


def _lengths(numbers: Sequence[int]) -> dict[str, int]:
    """How many numbers lie in each step, from the first step that has some to the last; steps double."""
    counts = Counter(bisect_right(_STEPS, number) - 1 for number in numbers)
    names = [f"{low} to {high - 1}" for low, high in pairwise(_STEPS)] + [f"{_STEPS[-1]} and more"]
    return {names[step]: counts[step] for step in range(min(counts, default=0), max(counts, default=-1) + 1)}


def _most(counter: Counter[str], most: int | None = None) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:most])


def sentences(summary: Summary) -> list[str]:
    """What can be said in words."""
    responses = ", ".join(f"{n} to {prompts}" for n, prompts in summary.responses_per_prompt.items())
    turns = ", ".join(f"{n} in {conversations}" for n, conversations in summary.turns.items())
    answers = f"answer {count(summary.prompt_groups, 'prompt')} (responses to prompts: {responses})"
    said = [f"{count(summary.conversations, 'conversation')} {answers}; turns: {turns}."]
    for unit, spread in (("words", summary.words), ("tokens", summary.tokens)):
        if spread:
            middle, least, most = (f"{spread[name]:g}" for name in ("median", "least", "most"))
            said.append(
                f"An answer has {middle} {unit} at the median ({least} to {most}), {spread['all']:,.0f} in all."
            )
    return said


def render(summary: Summary) -> str:
    """The counts as markdown."""
    rows = [
        (what, name, number)
        for what, counts in (
            ("domain", summary.domains),
            ("phase", summary.phases),
            ("split", summary.splits),
            ("model", summary.models),
            ("lab", summary.labs),
            ("month", summary.months),
            ("pattern", summary.patterns),
        )
        for name, number in counts.items()
    ]
    columns = [
        ("what", lambda row: row[0]),
        ("", lambda row: escape(row[1])),
        ("conversations", lambda row: str(row[2])),
        ("share", lambda row: percent(row[2] / summary.conversations)),
    ]
    return "\n".join(sentences(summary)) + "\n\n" + markdown_table(columns, rows, left=2)
