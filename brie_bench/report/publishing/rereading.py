"""One line against itself: the verdict read again from the judge's own words, and revealed again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from brie_bench.blind import parse_label, preference, reveal
from brie_bench.errors import VerdictError
from brie_bench.report.publishing.differences import Fault
from brie_bench.spec.base import digest
from brie_bench.spec.comparison import Order
from brie_bench.spec.judgment import Label, Verdict
from brie_bench.spec.prompt import Prompt
from brie_bench.spec.published import PublishedJudgment, PublishedText

_EXACT = 1e-9


class Said(NamedTuple):
    """What a judge's whole answer says, as far as it can be read here."""

    label: Label | None = None
    probabilities: dict[str, float] | None = None


def said(raw: str, *, imported: bool) -> Said:
    """The verdict in a judge's whole answer.

    In words by the grammar of `parse_label`; in JSON by its key `winner`, a label or a probability for each. Nothing where
    it is in a form of the judge's own, or in somebody else's JSON.
    """
    if raw.lstrip()[:1] == "{":
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            pass
        else:
            return Said() if imported else _in_json(value.get("winner"))
    try:
        return Said(parse_label(raw))
    except VerdictError:
        return Said()


def _in_json(winner: Any) -> Said:
    labels = set(map(str, Label))
    if isinstance(winner, str):
        return Said(Label(winner) if winner in labels else None)
    if not isinstance(winner, dict) or not winner or not winner.keys() <= labels:
        return Said()
    if not all(isinstance(chance, float | int) for chance in winner.values()):
        return Said()
    highest = max(winner.values())
    best = [label for label, chance in winner.items() if chance == highest]
    return Said(Label(best[0]) if len(best) == 1 else Label.TIE, winner)


def verdict_faults(line: PublishedJudgment, verdict: Verdict, labels: Order, read: Said) -> Iterator[Fault]:
    """Where the columns of `verdict`, the one of `line`, disagree with each other or with what was `read`."""
    if read.label is not None and read.label is not verdict.label:
        yield "label, by the judge's raw text", read.label, verdict.label
    if read.probabilities is not None and read.probabilities != (verdict.probabilities or {}):
        yield "probabilities, by the judge's raw text", read.probabilities, verdict.probabilities
    raw_digest = digest(line.raw) if line.raw else None
    if raw_digest != line.raw_digest:
        yield "raw_digest, of the judge's raw text", raw_digest, line.raw_digest
    winner = reveal(verdict.label, labels)
    if winner is not line.winner:
        yield f"winner, of label {verdict.label} with labels {labels}", winner, line.winner
    preferred, found = preference(verdict, labels), line.preference
    if preferred != found and (preferred is None or found is None or abs(preferred - found) > _EXACT):
        yield "preference, of its probabilities", preferred, found


def prompt_faults(line: PublishedJudgment) -> Iterator[Fault]:
    """Whether a prompt's digest is that of its words, where they are published."""
    if line.messages:
        made = Prompt(id=line.prompt_id, messages=line.messages).key
        if made != line.prompt:
            yield "prompt, of its words", made, line.prompt


def text_faults(side: str, text: PublishedText) -> Iterator[Fault]:
    """Whether a completion's digest and length are its text's, where it is published."""
    if text.text is not None:
        for name, made in (("digest", digest(text.text)), ("length", len(text.text))):
            if made != getattr(text, name):
                yield f"{side}.{name}, of its text", made, getattr(text, name)
