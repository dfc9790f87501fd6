"""Findings about single verdicts: is the winner what the text says, and was there a verdict at all?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from brie_bench.blind import reveal
from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.errors import plain
from brie_bench.report.words import count
from brie_bench.spec.comparison import Order
from brie_bench.spec.judgment import Label
from brie_bench.spec.leaderboard import Finding

EXAMPLES = 5

_PLACE = "coalesce(v.source || ':' || v.line, j.judge || ' on comparison ' || j.comparison)"
_FROM = "FROM judging j CROSS JOIN verdict v ON v.key = j.key WHERE j.run = ?"


def verdict_findings(ledger: Ledger, run: RunRow) -> Iterator[Finding]:
    """Mismatched winners, failures filed as verdicts, unread verdicts, scores against the verdict."""
    yield from _mismatches(ledger, run)
    yield from _filed(ledger, run)
    yield from _unread(ledger, run)
    yield from _scores(ledger, run)


def _mismatches(ledger: Ledger, run: RunRow) -> Iterator[Finding]:
    rows = ledger.select(
        f"SELECT {_PLACE}, v.label, j.labels, v.recorded_winner {_FROM}"
        " AND v.recorded_winner IS NOT NULL AND v.label IS NOT NULL ORDER BY v.source, v.line",
        run.number,
    )
    wrong = [row for row in rows if reveal(Label(row[1]), Order(row[2])) != row[3]]
    if wrong:
        yield Finding(
            code="winner-mismatch",
            severity="error",
            message=f"In {len(wrong)} of {count(len(rows), 'record')} the winner that was written down is not the one that the"
            " judge's text names. This leaderboard counts the text; correct what was published from the recorded winners.",
            count=len(wrong),
            examples=examples(wrong),
        )


def _filed(ledger: Ledger, run: RunRow) -> Iterator[Finding]:
    rows = ledger.select(
        f"SELECT {_PLACE} {_FROM} AND v.kind IS NOT NULL AND v.recorded_winner IS NOT NULL ORDER BY v.source, v.line",
        run.number,
    )
    if rows:
        yield Finding(
            code="failure-recorded-as-verdict",
            severity="error",
            message=f"{count(len(rows), 'record')} without a readable verdict (an error message, say) {_have(len(rows))} a winner"
            " written down. They are counted here as failures; ask those judgments again.",
            count=len(rows),
            examples=examples(rows),
        )


_UNREAD = {
    "unparsed": ("unparsed-verdict", "no verdict that can be read"),
    "contradictory": ("contradictory-verdict", "several verdicts that contradict each other"),
}


def _unread(ledger: Ledger, run: RunRow) -> Iterator[Finding]:
    for kind, (code, what) in _UNREAD.items():
        rows = ledger.select(f"SELECT {_PLACE} {_FROM} AND v.kind = ? ORDER BY 1", run.number, kind)
        if rows:
            yield Finding(
                code=code,
                severity="warning",
                message=f"The judge's text of {count(len(rows), 'judgment')} holds {what}: failures, never guessed. Read the"
                " examples; where judges keep to another form, tell them the form.",
                count=len(rows),
                examples=examples(rows),
            )


def _scores(ledger: Ledger, run: RunRow) -> Iterator[Finding]:
    rows = ledger.select(
        f"SELECT {_PLACE} {_FROM} AND (v.label = 'A' AND v.score_gap < 0 OR v.label = 'B' AND v.score_gap > 0)"
        " ORDER BY 1",
        run.number,
    )
    if rows:
        (scored,) = ledger.select(f"SELECT count(*) {_FROM} AND v.score_gap IS NOT NULL", run.number)[0]
        yield Finding(
            code="score-contradicts-verdict",
            severity="warning",
            message=f"In {len(rows)} of {count(scored, 'scored judgment')} the judge scored the loser higher. The verdict counts;"
            " a judge that often contradicts itself is a poor one.",
            count=len(rows),
            examples=examples(rows),
        )


def examples(rows: list[tuple[Any, ...]]) -> tuple[str, ...]:
    """The first few places."""
    return tuple(plain(row[0], 160) for row in rows[:EXAMPLES])


def _have(number: int) -> str:
    return "has" if number == 1 else "have"
