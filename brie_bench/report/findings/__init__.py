"""What a reader must know about the numbers, in full sentences, with what to do; findings about the records join them."""

from __future__ import annotations

from collections.abc import Sequence

from brie_bench.report.findings.chance import near_chance
from brie_bench.report.findings.orders import positions, unbalanced
from brie_bench.report.findings.sample import failures, replications, small
from brie_bench.report.findings.sampling import omitted
from brie_bench.report.table import Table
from brie_bench.spec.leaderboard import Finding, Leaderboard


def findings_of(tables: Sequence[Table], board: Leaderboard, audited: Sequence[Finding]) -> tuple[Finding, ...]:
    """All findings, errors first."""
    found = list(audited)
    for table in tables:
        found += [*failures(table), *omitted(table), *replications(table)]
    found += [*small(board.standings, tables), *unbalanced(board.position, tables)]
    found += [*positions(board.position, tables), *near_chance(board.agreement, tables)]
    order = {"error": 0, "warning": 1, "note": 2}
    return tuple(sorted(found, key=lambda finding: order[finding.severity]))
