"""Is there enough to go by: verdicts that did not fail, prompts and not rows, and enough of them?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from brie_bench.errors import plain
from brie_bench.report.findings.places import prompts_at, rows_about
from brie_bench.report.standings import FEWEST_PROMPTS
from brie_bench.report.table import Table
from brie_bench.report.words import count, percent
from brie_bench.spec.leaderboard import Finding, Standing

MOST_FAILURES = 0.05
"""The share of failures above which a standing is weak."""
FEW_PROMPTS = 20
"""Below this only a very large difference is found."""


def failures(table: Table) -> Iterator[Finding]:
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
                examples=prompts_at(table, failed & asked),
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
                examples=prompts_at(table, uncompleted & mine),
            )


def replications(table: Table) -> Iterator[Finding]:
    """For records of others, whose rows somebody may have counted: contenders with more judgments than prompts."""
    if not table.imported:
        return
    for index, contender in enumerate(table.contenders):
        mine = (table.rows.contender == index) & ~np.isnan(table.rows.score)
        n_judgments, n_pairs = int(mine.sum()), int(np.unique(table.rows.pair[mine]).size)
        prompts, rows_of = np.unique(table.prompt[mine], return_counts=True)
        if prompts.size == n_judgments:
            continue
        whose = f" of {plain(contender.name)}" if len(table.contenders) > 1 else ""
        most = prompts[rows_of == rows_of.max()]
        yield Finding(
            code="pseudo-replication",
            severity="warning",
            message=f"{count(n_judgments, 'judgment')}{whose} come from {count(n_pairs, 'pair')} of"
            f" {count(prompts.size, 'distinct prompt')}: an interval or test over {n_judgments} rows treats them as"
            f" independent, which they are not. Count prompts: here n is {prompts.size}.",
            count=n_judgments,
            examples=prompts_at(table, mine & np.isin(table.prompt, most)),
        )


def small(standings: Sequence[Standing], tables: Sequence[Table]) -> Iterator[Finding]:
    """Headlines over few prompts, with what so many can find among all the headlines of the report."""
    family = sum(row.p_adjusted is not None for row in standings)
    for row in standings:
        if row.verdict is None or not row.n_prompts or row.n_prompts >= FEW_PROMPTS:
            continue
        among = f", as one of {family} headlines" if family > 1 else ""
        detects = "so many find nothing at all"
        if row.detectable_rate is not None:
            detects = (
                f"so many find only a win rate of {percent(row.detectable_rate)} or more, four times in five{among}"
            )
        elif row.n_prompts >= FEWEST_PROMPTS:
            detects = f"so few cannot decide one of {family} headlines alone, were every prompt won"
        yield Finding(
            code="sample-too-small",
            severity="warning",
            message=f"{plain(row.contender)} met {plain(row.baseline)} on {count(row.n_prompts, 'distinct prompt')} of"
            f" {plain(row.suite)}: {detects}. Add prompts; repeats help little.",
            count=row.n_prompts,
            examples=prompts_at(*rows_about(tables, row)),
        )
