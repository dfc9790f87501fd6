"""Findings about single verdicts: is the winner what the text says, and was there a verdict at all?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from brie_bench.blind import reveal
from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.errors import plain
from brie_bench.report.words import count
from brie_bench.spec.comparison import Order
from brie_bench.spec.judgment import Label
from brie_bench.spec.leaderboard import Finding

EXAMPLES = 5

_FROM = "FROM judging j CROSS JOIN verdict v ON v.number = j.verdict WHERE j.run = ?"
_CONTRARY = "(v.label = 'A' AND v.score_gap < 0 OR v.label = 'B' AND v.score_gap > 0)"
"""The loser has the higher scores: in slots, so that no order matters."""
_AGAINST = (
    "(v.label = 'A' AND v.preference_a < 0.5 - 1e-9 OR v.label = 'B' AND v.preference_a > 0.5 + 1e-9"
    " OR v.label = 'tie' AND abs(v.preference_a - 0.5) > 0.25 + 1e-9)"
)
"""The probabilities make another answer the likelier one."""
_UNREAD = {
    "unparsed": ("unparsed-verdict", "no verdict that can be read"),
    "contradictory": ("contradictory-verdict", "several verdicts that contradict each other"),
}

Severity = Literal["error", "warning", "note"]


def verdict_findings(ledger: Ledger, run: RunRow) -> Iterator[Finding]:
    """Mismatched winners, failures filed as verdicts, unread verdicts, scores against the verdict."""
    columns = f"count(v.recorded_winner), count(v.score_gap), sum{_CONTRARY}, count(v.preference_a), sum{_AGAINST}"
    unread = ", ".join(f"sum(v.kind = '{kind}')" for kind in _UNREAD)
    recorded, scored, contrary, graded, against, *failures = ledger.select(
        f"SELECT {columns}, {unread} {_FROM}", run.number
    )[0]

    def finding(code: str, severity: Severity, number: int, message: str, which: str, *values: str) -> Finding:
        places = _places(ledger, run, which, values)
        return Finding(code=code, severity=severity, message=message, count=number, examples=places)

    if recorded:
        yield from _winners(ledger, run, finding)
    for (kind, (code, what)), number in zip(_UNREAD.items(), failures, strict=True):
        if number:
            yield finding(
                code,
                "warning",
                number,
                f"The judge's text of {count(number, 'judgment')} holds {what}: failures, never guessed. Read the"
                " examples; where judges keep to another form, tell them the form.",
                "v.kind = ?",
                kind,
            )
    if contrary:
        yield finding(
            "score-contradicts-verdict",
            "warning",
            contrary,
            f"In {contrary} of {count(scored, 'scored judgment')} the judge scored the loser higher. The verdict counts;"
            " a judge that often contradicts itself is a poor one: read the examples.",
            _CONTRARY,
        )
    if against:
        yield finding(
            "score-contradicts-verdict",
            "error" if against > graded / 2 else "warning",
            against,
            f"In {against} of {count(graded, 'graded judgment')} the judge's probabilities favour what its verdict does not:"
            " they count for one side here and for the other with --soft. Find out which of the two the judge meant.",
            _AGAINST,
        )


def _winners(ledger: Ledger, run: RunRow, finding: Callable[..., Finding]) -> Iterator[Finding]:
    """Recorded winners beside what the text says."""
    query = f"SELECT v.label, j.labels, v.recorded_winner, count(*) {_FROM} AND v.recorded_winner IS NOT NULL GROUP BY 1, 2, 3"
    kinds = ledger.select(query, run.number)
    wrong = [kind for kind in kinds if kind[0] is not None and reveal(Label(kind[0]), Order(kind[1])) != kind[2]]
    if wrong:
        number, readable = (sum(kind[3] for kind in some if kind[0] is not None) for some in (wrong, kinds))
        yield finding(
            "winner-mismatch",
            "error",
            number,
            f"In {number} of {count(readable, 'record')} the winner that was written down is not the one that the"
            " judge's text names. This leaderboard counts the text; correct what was published from the recorded winners.",
            f"({' OR '.join(['(v.label = ? AND j.labels = ? AND v.recorded_winner = ?)'] * len(wrong))})",
            *(value for kind in wrong for value in kind[:3]),
        )
    filed = sum(kind[3] for kind in kinds if kind[0] is None)
    if filed:
        yield finding(
            "failure-recorded-as-verdict",
            "error",
            filed,
            f"{count(filed, 'record')} without a readable verdict (an error message, say)"
            f" {'has' if filed == 1 else 'have'} a winner written down. They are counted here as failures; ask those"
            " judgments again.",
            "v.label IS NULL AND v.recorded_winner IS NOT NULL",
        )


def _places(ledger: Ledger, run: RunRow, which: str, values: Sequence[str]) -> tuple[str, ...]:
    """Where the first few verdicts of a kind are: in their files, or else by judge and comparison."""
    place = "j.judge || ' on comparison ' || j.comparison"
    order = "j.judge, j.comparison"
    if run.per_pair is None:
        place, order = f"coalesce(v.source || ':' || v.line, {place})", f"v.source, v.line, {order}"
    query = f"SELECT {place} {_FROM} AND {which} ORDER BY {order} LIMIT {EXAMPLES}"
    return tuple(plain(row[0], 160) for row in ledger.select(query, run.number, *values))
