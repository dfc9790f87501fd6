"""What a reader must know about the records behind the numbers, in full sentences, with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from brie_bench.report.table import Table
from brie_bench.spec.leaderboard import Finding, Standing

MOST_FAILURES = 0.05
"""The share of failures above which a standing is weak."""
MOST_CUT_OFF = 0.05
"""The share of cut-off completions above which it is said."""
FEW_PROMPTS = 20
"""Below this only a very large difference is found."""


def findings_of(tables: Sequence[Table], standings: Sequence[Standing]) -> tuple[Finding, ...]:
    """All findings, errors first."""
    found = [finding for table in tables for finding in (*_failures(table), *_cut_off(table), *_omitted(table))]
    found += _small(standings)
    order = {"error": 0, "warning": 1, "note": 2}
    return tuple(sorted(found, key=lambda finding: order[finding.severity]))


def _failures(table: Table) -> Iterator[Finding]:
    for index, judge in enumerate(table.judges):
        score = table.score[table.judge == index]
        failed = int(np.isnan(score).sum())
        if failed > MOST_FAILURES * score.size:
            yield Finding(
                code="many-failures",
                severity="warning",
                message=f"{judge} gave no verdict on {failed} of {score.size} planned judgments"
                f" ({failed / score.size:.1%}). The bounds show what they could change; repeat the run with"
                " --retry-failures.",
                count=failed,
            )


def _cut_off(table: Table) -> Iterator[Finding]:
    told = [(name, cut, known) for name, (cut, known) in table.cut_off.items() if known and cut > MOST_CUT_OFF * known]
    if told:
        sides = "; ".join(f"{name} {cut} of {known} ({cut / known:.0%})" for name, cut, known in told)
        yield Finding(
            code="truncated-completions",
            severity="warning",
            message=f"Completions were cut off at the token limit: {sides}. They were judged as they are; raise"
            " max_tokens to judge whole answers.",
            count=sum(cut for _, cut, _ in told),
        )


def _omitted(table: Table) -> Iterator[Finding]:
    sides = {name: omitted for name, omitted in table.omitted.items() if omitted}
    for name, omitted in sides.items():
        unequal = any(set(other) != set(omitted) for other in table.omitted.values())
        yield Finding(
            code="sampling-unequal" if unequal else "sampling-omitted",
            severity="error" if unequal else "note",
            message=f"{name} could not honour the suite's {' and '.join(omitted)}"
            + (", and its opponent could: the two were not sampled alike." if unequal else "; nor could its opponent."),
        )


def _small(standings: Sequence[Standing]) -> Iterator[Finding]:
    for row in standings:
        if row.verdict is not None and row.n_prompts and row.n_prompts < FEW_PROMPTS:
            detects = (
                f"only a win rate of {row.detectable_rate:.0%} or more" if row.detectable_rate else "nothing at all"
            )
            yield Finding(
                code="sample-too-small",
                severity="warning",
                message=f"{row.contender} met {row.baseline} on {row.n_prompts} distinct prompts of {row.suite}: so many find"
                f" {detects} four times in five. Add prompts, not repeats.",
                count=row.n_prompts,
            )
