"""A judgment that somebody else recorded, as an importer hands it over."""

from __future__ import annotations

import datetime

from brie_bench.spec.base import Name, NonEmpty, Spec
from brie_bench.spec.comparison import Comparison
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
    recorded_winner: Winner | None = None
    """The winner that was written down, whatever the words say; kept beside, never counted."""
    completed_at: datetime.datetime | None = None
    """When the later of the two completions was made, where the record says."""


class Unreadable(Spec):
    """A record that an importer could not read."""

    source: NonEmpty
    """The file."""
    line: int
    """Where."""
    reason: NonEmpty
    """Why."""
