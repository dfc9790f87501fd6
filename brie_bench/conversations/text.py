"""A turn's text, taken apart once for all lints: in lower case, and its words."""

from __future__ import annotations

import re
import string
from typing import NamedTuple

_GAPS = str.maketrans({chr(code): " " for code in range(128) if chr(code) not in string.ascii_letters})
_WORDS = re.compile(r"[^\W\d_]+")


class Text(NamedTuple):
    """What one turn says."""

    role: str
    """Who says it."""
    content: str
    """As it stands."""
    lower: str
    """Its case folded, typographic apostrophes straight."""
    words: list[str]
    """Its runs of letters, their case folded."""

    @classmethod
    def of(cls, role: str, content: str) -> Text:
        """The turn `role` says, taken apart."""
        if content.isascii():  # the quick way to the same words
            lower = content.lower()
            return cls(role, content, lower, lower.translate(_GAPS).split())
        lower = content.casefold().replace("\u2019", "'")
        return cls(role, content, lower, _WORDS.findall(lower))
