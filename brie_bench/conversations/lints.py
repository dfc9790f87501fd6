"""The lints that look at one conversation: what spoils training data, each with its code, why it matters and the mend.

A lint is a function from a conversation to the turns it objects to and the words it saw. Turns count from 1; None is the
whole conversation. Only what a model would learn is looked at, unless the fault is as bad in a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from brie_bench.conversations.language import looks_foreign
from brie_bench.spec.conversation import Conversation, Turn

Seen = Iterator[tuple[int | None, str]]
Check = Callable[[Conversation], Seen]


@dataclass(frozen=True, slots=True)
class Lint:
    """A kind of fault."""

    code: str
    severity: Literal["error", "warning", "note"]
    message: str
    mend: str
    check: Check


def found(pattern: re.Pattern[str], *roles: str) -> Check:
    """A check that objects to every turn of `roles` in which `pattern` occurs, once a turn."""

    def check(conversation: Conversation) -> Seen:
        for number, turn in enumerate(conversation.messages, 1):
            if turn.role in roles and (match := pattern.search(turn.content)):
                yield number, excerpt(turn.content, match.start(), match.end())

    return check


def excerpt(text: str, start: int, end: int, margin: int = 25) -> str:
    """The words round a place."""
    return text[max(0, start - margin) : min(end, start + 120) + margin].strip()


ROLE_MARK = re.compile(
    r"^[\s>*_#-]*(?:(?:human|user|assistant|chatgpt|claude|gemini|copilot|gpt-4o?|bard|prompt|response)\s*(?:said\s*)?:"
    r"|(?:you|chatgpt|claude|gemini) said\b|###\s*(?:human|user|assistant|instruction|response|input)\b)"
    r"|<\|(?:im_start|im_end|user|assistant|system|endoftext|eot_id|start_header_id|end_header_id)[^\s|]*\|>|\[/?INST\]|</?s>|<</?SYS>>",
    re.IGNORECASE | re.MULTILINE,
)

BOILERPLATE = re.compile(
    r"\bas an? (?:ai|artificial intelligence|large language|language)(?: language)?(?: model| assistant)?\b[^.\n]{0,40}"
    r"(?:,|i (?:do|don|can|am|cannot|have|lack))"
    r"|\bi(?:'m| am) (?:just |only |merely )?an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bmy (?:training data|knowledge cut-?off)\b|\bi hope this helps\b"
    r"|\blet me know if you(?:'d| would)? (?:like|have|need|want)\b"
    r"|\b(?:great|excellent|fantastic|wonderful) question[!.,]|\bis there anything else (?:i can|you(?:'d| would))\b"
    r"|^(?:certainly|sure|absolutely|of course)[!,.](?: here(?:'s| is| are)\b| i(?:'d| would) be happy\b| let(?:'s| me)\b)"
    r"|\bi(?:'d| would) be happy to (?:help|assist|write|provide|create)\b",
    re.IGNORECASE | re.MULTILINE,
)

REFUSAL = re.compile(
    r"\bi(?:'m| am) (?:sorry|afraid|unable)\b[^.\n]{0,60}\b(?:can(?:'t|not)|unable|not able|won't|to (?:help|assist|provide"
    r"|comply|do|create|write|generate))\b|\bi (?:can(?:'t|not)|won't|must decline to|am not able to|am unable to)"
    r" (?:help|assist|provide|comply|fulfil|fulfill|create|generate|write|engage|discuss|continue)\b"
    r"|\b(?:against|violates?) (?:my|our|the|openai(?:'s)?|anthropic(?:'s)?) (?:guidelines|polic(?:y|ies)|content policy)\b",
    re.IGNORECASE,
)

DEBRIS = re.compile(
    r"</?(?:div|span|p|br|b|i|strong|em|ul|ol|li|h[1-6]|table|tr|td|th|a|img|script|style|font|code|pre)(?:\s[^<>\n]{0,200})?/?>"
    r"|&(?:nbsp|amp|lt|gt|quot|#39|#x27|rsquo|lsquo|ldquo|rdquo|mdash|ndash|hellip);"
    r"|\b(?:Copy code|Regenerate response|Continue generating|Was this response better or worse\?)"
    r"|\u3010[^\u3010\u3011\n]{0,60}\u2020[^\u3010\u3011\n]{0,60}\u3011|:contentReference\[|\\u[0-9a-fA-F]{4}|(?<!\\)\\n(?=\S)"
    r"|[\ue000-\uf8ff]",
)

MOJIBAKE = re.compile(
    r"[\u00c2\u00c3][\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2018\u2019\u201c"
    r"\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]"
    r"|\u00e2\u20ac[\u0080-\u00bf\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u0153\u0178\u2122\u02dc\u0152]"
    r"|\u00f0\u0178[\u0080-\u00ff\u2018-\u2026\u02c6\u2030\u0152\u0153\u0160\u0161\u017d\u017e\u0178]|\ufffd"
)

EMAIL = r"\b[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}\b"
EXEMPT = re.compile(
    r"@(?:[A-Za-z0-9-]+\.)*(?:example\.(?:com|org|net)|example|test|invalid|localhost)(?![\w.-])", re.IGNORECASE
)
PHONE = (
    r"(?<![\w.,-])(?:\+\d{1,3}[ .-]?)(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]?\d{2,4}){2,4}(?![\w-])"
    r"|(?<![\w.,-])\(\d{3}\)[ .-]?\d{3}[ .-]\d{4}(?![\w-])|(?<![\w.,-])\d{3}[.-]\d{3}[.-]\d{4}(?![\w-])"
)
OTHER_PERSONAL = r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?\b"
PERSONAL = re.compile(f"{EMAIL}|{PHONE}|{OTHER_PERSONAL}")

SECRET = re.compile(
    r"\bsk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{20,}|\bAKIA[0-9A-Z]{16}\b|\bASIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}"
    r"|\bgithub_pat_[A-Za-z0-9_]{40,}|\bglpat-[A-Za-z0-9_-]{20,}|\bhf_[A-Za-z0-9]{30,}|\bAIza[0-9A-Za-z_-]{35}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
    r"|\b(?:api[_-]?key|secret|passwd|password|access[_-]?token)\s*[:=]\s*[\"']?[A-Za-z0-9+/_=-]{16,}",
)

_ENDS = re.compile(
    r"[.!?\u2026\u3002\uff01\uff1f:;)\]}\"'\u2019\u201d\u00bb*_`|>~\d]\s*$|\n\s*(?:[-*]|\d+\.)\s[^\n]+$|```\s*$"
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_STOP = frozenset(
    [
        "about",
        "after",
        "also",
        "another",
        "because",
        "been",
        "before",
        "being",
        "between",
        "both",
        "could",
        "does",
        "doing",
        "down",
        "during",
        "each",
        "even",
        "every",
        "from",
        "have",
        "having",
        "here",
        "into",
        "itself",
        "just",
        "like",
        "made",
        "make",
        "many",
        "more",
        "most",
        "much",
        "must",
        "only",
        "other",
        "over",
        "same",
        "should",
        "some",
        "such",
        "than",
        "that",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "thing",
        "things",
        "think",
        "this",
        "those",
        "through",
        "under",
        "very",
        "want",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "with",
        "without",
        "would",
        "your",
        "yours",
        "yourself",
        "please",
        "tell",
        "write",
        "give",
        "explain",
        "describe",
        "answer",
        "question",
        "really",
        "something",
        "anything",
        "know",
    ]
)


def cut_off(conversation: Conversation) -> Seen:
    for number, turn in enumerate(conversation.messages, 1):
        if turn.role != "assistant":
            continue
        text = turn.content.rstrip()
        if text.count("```") % 2:
            yield number, f"{text[-50:]} (a code block is not closed)"
        elif not _ENDS.search(text):
            yield number, text[-60:]


def stems(text: str) -> set[str]:
    """The content words of a text, by their first five letters."""
    return {word[:5] for match in _WORD.finditer(text) if (word := match.group().lower()) not in _STOP}


def mispaired(conversation: Conversation) -> Seen:
    """A long answer that takes up no content word of anything that was said before it."""
    said: set[str] = set()
    for number, turn in enumerate(conversation.messages, 1):
        words = stems(turn.content)
        if turn.role == "assistant" and len(said) >= 4 and len(words) >= 20 and not words & said:
            yield number, turn.content[:80]
        said |= words


SHORTEST, LONGEST = 5, 4_000
"""Words of an assistant's turn."""


def length(conversation: Conversation) -> Seen:
    for number, turn in enumerate(conversation.messages, 1):
        if turn.role == "assistant":
            words = len(turn.content.split())
            if not SHORTEST <= words <= LONGEST:
                yield number, f"{words} words: {turn.content[:40]}"


def language(conversation: Conversation) -> Seen:
    for number, turn in enumerate(conversation.messages, 1):
        if turn.role == "assistant" and (seen := looks_foreign(turn.content)):
            yield number, f"{seen}: {turn.content[:60]}"


def single_turn(conversation: Conversation) -> Seen:
    if sum(turn.role == "user" for turn in conversation.messages) == 1:
        yield None, ""


def personal(conversation: Conversation) -> Seen:
    for number, turn in enumerate(conversation.messages, 1):
        for match in PERSONAL.finditer(turn.content):
            if not EXEMPT.search(match.group()):
                yield number, excerpt(turn.content, match.start(), match.end(), 10)


def first_turn(conversation: Conversation) -> Turn:
    """The user's first turn."""
    return next(turn for turn in conversation.messages if turn.role == "user")
