"""The one documented grammar of a rubric judge's answer, besides its verdict (`blind.parse_label` reads that).

    Response A - Creativity: 4, Coherence: 5, Depth: 3
    Response B - Creativity: 3, Coherence: 5, Depth: 4
    Winner: B
    Reasoning: …

A score is a whole number from 1 to 5 after a criterion's name on a line that begins with `Response A` or `Response B`
(or `A`, `B`, `Assistant A`), in any case, under any markdown emphasis; `4/5` and `4.0` are 4. What is missing, out of range,
on another scale (`4/10`), a span (`4-5`) or stated twice with different values is a missing score, never a failed verdict.
Where one criterion's name ends in another's, the longer one is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from brie_bench.spec.judgment import Label

_SCORES = re.compile(
    r"[\s*_#>|-]*(?:(?:response|assistant|answer)\s+)?([AB])(?![^\W_])[\s*_]*[-–—:|(](.*)", re.IGNORECASE
)
_NUMBER = (
    r"[\s*_]*(?:[:=][\s*_]*)?(-?\d+(?:\.\d+)?)"
    r"(?!\.?\d)(?!\s*(?:(?:/|out\s+of)\s*(?!5(?!\.?\d))|[-–]\s*)\d)"  # neither 4/10 nor 4-5
)
_RATIONALE = re.compile(
    r"^[ \t*_#>]*(?:reasoning|rationale|explanation)[\s*_]*[:.-]+[\s*_]*", re.IGNORECASE | re.MULTILINE
)


def parse_scores(text: str, criteria: Iterable[str]) -> dict[Label, dict[str, int]]:
    """Criterion scores by slot; a slot or criterion without a readable score is absent.

    Its time grows with the length of the text and no faster, whatever the text.
    """
    names = {_spelled(criterion): criterion for criterion in criteria}
    if not names:
        return {}
    spellings = "|".join(re.escape(name).replace("\\ ", "[ _-]") for name in names)
    pattern = re.compile(rf"(?<![^\W_])({spellings})(?![^\W_]){_NUMBER}", re.IGNORECASE)
    found: dict[Label, dict[str, set[str]]] = {}
    for line in text.splitlines():
        match = _SCORES.match(line)
        if match is None:
            continue
        for name, number in pattern.findall(match[2]):
            criterion = names.get(_spelled(name))
            if criterion is not None:
                found.setdefault(Label(match[1].upper()), {}).setdefault(criterion, set()).add(number)
    scores = {
        label: {criterion: score for criterion, numbers in by.items() if (score := _score(numbers)) is not None}
        for label, by in found.items()
    }
    return {label: by for label, by in scores.items() if by}


def _spelled(name: str) -> str:
    """A criterion's name as it may be written: in lower case, with spaces for hyphens and underscores."""
    return name.lower().replace("_", " ").replace("-", " ")


def _score(numbers: set[str]) -> int | None:
    values = {float(number) for number in numbers}
    value = values.pop()
    return int(value) if not values and value in (1.0, 2.0, 3.0, 4.0, 5.0) else None


def parse_rationale(text: str) -> str:
    """What follows `Reasoning:`, or nothing."""
    match = _RATIONALE.search(text)
    return text[match.end() :].strip() if match else ""
