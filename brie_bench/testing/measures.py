"""Properties of a text that can be measured, for judges that are honest about one of them."""

from __future__ import annotations

import re
from collections.abc import Callable

Measure = Callable[[str], float]
"""A text's worth: more is better."""

_WORD = re.compile(r"\w+")


def distinct_words(text: str) -> float:
    """How many different words a text has, whatever their case."""
    return len(set(_WORD.findall(text.lower())))


def characters(text: str) -> float:
    """How long a text is."""
    return len(text)
