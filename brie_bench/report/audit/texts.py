"""Findings about the completions: cut off, refusing, empty, or telling who wrote them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.errors import plain
from brie_bench.report.words import count, percent
from brie_bench.spec.leaderboard import Finding

SHARE = 0.05
"""The share of cut-off completions above which it is said."""

_ENDS = re.compile(r"[.!?…。！？:;)\]}\"'”’»*_`|>~\d]\s*$")

_CANNOT = r"(?:can(?:'|’)?t|can ?not|won(?:'|’)?t|will not|am (?:unable|not able) to|(?:'|’)m (?:unable|not able) to)"
_ASKED = (
    r"(?:provide|write|create|generate|produce|discuss|answer|engage|share|offer|complete|continue|do|support)\b"
    r"[^.!?\n]{0,60}\b(?:th(?:at|is|ese|ose)|such|it|request|content)\b"
)
_REFUSAL = re.compile(
    # an apology for what the writer cannot do (not for what somebody else cannot)
    r"^\W*(?:i(?:'|’)?m (?:sorry|afraid)|i am (?:sorry|afraid)|sorry|(?:i|my) apologi[sz]e?s?)\b[^.!?\n]{0,60}?"
    rf"\b(?:i ?|we ){_CANNOT}\b"
    # or, without one, what is refused: help, or the thing that was asked for
    rf"|^\W*(?:i ?|we ){_CANNOT} (?:(?:help|assist)(?: you)?(?: (?:with|in)\b|[.,!;])|comply\b|fulfil|{_ASKED})",
    re.IGNORECASE,
)
_MODELS = r"(?:chatgpt|claude|gemini|gpt-?\d\w*|llama|qwen|mistral|deepseek|bard|grok)"
_MAKERS = r"(?:openai|anthropic|google|meta ai|alibaba|mistral ai|deepseek|xai)"
_MADE = r"(?:created|made|trained|developed|built) by"
_SELF = re.compile(
    # who speaks of itself: "I am Claude", but not "I am Claude Monet"; "as ChatGPT, I", but not "such as Gemini"
    r"\b(?i:i am|i(?:'|’)m|my name is|call me) (?i:(?:an? )?(?:ai |language )*(?:model|assistant|bot),? (?:called |named )?)?"
    rf"(?i:{_MODELS})\b(?!(?i: of)|[ -][A-Z])"
    rf"|(?<![Ss]uch )\b(?i:as {_MODELS}), I\b"
    r"|\b(?i:i was|i am|i(?:'|’)m|ai|model|assistant|chatbot)"
    rf"(?i:,? (?:that was |which was |an? [a-z ]{{0,30}}?)?{_MADE} {_MAKERS})\b"
)
_MODEL_NAMES = ("gpt", "claude", "gemini", "llama", "qwen", "mistral", "deepseek", "bard", "grok")


def _may_tell(text: str) -> bool:
    """Whether `text` holds what `_SELF` needs at the least: quickly said, of almost all texts that it does not."""
    text = text.lower()
    for name in _MODEL_NAMES:
        if name in text:
            return True
    return "ed by " in text or "made by " in text or "built by " in text


@dataclass
class _Side:
    """What was seen of one side's distinct completions."""

    total: int = 0
    known: int = 0
    cut: int = 0
    looks_cut: int = 0
    refused: int = 0
    empty: int = 0
    tells: list[str] = field(default_factory=list)


def text_findings(ledger: Ledger, run: RunRow) -> Iterator[Finding]:
    """Shares of cut-off, refusing and empty completions by side, and texts that name their maker."""
    sides, words = _sides(ledger, run)
    yield from _identical(ledger, run, words)
    yield from _cut_off(sides)
    yield from _said(
        sides, "refused", "refused-completions", "refuse to answer", "look at the prompts that are refused"
    )
    yield from _said(sides, "empty", "empty-completions", "are empty", "look at the stop sequences and the token limit")
    told = {name: side.tells for name, side in sides.items() if side.tells}
    if told:
        each = "; ".join(f"{plain(name)} {len(tells)} of {sides[name].total}" for name, tells in told.items())
        yield Finding(
            code="self-identification",
            severity="warning",
            message=f"Completions name their maker ({each}): a judge that reads them is not blind. Look at the"
            " examples, and leave those prompts out or mask the names.",
            count=sum(map(len, told.values())),
            examples=tuple(text for tells in told.values() for text in tells[:3]),
        )


def _sides(ledger: Ledger, run: RunRow) -> tuple[dict[str, _Side], dict[str, int]]:
    """What each side wrote, by name; and a hash of each text that is not blank, by key."""
    record = json.loads(run.record)
    sides = {each["name"]: _Side() for each in (record["baseline"], *record["contenders"])}
    query = (
        "SELECT name, key, record FROM (SELECT ? AS name, baseline_key AS key FROM comparison WHERE run = ?"
        " UNION SELECT contender, contender_key FROM comparison WHERE run = ?) JOIN completion USING (key) WHERE kind IS NULL"
    )
    words = {}
    for name, key, text in ledger.stream(query, record["baseline"]["name"], run.number, run.number):
        completion = json.loads(text)
        _look(sides[name], completion)
        if completion["text"].strip():
            words[key] = hash(completion["text"])
    return sides, words


def _look(side: _Side, completion: dict[str, str]) -> None:
    text = completion["text"]
    reason = completion.get("finish_reason", "unknown")
    side.total += 1
    side.known += reason != "unknown"
    side.cut += reason == "length"
    side.looks_cut += reason == "unknown" and bool(text.strip()) and not _ENDS.search(text[-20:])
    side.refused += reason == "refused" or bool(_REFUSAL.match(text[:300]))
    side.empty += not text.strip()
    match = _SELF.search(text) if _may_tell(text) else None
    if match:
        side.tells.append(plain(text[max(0, match.start() - 30) : match.end() + 30], 120))


def _identical(ledger: Ledger, run: RunRow, words: dict[str, int]) -> Iterator[Finding]:
    """A contender that writes what its baseline writes: an adapter that was never applied, say."""
    total: Counter[str] = Counter()
    same: Counter[str] = Counter()
    query = "SELECT contender, contender_key, baseline_key FROM comparison WHERE run = ?"
    for name, contender, baseline in ledger.stream(query, run.number):
        if contender in words:
            total[name] += 1
            same[name] += words[contender] == words.get(baseline)
    for name in sorted(total):
        if same[name] > SHARE * total[name]:
            yield Finding(
                code="identical-completions",
                severity="error" if same[name] > total[name] / 2 else "warning",
                message=f"{plain(name)} wrote the same text as the baseline in {same[name]} of"
                f" {count(total[name], 'comparison')}. Check that it is another model, and that its adapter is applied.",
                count=same[name],
            )


def _cut_off(sides: dict[str, _Side]) -> Iterator[Finding]:
    for known in (True, False):
        shares = {
            name: (side.cut, side.known) if known else (side.looks_cut, side.total - side.known)
            for name, side in sides.items()
        }
        if not any(cut > SHARE * total for cut, total in shares.values()):
            continue
        each = "; ".join(
            f"{plain(name)} {cut} of {total} ({percent(cut / total)})" for name, (cut, total) in shares.items() if total
        )
        how = (
            "were cut off at the token limit"
            if known
            else "end in mid-sentence, as if cut off (no finish reason is recorded)"
        )
        yield Finding(
            code="truncated-completions",
            severity="warning",
            message=f"Completions {how}: {each}. They are judged as they are; raise max_tokens to judge whole answers.",
            count=sum(cut for cut, _ in shares.values()),
        )


def _said(sides: dict[str, _Side], field: str, code: str, what: str, mend: str) -> Iterator[Finding]:
    shares = {name: getattr(side, field) for name, side in sides.items()}
    number = sum(shares.values())
    if number:
        each = "; ".join(f"{plain(name)} {shares[name]} of {side.total}" for name, side in sides.items() if side.total)
        yield Finding(
            code=code,
            severity="warning",
            message=f"{count(number, 'completion')} {what if number > 1 else _SINGULAR[what]} ({each}). They are judged as"
            f" they are; {mend}.",
            count=number,
        )


_SINGULAR = {"refuse to answer": "refuses to answer", "are empty": "is empty"}
