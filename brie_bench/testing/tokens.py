"""Tokens that need no tokenizer: four characters are one."""

from __future__ import annotations

_CHARACTERS = 4


def count(text: str) -> int:
    """How many tokens `text` has."""
    return -(-len(text) // _CHARACTERS)


def cut(text: str, n: int) -> str:
    """The first `n` tokens of `text`."""
    return text[: n * _CHARACTERS]
