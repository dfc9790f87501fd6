"""The blind: the only code that applies an order.

`present` puts two completions into slots; `reveal` says whose slot a label means; between them a judge sees a
`Presentation` and nothing else. `parse_label` reads a judge's words in slot terms and cannot know who wrote what, so it
cannot flip anything; `parse_winner` is those two steps, one after the other.

No other module may turn A and B into contender and baseline, or back.

The grammar that `parse_label` reads
    a line that begins with `Winner:` (also `Final verdict:`, `The winner is`), in any case and under any markdown
    emphasis, and then one of `A`, `B`, `Response A`, `Assistant B`, `[[A]]`, `Tie`, `Draw`, `Neither`, alone or followed
    by punctuation; the value may stand on the next line;
    or `[[A]]`, `[[B]]`, `[[C]]` (a tie) anywhere.
Every such statement must say the same; otherwise the verdict is contradictory. With none, it is unparsed. A `Winner:`
line that cannot be read is never passed over: the verdict is unparsed, whatever else is said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from brie_bench.errors import FailureKind, VerdictError, plain
from brie_bench.spec.comparison import Comparison, Order, Presentation
from brie_bench.spec.judgment import Judgment, Label, Verdict, Winner


def present(comparison: Comparison, order: Order) -> Presentation:
    """What a judge is shown: the prompt and two texts. The first one shown is A, whoever wrote it."""
    first, second = comparison.contender.text, comparison.baseline.text
    if order is Order.BASELINE_FIRST:
        first, second = second, first
    return Presentation(messages=comparison.item.prompt.turns, a=first, b=second, criteria=comparison.criteria)


def reveal(label: Label, labels: Order) -> Winner:
    """Who a label means. `labels` says who was called A; nothing else decides, least of all who was printed first."""
    if label is Label.TIE:
        return Winner.TIE
    a_is_contender = labels is Order.CONTENDER_FIRST
    return Winner.CONTENDER if (label is Label.A) == a_is_contender else Winner.BASELINE


def slots(labels: Order) -> dict[Winner, Label]:
    """The slot each side was in: `reveal` backwards."""
    return {reveal(label, labels): label for label in Label}


def judgment(verdict: Verdict, labels: Order, *, shown: Order | None, **recorded: object) -> Judgment:
    """`verdict`, revealed by `labels`. `recorded` fills the judgment's other fields."""
    fields = {"preference": preference(verdict, labels), **recorded}
    return Judgment.model_validate(
        {"winner": reveal(verdict.label, labels), "labels": labels, "shown": shown, "verdict": verdict, **fields}
    )


def preference(verdict: Verdict, labels: Order) -> float | None:
    """P(contender) + ½ P(tie), or None where the judge gave no probabilities."""
    of_a = verdict.preference_a
    return of_a if of_a is None or labels is Order.CONTENDER_FIRST else 1.0 - of_a


def score_of(label: str | None, labels: str) -> float:
    """A label's worth to the contender: 1 a win, ½ a tie, 0 a loss; NaN without a label."""
    return math.nan if label is None else _WORTH[reveal(Label(label), Order(labels))]


def scores_of(judgment: Judgment) -> dict[Winner, dict[str, int]]:
    """Criterion scores by side; a side without scores has none."""
    slot = slots(judgment.labels)
    return {side: judgment.verdict.scores.get(slot[side], {}) for side in (Winner.CONTENDER, Winner.BASELINE)}


def parse_winner(text: str, labels: Order) -> Winner:
    """`reveal(parse_label(text), labels)`, nothing more."""
    return reveal(parse_label(text), labels)


def parse_label(text: str) -> Label:
    """The verdict that a judge's text states, by the grammar above.

    Raises VerdictError of kind `unparsed` or `contradictory`, with the text as its `raw`. Never guesses.
    """
    stated: set[Label] = set()
    for statement in _statements(text):
        label = _read(statement)
        if label is None:
            raise VerdictError(
                FailureKind.UNPARSED, f"the verdict '{plain(statement, 60)}' names neither A, B nor a tie", raw=text
            )
        stated.add(label)
    if not stated:
        raise VerdictError(FailureKind.UNPARSED, "no line 'Winner: …' and no [[A]], [[B]] or [[C]]", raw=text)
    if len(stated) > 1:
        said = ", ".join(sorted(stated))
        raise VerdictError(FailureKind.CONTRADICTORY, f"several verdicts that disagree: {said}", raw=text)
    return stated.pop()


_WORTH = {Winner.CONTENDER: 1.0, Winner.TIE: 0.5, Winner.BASELINE: 0.0}

_DECORATION = r"[\s*_#>`~|-]*"
_LINE = re.compile(
    rf"^{_DECORATION}(?:(?:the|my|final|overall)\s+){{0,2}}(?:winner|verdict)\b{_DECORATION}"
    r"(?:(?:is|:|=)|(?P<bare>$))"
    r"(?P<value>.*)$",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\[\[\s*(A|B|C|tie)\s*\]\]", re.IGNORECASE)
_VALUE = re.compile(
    r"^(?:the\s+)?(?:(?:response|assistant|answer|option|text)\s+)?"
    r"(?:(?P<slot>[AB])|(?P<tie>(?:a\s+)?(?:tie|tied|draw)|neither))"
    r"(?P<rest>(?![\w'’]).*)$",
    re.IGNORECASE,
)
_SLOT_TOO = re.compile(
    r"^\W*(?:(?:and|or|nor)\s+)?(?:(?:response|assistant|answer)\s+)?(?:[AB]|tie|draw)\W*$", re.IGNORECASE
)
_BOTH = re.compile(
    r"^(?:between\s+)?(?:(?:response|assistant)s?\s+)?A\s+(?:and|nor)\s+(?:(?:response|assistant)\s+)?B\W*$",
    re.IGNORECASE,
)


def _statements(text: str) -> Iterator[str]:
    """The value of every `Winner:` line, and every bracketed label that is not part of one."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        match = _LINE.match(line[:400])
        if match is None:
            yield from (bracketed.group() for bracketed in _BRACKETS.finditer(line))
            continue
        value = _undecorated(match["value"] or "")
        yield value or _next_words(lines, number)


def _next_words(lines: list[str], number: int) -> str:
    """The first line after `number` that says anything."""
    return next((words for line in lines[number + 1 : number + 4] if (words := _undecorated(line[:400]))), "")


def _undecorated(value: str) -> str:
    """`value` without markdown emphasis, quotes and the white space round them."""
    return re.sub(r"[*_`~#>|\"“”]", "", value).strip(" \t:=")


def _read(value: str) -> Label | None:
    """The label that one statement names, or None."""
    bracketed = {match[1].upper() for match in _BRACKETS.finditer(value)}
    if bracketed:
        return _BRACKETED[bracketed.pop()] if len(bracketed) == 1 else None
    match = _VALUE.match(value.strip("[]() \t"))
    if match is None:
        return None
    rest = match["rest"].strip()
    if match["tie"] is not None:
        return Label.TIE if not rest or _BOTH.match(rest) or not rest[0].isalnum() else None
    if rest and (rest[0].isalnum() or rest[0] in "/&+" or _SLOT_TOO.match(rest)):
        return None
    return Label(match["slot"].upper())


_BRACKETED = {"A": Label.A, "B": Label.B, "C": Label.TIE, "TIE": Label.TIE}
