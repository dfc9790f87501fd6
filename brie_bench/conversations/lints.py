"""The checks that look at one conversation: what spoils training data.

A check is a function from the texts of a conversation's turns to the turns it objects to and the words it saw. Turns count
from 1; None is the whole conversation. Only what a model would learn is looked at, unless the fault is as bad in a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence

from brie_bench.conversations.language import looks_foreign
from brie_bench.conversations.patterns import EMAIL, EXEMPT, NUMBER, TWO_DIGITS, Pattern
from brie_bench.conversations.text import Text
from brie_bench.spec.conversation import Conversation, Turn

Seen = Iterator[tuple[int | None, str]]
Check = Callable[[Sequence[Text]], Seen]


def found(pattern: Pattern, *roles: str) -> Check:
    """A check that objects to every turn of `roles` in which `pattern` occurs, once a turn."""

    def check(texts: Sequence[Text]) -> Seen:
        for number, text in enumerate(texts, 1):
            if text.role in roles and (match := pattern.search(text)):
                yield number, excerpt(text.content, match.start(), match.end())

    return check


def excerpt(text: str, start: int, end: int, margin: int = 25) -> str:
    """The words round a place."""
    return text[max(0, start - margin) : min(end, start + 120) + margin].strip()


_ENDS = frozenset(".!?\u2026\u3002\uff01\uff1f:;)]}\"'\u2019\u201d\u00bb*_`|>~")
_ITEM = re.compile(r"\s*(?:[-*]|\d+\.)\s")


def cut_off(texts: Sequence[Text]) -> Seen:
    """An answer that ends without a mark, a digit or a list's item, or inside of a code block."""
    for number, each in enumerate(texts, 1):
        if each.role != "assistant":
            continue
        text = each.content.rstrip()
        last = text.rfind("\n") + 1
        if text.count("```") % 2:
            yield number, f"{text[-50:]} (a code block is not closed)"
        elif not (text[-1] in _ENDS or text[-1].isdecimal() or (last and _ITEM.match(text, last))):
            yield number, text[-60:]


_NO_CONTENT = (
    "about after also another because been before being between both could does doing down during each even"
    " every from have having here into itself just like made make many more most much must only other over"
    " same should some such than that their them then there these they thing things think this those through"
    " under very want were what when where which while with without would your yours yourself please tell"
    " write give explain describe answer question really something anything know"
)
_STOP = frozenset(_NO_CONTENT.split())


def stems(words: Collection[str]) -> set[str]:
    """Of words in lower case, those with content, by their first five letters."""
    return {word[:5] for word in words if len(word) > 3 and word not in _STOP}


def mispaired(texts: Sequence[Text]) -> Seen:
    """A long answer that takes up no content word of anything that was said before it."""
    said: set[str] = set()
    for number, text in enumerate(texts, 1):
        words = set(text.words)
        if text.role == "assistant" and not stems(words & said):  # a whole word in common spares us the stems
            mine, theirs = stems(words), stems(said)
            if len(theirs) >= 4 and len(mine) >= 20 and mine.isdisjoint(theirs):
                yield number, text.content[:80]
        said |= words


SHORTEST, LONGEST = 5, 4_000
"""Words of an assistant's turn."""


def length(texts: Sequence[Text]) -> Seen:
    """An answer of too few words, or too many."""
    for number, text in enumerate(texts, 1):
        content = text.content
        if text.role == "assistant" and (len(content) > 2 * LONGEST or len(content.split(None, SHORTEST)) < SHORTEST):
            words = len(content.split())
            if not SHORTEST <= words <= LONGEST:
                yield number, f"{words} words: {content[:40]}"


def language(texts: Sequence[Text]) -> Seen:
    """An answer that is not in English."""
    for number, text in enumerate(texts, 1):
        if text.role == "assistant" and (seen := looks_foreign(text)):
            yield number, f"{seen}: {text.content[:60]}"


def single_turn(texts: Sequence[Text]) -> Seen:
    """One exchange only."""
    if sum(text.role == "user" for text in texts) == 1:
        yield None, ""


def personal(texts: Sequence[Text]) -> Seen:
    """Every address and number of a person."""
    for number, text in enumerate(texts, 1):
        content = text.content
        matches = list(EMAIL.finditer(content)) if "@" in content else []
        if TWO_DIGITS.search(content):
            matches += NUMBER.finditer(content)
        for match in sorted(matches, key=re.Match.start):
            if not EXEMPT.search(match.group()):
                yield number, excerpt(content, match.start(), match.end(), 10)


def first_turn(conversation: Conversation) -> Turn:
    """The user's first turn."""
    return next(turn for turn in conversation.messages if turn.role == "user")
