"""Can a liking for a position be told from a liking for a contender, and is there one?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from brie_bench.errors import plain
from brie_bench.report.findings.places import prompts_at, rows_about
from brie_bench.report.standings import FEWEST_PROMPTS
from brie_bench.report.table import Table
from brie_bench.report.words import count, percent, point_interval, points
from brie_bench.spec.leaderboard import Finding, Position

FEWEST = 10
"""Fewer verdicts than this show no imbalance."""
BALANCED = 0.4, 0.6
"""The share shown first that passes for balanced."""


def unbalanced(rows: Sequence[Position], tables: Sequence[Table]) -> Iterator[Finding]:
    """Judges whose verdicts on a contender are mostly of one order, or all. What failed balances nothing."""
    for row in rows:
        first, second = row.n_contender_first, row.n_baseline_first
        n = first + second
        who, judge = plain(row.contender), plain(row.judge)
        if n >= FEWEST_PROMPTS and not (first and second):
            severity = "error"
            again = " again, or for the first time where calls failed" if row.n_failures else ""
            said = (
                f"In all {n} verdicts of {judge} whose order is known {who} was shown {'first' if first else 'second'}: its rate"
                f" is not identified, since a liking for that position cannot be told from the merit of {who}. Judge the same"
                f" pairs in the other order{again}."
            )
        elif n >= FEWEST and not BALANCED[0] <= first / n <= BALANCED[1]:
            severity = "warning"
            said = (
                f"{who} was shown first in {first} of {n} verdicts of {judge} whose order is known: a liking for a position"
                f" looks like a liking for a model. Read the order-adjusted rate, {percent(row.adjusted_win_rate)}, beside"
                " the win rate."
            )
        else:
            continue
        table, mine = rows_about(tables, row, row.judge)
        more = table.rows.shown == (1.0 if first > second else 0.0)
        examples = prompts_at(table, mine & more)
        yield Finding.model_validate(
            {"code": "order-unbalanced", "severity": severity, "message": said, "count": n, "examples": examples}
        )


def positions(rows: Sequence[Position], tables: Sequence[Table]) -> Iterator[Finding]:
    """Judges who prefer what they are shown first, or second, beyond what chance would do."""
    for row in rows:
        if row.bias is None or row.interval is None or row.interval.low <= 0.0 <= row.interval.high:
            continue
        table, mine = rows_about(tables, row, row.judge)
        chosen = table.rows.score == (table.rows.shown if row.bias > 0 else 1.0 - table.rows.shown)
        yield Finding(
            code="position-bias",
            severity="warning",
            message=f"{plain(row.judge)} prefers what is shown {'first' if row.bias > 0 else 'second'} (bias"
            f" {points(row.bias)} points, {point_interval(row.interval)}, {count(row.n_prompts, 'prompt')}): with both orders"
            f" weighed alike {plain(row.contender)} stands at {percent(row.adjusted_win_rate)}. Judge every pair in both"
            " orders.",
            count=row.n_prompts,
            examples=prompts_at(table, mine & chosen),
        )
