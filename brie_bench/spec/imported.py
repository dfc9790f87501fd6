"""A judgment that somebody else recorded, as an importer hands it over."""

from __future__ import annotations

import datetime
import re

from brie_bench.errors import plain
from brie_bench.spec.base import Name, NonEmpty, Spec
from brie_bench.spec.comparison import Comparison, Order
from brie_bench.spec.judgment import Failure, Judgment, Winner


class Imported(Spec):
    """One recorded judgment, and the comparison it judged."""

    source: NonEmpty
    """The file's name, for people."""
    source_digest: NonEmpty
    """The SHA-256 of the file's bytes: part of the key, with `line`."""
    line: int
    """Where in the file."""
    contender: Name
    """Who is compared."""
    baseline: Name
    """With whom."""
    judge: NonEmpty
    """Who judged, as recorded, or `unknown`."""
    comparison: Comparison
    """What was judged."""
    outcome: Judgment | Failure
    """What came of it, by the judge's own words."""
    texts: bool = True
    """Whether the record holds both texts; where it does not, those of `comparison` stand in for them and are not kept."""
    graded: bool = False
    """Whether the record holds a graded preference and no verdict of its own: the label says only on which side of ½ it lies."""
    labels: Order | None = None
    """Of a failure: who was called A, where the record says. A judgment says it itself."""
    shown: Order | None = None
    """Of a failure: who was printed first, where the record says."""
    recorded_winner: Winner | None = None
    """The winner that was written down, whatever the words say; kept beside, never counted."""
    completed_at: datetime.datetime | None = None
    """When the later of the two completions was made, where the record says."""
    judging: NonEmpty | None = None
    """Equal in records of one file that one answer of the judge serves; None where the record is an answer of its own."""


class Unreadable(Spec):
    """A record that an importer could not read."""

    source: NonEmpty
    """The file."""
    line: int
    """Where."""
    reason: NonEmpty
    """Why."""


class Names:
    """Legal names for what others called anything they liked; two of theirs never become one of ours."""

    def __init__(self) -> None:
        self._meant: dict[str, str] = {}

    def legal(self, text: str) -> str:
        """`text`, with a hyphen for whatever a name may not hold. Raises ValueError where another text has become that."""
        name = _ILLEGAL.sub("-", text)[:100].strip("-._")
        if not name:
            raise ValueError(f"'{plain(text, 60)}' holds nothing that a name may hold")
        known = self._meant.setdefault(name, text)
        if known != text:
            both = f"'{plain(known, 60)}' and '{plain(text, 60)}'"
            raise ValueError(f"{both} would both be called '{plain(name, 60)}'; rename one")
        return name


_ILLEGAL = re.compile(r"[^A-Za-z0-9._-]+")
