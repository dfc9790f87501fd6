"""Files that repeat the lines of another one: a copy is no second judge, and no second pass."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from brie_bench.spec.imported import Imported
from brie_bench.spec.judgment import Judgment

TELLING = 80
"""Characters of a judge's answer that no second call writes word for word; a bare verdict is soon the same."""
FEWEST = 5
"""Fewer lines than this, without anything telling, show no copy."""


@dataclass(frozen=True)
class Copy:
    """How many of a file's `n_records` are records of another file, word for word."""

    source: str
    of: str
    n_equal: int
    n_records: int


def without_copies(judgments: Sequence[Imported]) -> tuple[list[Imported], list[Copy]]:
    """The records less those that a copy repeats, and which files are copies.

    A file is a copy of an earlier one where most records of the smaller are equal and hold a time or a long answer, or
    where all of them are equal. Bare verdicts that are equal in part only may be a second pass, and stay.
    """
    sources: dict[str, list[Imported]] = {}
    for each in judgments:
        sources.setdefault(each.source_digest, []).append(each)
    if len(sources) < 2:
        return list(judgments), []
    kept: list[Imported] = []
    copies: list[Copy] = []
    contents: dict[str, dict[bytes, bool]] = {}
    for source_digest, mine in sources.items():
        contents_of = [said(each) for each in mine]
        content = {words: _tells(each) for each, words in zip(mine, contents_of, strict=True)}
        original = next((other for other, theirs in contents.items() if _is_copy(content, theirs)), None)
        contents[source_digest] = content
        repeated = contents[original] if original else {}
        rest = [each for each, words in zip(mine, contents_of, strict=True) if words not in repeated]
        kept += rest
        if original:
            copies.append(Copy(mine[0].source, sources[original][0].source, len(mine) - len(rest), len(mine)))
    return kept, copies


def _is_copy(mine: dict[bytes, bool], theirs: dict[bytes, bool]) -> bool:
    equal = mine.keys() & theirs.keys()
    smaller = min(len(mine), len(theirs))
    return sum(mine[words] for words in equal) > smaller / 2 or len(equal) >= max(smaller, FEWEST)


def said(each: Imported) -> bytes:
    """A digest of all that a record says, wherever it stands: equal ones are one answer, written twice."""
    content = each.model_dump_json(exclude={"source", "source_digest", "line"}, exclude_defaults=True)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest()


def _tells(each: Imported) -> bool:
    """Whether nobody writes this record twice."""
    outcome = each.outcome
    if isinstance(outcome, Judgment):
        return outcome.judged_at is not None or len(outcome.verdict.raw) >= TELLING
    return outcome.failed_at is not None or len(outcome.raw) >= TELLING
