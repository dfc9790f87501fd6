"""Findings about the completions: cut off, refusing, empty, or telling who wrote them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.errors import plain
from brie_bench.report.words import count
from brie_bench.spec.leaderboard import Finding

SHARE = 0.05
"""The share of cut-off completions above which it is said."""

_ENDS = re.compile(r"[.!?…。！？:;)\]}\"'”’»*_`|>~\d]\s*$")
_REFUSAL = re.compile(
    r"^\W*(?:i(?:'|’)?m (?:sorry|afraid)|i am (?:sorry|afraid)|sorry|i apologi[sz]e|i (?:can(?:'|’)?t|cannot|won(?:'|’)?t"
    r"|am unable to|(?:'|’)m unable to))\b[^.!?\n]{0,80}\b(?:can(?:'|’)?t|cannot|unable|not able|won(?:'|’)?t|help|assist"
    r"|comply|provide)",
    re.IGNORECASE,
)
_SELF = re.compile(
    r"\b(?:as an ai(?: language)? model|i am|i(?:'|’)m|my name is|as) (?:an? (?:ai )?(?:language )?(?:model|assistant)"
    r"(?: (?:created|made|trained|developed) by)? )?(?:chatgpt|claude|gemini|gpt-?\d\w*|llama|qwen|mistral|deepseek|bard|grok)\b"
    r"|\b(?:created|made|trained|developed|built) by (?:openai|anthropic|google|meta ai|alibaba|mistral ai|deepseek|xai)\b",
    re.IGNORECASE,
)


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
    sides = _sides(ledger, run)
    yield from _identical(ledger, run)
    yield from _cut_off(sides)
    yield from _said(
        sides, "refused", "refused-completions", "warning", "refuse to answer", "they are judged as they are"
    )
    yield from _said(sides, "empty", "empty-completions", "warning", "are empty", "they are judged as they are")
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


def _sides(ledger: Ledger, run: RunRow) -> dict[str, _Side]:
    record = json.loads(run.record)
    sides = {each["name"]: _Side() for each in (record["baseline"], *record["contenders"])}
    query = (
        "SELECT DISTINCT name, key, record FROM (SELECT ? AS name, baseline_key AS key FROM comparison WHERE run = ?"
        " UNION SELECT contender, contender_key FROM comparison WHERE run = ?) JOIN completion USING (key)"
    )
    for name, _, text in ledger.select(query, record["baseline"]["name"], run.number, run.number):
        _look(sides[name], json.loads(text))
    return sides


def _look(side: _Side, completion: dict[str, str]) -> None:
    text = completion["text"]
    reason = completion.get("finish_reason", "unknown")
    side.total += 1
    side.known += reason != "unknown"
    side.cut += reason == "length"
    side.looks_cut += reason == "unknown" and bool(text.strip()) and not _ENDS.search(text[-20:])
    side.refused += reason == "refused" or bool(_REFUSAL.match(text[:300]))
    side.empty += not text.strip()
    match = _SELF.search(text)
    if match:
        side.tells.append(plain(text[max(0, match.start() - 30) : match.end() + 30], 120))


def _identical(ledger: Ledger, run: RunRow) -> Iterator[Finding]:
    """A contender that writes what its baseline writes: an adapter that was never applied, say."""
    rows = ledger.select(
        "SELECT c.contender, count(*), sum(json_extract(a.record, '$.text') = json_extract(b.record, '$.text'))"
        " FROM comparison c JOIN completion a ON a.key = c.contender_key JOIN completion b ON b.key = c.baseline_key"
        " WHERE c.run = ? AND json_extract(a.record, '$.text') != '' GROUP BY c.contender ORDER BY c.contender",
        run.number,
    )
    for name, total, same in rows:
        if same > SHARE * total:
            yield Finding(
                code="identical-completions",
                severity="error" if same > total / 2 else "warning",
                message=f"{plain(name)} wrote the same text as the baseline in {same} of {count(total, 'comparison')}: is it another"
                " model at all, and is its adapter applied?",
                count=same,
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
            f"{plain(name)} {cut} of {total} ({cut / total:.0%})" for name, (cut, total) in shares.items() if total
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


def _said(sides: dict[str, _Side], field: str, code: str, severity: str, what: str, note: str) -> Iterator[Finding]:
    shares = {name: getattr(side, field) for name, side in sides.items()}
    number = sum(shares.values())
    if number:
        each = "; ".join(f"{plain(name)} {shares[name]} of {side.total}" for name, side in sides.items() if side.total)
        yield Finding.model_validate(
            {
                "code": code,
                "severity": severity,
                "message": f"{count(number, 'completion')} {what} ({each}); {note}.",
                "count": number,
            }
        )
