"""What a reader must know about the numbers, in full sentences, with what to do; findings about the records join them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from brie_bench.errors import plain
from brie_bench.report.table import Table
from brie_bench.report.words import count, interval, percent, point_interval, points
from brie_bench.spec.leaderboard import Agreement, Finding, Leaderboard, Position, Standing

MOST_FAILURES = 0.05
"""The share of failures above which a standing is weak."""
FEW_PROMPTS = 20
"""Below this only a very large difference is found."""


def findings_of(tables: Sequence[Table], board: Leaderboard, audited: Sequence[Finding]) -> tuple[Finding, ...]:
    """All findings, errors first."""
    found = list(audited)
    for table in tables:
        found += [*_failures(table), *_omitted(table), *_replication(table)]
    found += [*_small(board.standings), *_positions(board.position), *_near_chance(board.agreement)]
    order = {"error": 0, "warning": 1, "note": 2}
    return tuple(sorted(found, key=lambda finding: order[finding.severity]))


def _failures(table: Table) -> Iterator[Finding]:
    for index, judge in enumerate(table.judges):
        score = table.rows.score[table.rows.judge == index]
        failed = int(np.isnan(score).sum())
        if failed > MOST_FAILURES * score.size:
            yield Finding(
                code="many-failures",
                severity="warning",
                message=f"{plain(judge.name)} gave no verdict on {failed} of {score.size} planned judgments"
                f" ({failed / score.size:.1%}). The bounds in the JSON show what they could change; ask again with"
                " --retry-failures.",
                count=failed,
            )


def _omitted(table: Table) -> Iterator[Finding]:
    sides = (table.baseline, *table.contenders)
    for side in sides:
        if side.omitted:
            unequal = any(set(other.omitted) != set(side.omitted) for other in sides)
            yield Finding(
                code="sampling-unequal" if unequal else "sampling-omitted",
                severity="error" if unequal else "note",
                message=f"{plain(side.name)} could not honour the suite's {' and '.join(side.omitted)}"
                + (
                    ", and its opponent could: the two were not sampled alike."
                    if unequal
                    else "; nor could its opponent."
                ),
            )


def _replication(table: Table) -> Iterator[Finding]:
    """For records of others, whose rows somebody may have counted."""
    if not table.imported:
        return
    at = ~np.isnan(table.rows.score)
    n_judgments, n_pairs = int(at.sum()), int(np.unique(table.rows.pair[at]).size)
    n_prompts = int(np.unique(table.prompt[at]).size)
    if n_prompts < n_judgments:
        yield Finding(
            code="pseudo-replication",
            severity="warning",
            message=f"{count(n_judgments, 'judgment')} come from {count(n_pairs, 'pair')} of"
            f" {count(n_prompts, 'distinct prompt')}: an interval or test over {n_judgments} rows treats them as independent, which they are not. Here n is"
            f" {n_prompts}.",
            count=n_judgments,
        )


def _small(standings: Sequence[Standing]) -> Iterator[Finding]:
    for row in standings:
        if row.verdict is not None and row.n_prompts and row.n_prompts < FEW_PROMPTS:
            rate = row.detectable_rate
            detects = f"only a win rate of {percent(rate)} or more, four times in five" if rate else "nothing at all"
            yield Finding(
                code="sample-too-small",
                severity="warning",
                message=f"{plain(row.contender)} met {plain(row.baseline)} on {count(row.n_prompts, 'distinct prompt')} of"
                f" {plain(row.suite)}: so many find {detects}. Add prompts; repeats help little.",
                count=row.n_prompts,
            )


def _positions(rows: Sequence[Position]) -> Iterator[Finding]:
    for row in rows:
        if row.bias is None or row.interval is None or row.interval.low <= 0.0 <= row.interval.high:
            continue
        which = "first" if row.bias > 0 else "second"
        yield Finding(
            code="position-bias",
            severity="warning",
            message=f"{plain(row.judge)} prefers what is shown {which} (bias {points(row.bias)} points,"
            f" {point_interval(row.interval)}): with orders balanced {plain(row.contender)} stands at"
            f" {percent(row.adjusted_win_rate)}. Judge every pair in both orders.",
            count=row.n_prompts,
        )


def _near_chance(rows: Sequence[Agreement]) -> Iterator[Finding]:
    for row in rows:
        if row.agreement is None or row.expected is None or row.kappa_interval is None or row.kappa_interval.low > 0.0:
            continue
        a, b = (plain(judge) for judge in row.judges)
        yield Finding(
            code="agreement-near-chance",
            severity="warning",
            message=f"{a} and {b} gave the same verdict on {percent(row.agreement)} of prompts"
            f" ({interval(row.agreement_interval)}), and chance alone would give two such judges {percent(row.expected)}: their"
            " agreement confirms nothing. Read it beside kappa, and add prompts on which the contenders differ less.",
            count=row.n_pairs,
        )
