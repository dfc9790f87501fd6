"""What faults look like: regular expressions, each with the words that tell where it is worth a search."""

from __future__ import annotations

import re
from dataclasses import dataclass

from brie_bench.conversations.text import Text


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression, and what every text that matches it holds."""

    expression: re.Pattern[str]
    hints: tuple[str, ...] = ("",)
    """In lower case: a text that holds none of them has no match. Looking for words is far quicker than searching."""
    beyond_ascii: bool = False
    """Whether a text beyond ASCII is searched without a hint."""

    def search(self, text: Text) -> re.Match[str] | None:
        """The first match in a text."""
        lower = text.lower
        for hint in self.hints:
            if hint in lower:
                return self.expression.search(text.content)
        if self.beyond_ascii and not lower.isascii():
            return self.expression.search(text.content)
        return None

    def sub(self, replacement: str, text: str) -> str:
        """`text` with every match replaced."""
        return self.expression.sub(replacement, text)


def _prose(expression: str) -> re.Pattern[str]:
    """An expression in any case, line by line, whose apostrophes are of either kind."""
    return re.compile(expression.replace("'", "['\u2019]"), re.IGNORECASE | re.MULTILINE)


ROLE_MARK = Pattern(
    re.compile(
        r"^[\s>*_#-]*(?:(?:human|user|assistant|chatgpt|claude|gemini|copilot|gpt-4o?|bard|prompt|response)\s*(?:said\s*)?:"
        r"|(?:you|chatgpt|claude|gemini) said\b|###\s*(?:human|user|assistant|instruction|response|input)\b)"
        r"|<\|(?:im_start|im_end|user|assistant|system|endoftext|eot_id|start_header_id|end_header_id)[^\s|]*\|>|\[/?INST\]"
        r"|</?s>|<</?SYS>>",
        re.IGNORECASE | re.MULTILINE,
    ),
    (":", "you said", "chatgpt said", "claude said", "gemini said", "###", "<", "inst]"),
)

BOILERPLATE = Pattern(
    _prose(
        r"\bas an? (?:ai|artificial intelligence|large language|language)(?: language)?(?: model| assistant)?\b[^.\n]{0,40}"
        r"(?:,|i (?:do|don|can|am|cannot|have|lack))"
        r"|\bi(?:'m| am) (?:just |only |merely )?an? (?:ai|artificial intelligence|(?:large )?language model)\b"
        r"|\bmy (?:training data|knowledge cut-?off)\b|\bi hope this helps\b"
        r"|\blet me know if you(?:'d| would)? (?:like|have|need|want)\b"
        r"|\b(?:great|excellent|fantastic|wonderful) question[!.,]|\bis there anything else (?:i can|you(?:'d| would))\b"
        r"|^(?:certainly|sure|absolutely|of course)[!,.](?: here(?:'s| is| are)\b| i(?:'d| would) be happy\b| let(?:'s| me)\b)"
        r"|\bi(?:'d| would) be happy to (?:help|assist|write|provide|create)\b"
    ),
    (
        *("an ai", "a ai", "artificial intelligence", "large language", "a language", "an language"),
        *("certainly", "absolutely", "of course", "sure!", "sure,", "sure."),
        *(
            "my training data",
            "my knowledge cut",
            "i hope this helps",
            "let me know if you",
            "anything else",
            "be happy to",
        ),
        *("great question", "excellent question", "fantastic question", "wonderful question"),
    ),
)

REFUSAL = Pattern(
    _prose(
        r"\bi(?:'m| am) (?:sorry|afraid|unable)\b[^.\n]{0,60}\b(?:can(?:'t|not)|unable|not able|won't|to (?:help|assist|provide"
        r"|comply|do|create|write|generate))\b|\bi (?:can(?:'t|not)|won't|must decline to|am not able to|am unable to)"
        r" (?:help|assist|provide|comply|fulfil|fulfill|create|generate|write|engage|discuss|continue)\b"
        r"|\b(?:against|violates?) (?:my|our|the|openai(?:'s)?|anthropic(?:'s)?) (?:guidelines|polic(?:y|ies)|content policy)\b"
    ),
    (
        *("i'm sorry", "i am sorry", "i'm afraid", "i am afraid", "i'm unable", "i am unable", "i can't", "i cannot"),
        *("i won't", "i must decline", "i am not able", "guidelines", "policy", "policies"),
    ),
)

DEBRIS = Pattern(
    re.compile(
        r"</?(?:div|span|p|br|b|i|strong|em|ul|ol|li|h[1-6]|table|tr|td|th|a|img|script|style|font|code|pre)(?:\s[^<>\n]{0,200})?/?>"
        r"|&(?:nbsp|amp|lt|gt|quot|#39|#x27|rsquo|lsquo|ldquo|rdquo|mdash|ndash|hellip);"
        r"|\b(?:Copy code|Regenerate response|Continue generating|Was this response better or worse\?)"
        r"|\u3010[^\u3010\u3011\n]{0,60}\u2020[^\u3010\u3011\n]{0,60}\u3011|:contentReference\[|\\u[0-9a-fA-F]{4}|(?<!\\)\\n(?=\S)"
        r"|[\ue000-\uf8ff]",
    ),
    (
        *("<", "&", "\\", "copy code", "regenerate response", "continue generating", "was this response better"),
        ":contentreference[",
    ),
    beyond_ascii=True,
)

MOJIBAKE = Pattern(
    re.compile(
        r"[\u00c2\u00c3][\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2018\u2019\u201c"
        r"\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]"
        r"|\u00e2\u20ac[\u0080-\u00bf\u2013\u2014\u2018-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u0153\u0178\u2122\u02dc\u0152]"
        r"|\u00f0\u0178[\u0080-\u00ff\u2018-\u2026\u02c6\u2030\u0152\u0153\u0160\u0161\u017d\u017e\u0178]|\ufffd"
    ),
    ("\u00e2", "\u00e3", "\u00f0\u00ff", "\ufffd"),
)

SECRET = Pattern(
    re.compile(
        r"\bsk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{20,}|\bAKIA[0-9A-Z]{16}\b|\bASIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}"
        r"|\bgithub_pat_[A-Za-z0-9_]{40,}|\bglpat-[A-Za-z0-9_-]{20,}|\bhf_[A-Za-z0-9]{30,}|\bAIza[0-9A-Za-z_-]{35}"
        r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
        r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
        r"|\b(?:api[_-]?key|secret|passwd|password|access[_-]?token)\s*[:=]\s*[\"']?[A-Za-z0-9+/_=-]{16,}",
    ),
    (
        *(
            "_",
            "sk-",
            "akia",
            "asia",
            "glpat-",
            "aiza",
            "xox",
            "private key",
            "eyj",
            "apikey",
            "api-key",
            "secret",
            "passw",
        ),
        *("accesstoken", "access-token"),
    ),
)

_EMAIL = r"\b[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}\b"
_PHONE = (
    r"(?<![\w.,-])(?:\+\d{1,3}[ .-]?)(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]?\d{2,4}){2,4}(?![\w-])"
    r"|(?<![\w.,-])\(\d{3}\)[ .-]?\d{3}[ .-]\d{4}(?![\w-])|(?<![\w.,-])\d{3}[.-]\d{3}[.-]\d{4}(?![\w-])"
)
_OTHER = r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?\b"
EMAIL, NUMBER = re.compile(_EMAIL), re.compile(f"{_PHONE}|{_OTHER}")
TWO_DIGITS = re.compile(r"\d\d")
"""Every personal number has two digits in a row."""
EXEMPT = re.compile(
    r"@(?:[A-Za-z0-9-]+\.)*(?:example\.(?:com|org|net)|example|test|invalid|localhost)(?![\w.-])", re.IGNORECASE
)
"""Addresses that are nobody's."""
