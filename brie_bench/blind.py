"""The blind: the only code that applies an order.

`present` puts two completions into slots; `reveal` says whose slot a label means; between them a judge sees a
`Presentation` and nothing else. `parse_label` reads a judge's words in slot terms and cannot know who wrote what, so it
cannot flip anything; `parse_winner` is those two steps, one after the other.

No other module may turn A and B into contender and baseline, or back.

The grammar that `parse_label` reads
    a line that begins with `Winner:` (also `Final verdict:`, `The winner is`), in any case and under any markdown
    emphasis, and then one of `A`, `B`, `Response A`, `Assistant B`, `Tie`, `Draw`, `Neither`, alone or followed by
    punctuation, but not by another label to choose from (`A, B or Tie`, `A: 7/10, B: 9/10`); the value may stand on the
    next line; or `[[A]]`, `[[B]]`, `[[C]]` (a tie) anywhere, on such a line too.
Every such statement must say the same; otherwise the verdict is contradictory, as it is when it is taken back (`Winner: A
- wait, I mean B`, or on a later line `On reflection, the winner is B`). With none, it is unparsed. A `Winner:`
line that cannot be read and holds no `[[A]]` is never passed over: the verdict is unparsed, whatever else is said. A bare
heading (`Verdict`) over a line that names no label says nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import takewhile

from brie_bench.errors import FailureKind, VerdictError, plain
from brie_bench.spec.comparison import Comparison, Order, Presentation
from brie_bench.spec.judgment import Judgment, Label, Verdict, Winner


def present(comparison: Comparison, order: Order) -> Presentation:
    """What a judge is shown: the prompt and two texts. The first one shown is A, whoever wrote it."""
    text = {Winner.CONTENDER: comparison.contender.text, Winner.BASELINE: comparison.baseline.text}
    a, b = (text[reveal(label, order)] for label in (Label.A, Label.B))
    return Presentation(messages=comparison.item.prompt.turns, a=a, b=b, criteria=comparison.criteria)


_MEANT = {
    (Label.A, Order.BASELINE_FIRST): Winner.BASELINE,
    (Label.B, Order.BASELINE_FIRST): Winner.CONTENDER,
    (Label.TIE, Order.BASELINE_FIRST): Winner.TIE,
    (Label.A, Order.CONTENDER_FIRST): Winner.CONTENDER,
    (Label.B, Order.CONTENDER_FIRST): Winner.BASELINE,
    (Label.TIE, Order.CONTENDER_FIRST): Winner.TIE,
}


def reveal(label: Label, labels: Order) -> Winner:
    """Who a label means. `labels` says who was called A; nothing else decides, least of all who was printed first.

    Raises ValueError for what is no label or no order.
    """
    return _MEANT[Label(label), Order(labels)]


def slots(labels: Order) -> dict[Winner, Label]:
    """The slot each side was in: `reveal` backwards."""
    return {reveal(label, labels): label for label in Label}


def judgment(verdict: Verdict, labels: Order, *, shown: Order | None, **recorded: object) -> Judgment:
    """`verdict`, revealed by `labels`. `recorded` fills the judgment's other fields; the winner is never one of them."""
    fields = {"preference": preference(verdict, labels), **recorded}
    return Judgment.model_validate(
        {**fields, "winner": reveal(verdict.label, labels), "labels": labels, "shown": shown, "verdict": verdict}
    )


def preference(verdict: Verdict, labels: Order) -> float | None:
    """P(contender) + ½ P(tie), or None where the judge gave no probabilities."""
    of_a = verdict.preference_a
    return of_a if of_a is None or reveal(Label.A, labels) is Winner.CONTENDER else 1.0 - of_a


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

    Raises VerdictError of kind `unparsed` or `contradictory`, with the text as its `raw`. Never guesses. Its time grows
    with the length of the text and no faster, whatever the text.
    """
    stated = set(_stated(text))
    if not stated:
        raise VerdictError(FailureKind.UNPARSED, "no line 'Winner: …' and no [[A]], [[B]] or [[C]]", raw=text)
    label, *others = sorted(stated)
    if others:
        said = ", ".join([label, *others])
        raise VerdictError(FailureKind.CONTRADICTORY, f"several verdicts that disagree: {said}", raw=text)
    return label


_WORTH = {Winner.CONTENDER: 1.0, Winner.TIE: 0.5, Winner.BASELINE: 0.0}

_DECORATION = r"[\s*_#>`~|-]*"
_LINE = re.compile(
    rf"{_DECORATION}(?:(?:the|my|final|overall)\s+){{0,2}}(?:winner|verdict)(?![^\W_]){_DECORATION}"
    r"(?:is(?![^\W_])|[:=]|(?P<bare>$))"
    r"(?P<value>.*)",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\[\[\s*([ABCabc]|(?ai:tie))\s*\]\]")
_BRACKETED = {"A": Label.A, "B": Label.B, "C": Label.TIE, "TIE": Label.TIE}
_VALUE = re.compile(
    r"(?ai:the\s+)?(?ai:(?:response|assistant|answer|option|text)\s+)?"
    r"(?:(?P<tie>(?ai:(?:a\s+)?(?:tie|tied|draw)|neither))|(?P<slot>[ABab]))"
    r"(?P<rest>(?![\w'’]|-\w).*)"
)
_BOTH = re.compile(
    r"(?:between\s+)?(?:(?:response|assistant)s?\s+)?A\s+(?:and|nor)\s+(?:(?:response|assistant)\s+)?B\W*$",
    re.IGNORECASE,
)
_CUE = r"\b(?ai:wait|correction|actually|oops|scratch that|i mean|i meant|on reflection|on second thought|on second thoughts)\b"
_SLOT = r"\b(?P<slot>[AB])\b(?!['’])"
_TAKEN_BACK = re.compile(rf"{_CUE}[^.!?]{{0,40}}?{_SLOT}")
_RESTATED = re.compile(rf"{_CUE}[^.!?]{{0,40}}?\b(?ai:winner|verdict)\b[^.!?]{{0,20}}?{_SLOT}")
_WORD = re.compile(r"[^\W\d]\w*")
_ARTICLE = re.compile(r"a\s+(?=tie|draw)", re.IGNORECASE)
_NAMES = {"a": Label.A, "b": Label.B, **dict.fromkeys(("tie", "tied", "draw", "neither"), Label.TIE)}
_BETWEEN_NAMES = frozenset(["and", "or", "nor", "vs", "the", "response", "assistant", "answer", "option", "text"])


def _stated(text: str) -> Iterator[Label]:
    """What every `Winner:` line and every bracketed label says. Raises VerdictError for a line that cannot be read."""
    lines = text.splitlines()
    said = False
    for number, line in enumerate(lines):
        bracketed = [_BRACKETED[match[1].upper()] for match in _BRACKETS.finditer(line)]
        yield from bracketed
        match = _LINE.match(line)
        if match is None:
            if said:
                yield from _slots(_RESTATED, line)
            continue
        value = _undecorated(_BRACKETS.sub(" ", match["value"]))
        if not value and not bracketed:
            value = _next_words(lines, number)
            below = _LINE.match(value)
            if _BRACKETS.search(value) or (below and below["bare"] is None):
                continue  # a heading over the statement: that line speaks for itself
        label = _read(value)
        if label is not None:
            yield label
            yield from _slots(_TAKEN_BACK, value)
            said = True
        elif not bracketed and match["bare"] is None:
            raise VerdictError(
                FailureKind.UNPARSED, f"the verdict '{plain(value, 60)}' names neither A, B nor a tie", raw=text
            )


def _slots(pattern: re.Pattern[str], words: str) -> Iterator[Label]:
    """The labels by which a verdict is corrected."""
    return (Label(match["slot"]) for match in pattern.finditer(words))


def _next_words(lines: list[str], number: int) -> str:
    """The first line after `number` that says anything."""
    return next((words for line in lines[number + 1 : number + 4] if (words := _undecorated(line))), "")


def _undecorated(value: str) -> str:
    """`value` without markdown emphasis, quotes and the white space round them."""
    return re.sub(r"^[\s:=]+", "", re.sub(r"[*_`~#>|\"“”]", "", value)).strip()


def _read(value: str) -> Label | None:
    """The label that one statement names, or None."""
    match = _VALUE.match(value.strip("[]()'‘’ \t"))
    if match is None:
        return None
    rest = match["rest"].strip()
    if match["tie"] and _BOTH.match(rest):
        return Label.TIE
    if rest and (rest[0].isalnum() or rest[0] in "/&+?"):
        return None
    label = Label.TIE if match["tie"] else Label(match["slot"].upper())
    return label if _agrees(label, rest) else None


def _agrees(label: Label, rest: str) -> bool:
    """Whether what follows a label is something else than a choice of labels, as in `A, B or Tie`."""
    words = [word.lower() for word in _WORD.findall(_ARTICLE.sub("", rest))]
    listed = list(takewhile(lambda word: word in _NAMES or word in _BETWEEN_NAMES, words))
    others = {_NAMES[word] for word in listed if word in _NAMES} - {label}
    return "or" not in listed and (listed != words or others in (set(), {Label.A, Label.B}))
