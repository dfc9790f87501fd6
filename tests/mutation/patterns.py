"""A mutation operator for regular expressions, which Cosmic Ray takes for mere text.

Every raw string is read as a pattern, or a part of one; each mutant is that pattern with one thing changed: an
alternative, a quantifier, an anchor or a member of a character class left out, a look-ahead turned round. A mutant that no
longer compiles is killed on import.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cosmic_ray.operators.operator import Example, Operator

_TOKEN = re.compile(
    r"(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<look>\(\?<?[!=])"
    r"|(?P<open>\((?:\?(?:P<\w+>|[a-zA-Z-]*:))?)"
    r"|(?P<close>\))"
    r"|(?P<bar>\|)"
    r"|(?P<anchor>\\[bB]|\^|\$)"
    r"|(?P<many>(?:[*+?]|\{\{?\d*,?\d*\}\}?)\??)"
    r"|(?P<atom>\\.|.)",
    re.DOTALL,
)
_MEMBER = re.compile(r"(?:\\.|[^\\])(?:-(?:\\.|[^\\]))?", re.DOTALL)

Change = tuple[int, int, str]
"""From, to, and what to put there."""


def changes(pattern: str) -> list[Change]:
    """Every single change of a pattern's text."""
    tokens = [(str(match.lastgroup), match.start(), match.end()) for match in _TOKEN.finditer(pattern)]
    return [*_of_tokens(pattern, tokens), *_alternatives(tokens, len(pattern))]


def _of_tokens(pattern: str, tokens: list[tuple[str, int, int]]) -> Iterator[Change]:
    for kind, start, end in tokens:
        if kind in ("anchor", "many"):
            yield start, end, ""
        elif kind == "look":
            yield end - 1, end, "=" if pattern[end - 1] == "!" else "!"
        elif kind == "class":
            negated = pattern[start + 1] == "^"
            if negated:
                yield start + 1, start + 2, ""
            members = list(_MEMBER.finditer(pattern, start + 1 + negated, end - 1))
            yield from ((member.start(), member.end(), "") for member in members if len(members) > 1)


def _alternatives(tokens: list[tuple[str, int, int]], length: int) -> Iterator[Change]:
    """Each alternative of each group left out, with one of its bars."""
    groups: list[list[int]] = [[0]]  # where the parts of the groups that are open begin
    for kind, start, end in [*tokens, ("close", length, length)]:
        if kind in ("open", "look"):
            groups.append([end])
        elif kind == "bar":
            groups[-1].append(end)
        elif kind == "close" and groups:
            starts = groups.pop()
            ends = [*(begin - 1 for begin in starts[1:]), start]
            if len(starts) > 1:
                for number, (begin, stop) in enumerate(zip(starts, ends, strict=True)):
                    yield (begin, stop + 1, "") if number < len(starts) - 1 else (begin - 1, stop, "")


class Pattern(Operator):  # type: ignore[misc]
    """Changes one thing in a raw string."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        """One position a change; all are the string's own."""
        for _ in changes(_pattern(node)):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """The string with its change number `index`."""
        pattern = _pattern(node)
        start, end, instead = changes(pattern)[index]
        node.value = node.value.replace(pattern, pattern[:start] + instead + pattern[end:], 1)
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """For Cosmic Ray's own tests."""
        return (Example('r"a|b"', 'r"b"'),)


class NoFlag(Operator):  # type: ignore[misc]
    """Leaves out a flag of a pattern."""

    _FLAGS = ("IGNORECASE", "MULTILINE", "DOTALL", "ASCII")

    def mutation_positions(self, node: Any) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        """The flag's name."""
        if node.type == "name" and node.value in self._FLAGS:
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """No flag."""
        node.value = "NOFLAG"
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """For Cosmic Ray's own tests."""
        return (Example("re.IGNORECASE", "re.NOFLAG"),)


def _pattern(node: Any) -> str:
    """The pattern a leaf of the syntax tree holds; empty where it holds none."""
    if node.type == "fstring_string":
        return str(node.value) if "r" in node.parent.children[0].value.lower() else ""
    match = re.fullmatch(r"""[rR](["'])(?!\1\1)(.*)\1""", node.value, re.DOTALL) if node.type == "string" else None
    return match[2] if match else ""


OPERATORS = {"Pattern": Pattern, "NoFlag": NoFlag}
