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
    """Judges that gave no verdict, and contenders whose completions are missing: neither is the other's fault."""
    rows = table.rows
    failed = np.isnan(rows.score)
    uncompleted = failed & np.isnan(rows.contender_length) & (not table.imported)
    again = "Judge those pairs again" if table.imported else "Ask again with --retry-failures"
    for index, judge in enumerate(table.judges):
        asked = (rows.judge == index) & ~uncompleted
        count_failed, total = int((failed & asked).sum()), int(asked.sum())
        if count_failed > MOST_FAILURES * total:
            yield Finding(
                code="many-failures",
                severity="warning",
                message=f"{plain(judge.name)} gave no verdict on {count_failed} of {total} judgments"
                f" ({percent(count_failed / total)}). The bounds in the JSON show what they could change. {again}.",
                count=count_failed,
            )
    for index, contender in enumerate(table.contenders):
        mine = rows.contender == index
        missing, total = int((uncompleted & mine).sum()), int(mine.sum())
        if missing > MOST_FAILURES * total:
            yield Finding(
                code="many-failures",
                severity="warning",
                message=f"{missing} of {total} planned judgments of {plain(contender.name)} were not made"
                f" ({percent(missing / total)}): a completion of theirs failed, or the run was stopped before them. The bounds"
                " in the JSON show what they could change. Repeat the command, with --retry-failures where completions failed.",
                count=missing,
            )


def _omitted(table: Table) -> Iterator[Finding]:
    """What a side could not honour of the suite's sampling: an error where its opponent could."""
    baseline = table.baseline
    for contender in table.contenders:
        unequal = [
            f"{plain(side.name)} could not honour the suite's {' and '.join(map(plain, only))}"
            for side, other in ((contender, baseline), (baseline, contender))
            if (only := [name for name in side.omitted if name not in other.omitted])
        ]
        if unequal:
            told = "; ".join(unequal)
            yield Finding(
                code="sampling-unequal",
                severity="error",
                message=f"{told}, and its opponent could: {plain(contender.name)} and {plain(baseline.name)} were not sampled"
                " alike. Leave that wish out of the suite, or compare models that can honour it.",
            )
        elif contender.omitted:
            yield Finding(
                code="sampling-omitted",
                severity="note",
                message=f"{plain(contender.name)} could not honour the suite's {' and '.join(map(plain, contender.omitted))}, nor"
                f" could {plain(baseline.name)}: both were sampled as their providers please. Read the win rate as one under"
                " that sampling.",
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
            f" {count(n_prompts, 'distinct prompt')}: an interval or test over {n_judgments} rows treats them as independent,"
            f" which they are not. Count prompts: here n is {n_prompts}.",
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
            f" {point_interval(row.interval)}, {count(row.n_prompts, 'prompt')}): with orders balanced {plain(row.contender)}"
            f" stands at {percent(row.adjusted_win_rate)}. Judge every pair in both orders.",
            count=row.n_prompts,
        )


def _near_chance(rows: Sequence[Agreement]) -> Iterator[Finding]:
    for row in rows:
        if row.agreement is None or row.expected is None or row.kappa_interval is None:
            continue
        if round(row.kappa_interval.low, 2) > 0.0:  # as it is printed: the last draws decide nothing
            continue
        a, b = (plain(judge) for judge in row.judges)
        yield Finding(
            code="agreement-near-chance",
            severity="warning",
            message=f"{a} and {b} gave the same verdict on {percent(row.agreement)} of prompts"
            f" ({interval(row.agreement_interval)}, {count(row.n_pairs, 'pair')}), and chance alone would give two such judges"
            f" {percent(row.expected)}: their agreement confirms nothing. Read it beside kappa, and add prompts on which the"
            " contenders differ less.",
            count=row.n_pairs,
        )
