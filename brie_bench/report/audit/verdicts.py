"""Findings about single verdicts: is the winner what the text says, and was there a verdict at all?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from brie_bench.blind import reveal
from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.errors import plain
from brie_bench.report.words import count
from brie_bench.spec.comparison import Order
from brie_bench.spec.judgment import Label
from brie_bench.spec.leaderboard import Finding

EXAMPLES = 5

_GAP = "(v.score_gap > 0) - (v.score_gap < 0)"
_FROM = "FROM judging j CROSS JOIN verdict v INDEXED BY verdict_in_short ON v.key = j.key WHERE j.run = ?"


class Kind(NamedTuple):
    """How verdicts of one kind were recorded, and how many there are."""

    label: str | None
    labels: str
    recorded_winner: str | None
    failure: str | None
    gap: int | None
    number: int

    @property
    def mismatched(self) -> bool:
        """Whether the winner that was written down is not who the label means."""
        if self.label is None or self.recorded_winner is None:
            return False
        return reveal(Label(self.label), Order(self.labels)) != self.recorded_winner

    @property
    def filed(self) -> bool:
        """Whether a winner was written down where there is no verdict."""
        return self.failure is not None and self.recorded_winner is not None

    @property
    def contrary(self) -> bool:
        """Whether the loser has the higher scores."""
        return (self.label, self.gap) in ((Label.A, -1), (Label.B, 1))


def verdict_findings(ledger: Ledger, run: RunRow) -> Iterator[Finding]:
    """Mismatched winners, failures filed as verdicts, unread verdicts, scores against the verdict."""
    columns = f"v.label, j.labels, v.recorded_winner, v.kind, {_GAP}"
    query = f"SELECT {columns}, count(*) {_FROM} GROUP BY 1, 2, 3, 4, 5"
    kinds = [Kind(*row) for row in ledger.select(query, run.number)]

    def finding(code: str, severity: Severity, chosen: Sequence[Kind], message: str) -> Finding:
        number = sum(kind.number for kind in chosen)
        return Finding(
            code=code, severity=severity, message=message, count=number, examples=_places(ledger, run, chosen)
        )

    wrong = [kind for kind in kinds if kind.mismatched]
    if wrong:
        both = sum(kind.number for kind in kinds if kind.label and kind.recorded_winner)
        yield finding(
            "winner-mismatch",
            "error",
            wrong,
            f"In {_sum(wrong)} of {count(both, 'record')} the winner that was written down is not the one that the"
            " judge's text names. This leaderboard counts the text; correct what was published from the recorded winners.",
        )
    filed = [kind for kind in kinds if kind.filed]
    if filed:
        yield finding(
            "failure-recorded-as-verdict",
            "error",
            filed,
            f"{count(_sum(filed), 'record')} without a readable verdict (an error message, say)"
            f" {'has' if _sum(filed) == 1 else 'have'} a winner written down. They are counted here as failures; ask those"
            " judgments again.",
        )
    for failure, (code, what) in _UNREAD.items():
        unread = [kind for kind in kinds if kind.failure == failure]
        if unread:
            yield finding(
                code,
                "warning",
                unread,
                f"The judge's text of {count(_sum(unread), 'judgment')} holds {what}: failures, never guessed. Read the"
                " examples; where judges keep to another form, tell them the form.",
            )
    contrary = [kind for kind in kinds if kind.contrary]
    if contrary:
        scored = sum(kind.number for kind in kinds if kind.gap is not None)
        yield finding(
            "score-contradicts-verdict",
            "warning",
            contrary,
            f"In {_sum(contrary)} of {count(scored, 'scored judgment')} the judge scored the loser higher. The verdict counts;"
            " a judge that often contradicts itself is a poor one: read the examples.",
        )


Severity = Literal["error", "warning", "note"]
_UNREAD = {
    "unparsed": ("unparsed-verdict", "no verdict that can be read"),
    "contradictory": ("contradictory-verdict", "several verdicts that contradict each other"),
}


def _sum(kinds: Sequence[Kind]) -> int:
    return sum(kind.number for kind in kinds)


def _places(ledger: Ledger, run: RunRow, kinds: Sequence[Kind]) -> tuple[str, ...]:
    """Where the first few verdicts of these kinds are: in their files, or else by judge and comparison."""
    one = f"(v.label IS ? AND j.labels = ? AND v.recorded_winner IS ? AND v.kind IS ? AND {_GAP} IS ?)"
    place = "j.judge || ' on comparison ' || j.comparison"
    order = "j.judge, j.comparison"
    if run.per_pair is None:
        place, order = f"coalesce(v.source || ':' || v.line, {place})", f"v.source, v.line, {order}"
    query = f"SELECT {place} {_FROM} AND ({' OR '.join([one] * len(kinds))}) ORDER BY {order} LIMIT {EXAMPLES}"
    values = [value for kind in kinds for value in kind[:5]]
    return tuple(plain(row[0], 160) for row in ledger.select(query, run.number, *values))
