"""Does the agreement of two judges say more than their win rates do?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from brie_bench.errors import plain
from brie_bench.report.findings.places import Mask, prompts_at, rows_about
from brie_bench.report.table import Table
from brie_bench.report.words import coefficient, count, interval, percent
from brie_bench.spec.leaderboard import Agreement, Finding

WIDE = 0.4
"""From here on, the upper end of kappa's interval leaves room for an agreement that is worth something."""


def near_chance(rows: Sequence[Agreement], tables: Sequence[Table]) -> Iterator[Finding]:
    """Judges whose kappa is undefined, or whose interval of kappa reaches 0: by chance, or because prompts are few."""
    for row in rows:
        if row.agreement is None or row.expected is None:
            continue
        a, b = (plain(judge) for judge in row.judges)
        if row.kappa is None or row.kappa_interval is None:
            said = (
                f"{a} and {b} gave one and the same verdict throughout ({count(row.n_pairs, 'pair')} of"
                f" {count(row.n_prompts, 'prompt')}), and chance alone would give two such judges {percent(row.expected)}:"
                " kappa is undefined. Do not read their agreement as a confirmation; add prompts on which the contenders"
                " differ less."
            )
        elif round(row.kappa_interval.low, 2) > 0.0:  # as it is printed: the last draws decide nothing
            continue
        else:
            meaning = "their agreement confirms nothing"
            if row.kappa_interval.high >= WIDE:
                meaning = (
                    f"with {count(row.n_prompts, 'prompt')} it cannot be told from chance, nor from agreement"
                    f" (kappa = {coefficient(row.kappa, row.kappa_interval)})"
                )
            said = (
                f"{a} and {b} gave the same verdict on {percent(row.agreement)} of prompts"
                f" ({interval(row.agreement_interval)}, {count(row.n_pairs, 'pair')}), and chance alone would give two such"
                f" judges {percent(row.expected)}: {meaning}. Read it beside kappa, and add prompts on which the contenders"
                " differ less."
            )
        yield Finding(
            code="agreement-near-chance",
            severity="warning",
            message=said,
            count=row.n_pairs,
            examples=prompts_at(*_where(row, tables)),
        )


def _where(row: Agreement, tables: Sequence[Table]) -> tuple[Table, Mask]:
    """The rows of the pairs on which the two judges differ, or else of those that both judged."""
    table, mine = rows_about(tables, row, *row.judges)
    rows = table.rows
    pairs, pair = np.unique(rows.pair[mine], return_inverse=True)
    judge = (rows.judge[mine] == rows.judge[mine].max(initial=0)).astype(np.intp)
    n = np.bincount(2 * pair + judge, minlength=2 * pairs.size).reshape(-1, 2)
    total = np.bincount(2 * pair + judge, weights=rows.score[mine], minlength=2 * pairs.size).reshape(-1, 2)
    shared = n.all(axis=1)
    differ = shared & (total[:, 0] * n[:, 1] != total[:, 1] * n[:, 0])
    return table, mine & np.isin(rows.pair, pairs[differ if differ.any() else shared])
