"""What a pile of conversations consists of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
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
    domains: dict[str, int]
    phases: dict[str, int]
    splits: dict[str, int]
    models: dict[str, int]
    labs: dict[str, int]
    months: dict[str, int]
    """By the month of writing."""
    patterns: dict[str, int]
    """The twenty commonest."""


def summarise(conversations: Iterable[Conversation]) -> Summary:
    """Count everything once."""
    groups: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("domain", "phase", "split", "model", "lab", "month", "pattern")
    }
    turns: Counter[int] = Counter()
    words: list[int] = []
    for each in conversations:
        groups[each.prompt_group] += 1
        turns[sum(turn.role != "system" for turn in each.messages)] += 1
        words += [len(turn.content.split()) for turn in each.messages if turn.role == "assistant"]
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
        words=_words(words),
        domains=_most(counts["domain"]),
        phases=_most(counts["phase"]),
        splits=_most(counts["split"]),
        models=_most(counts["model"]),
        labs=_most(counts["lab"]),
        months=dict(sorted(counts["month"].items())),
        patterns=_most(counts["pattern"], 20),
    )


def _words(words: Sequence[int]) -> dict[str, float]:
    if not words:
        return {}
    return {
        "least": min(words),
        "median": float(median(words)),
        "mean": round(sum(words) / len(words), 1),
        "most": max(words),
        "all": sum(words),
    }


def _most(counter: Counter[str], most: int | None = None) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:most])


def render(summary: Summary) -> str:
    """The counts as markdown."""
    words = summary.words
    responses = ", ".join(f"{n} to {prompts}" for n, prompts in summary.responses_per_prompt.items())
    turns = ", ".join(f"{n} in {conversations}" for n, conversations in summary.turns.items())
    answers = f"answer {count(summary.prompt_groups, 'prompt')} (responses to prompts: {responses})"
    lines = [f"{count(summary.conversations, 'conversation')} {answers}; turns: {turns}."]
    if words:
        spread = f"{words['median']:g} words at the median ({words['least']:g} to {words['most']:g})"
        lines.append(f"An answer has {spread}, {words['all']:g} in all.")
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
    return "\n".join(lines) + "\n\n" + markdown_table(columns, rows, left=2)
