"""Where to look: the prompts that a finding about the numbers is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from brie_bench.errors import plain
from brie_bench.report.audit.verdicts import EXAMPLES
from brie_bench.report.table import Table

Mask = NDArray[np.bool_]


class About(Protocol):
    """A row of the leaderboard about a contender."""

    @property
    def suite(self) -> str: ...
    @property
    def contender(self) -> str: ...
    @property
    def baseline(self) -> str: ...


def prompts_at(table: Table, chosen: Mask) -> tuple[str, ...]:
    """The ids of a few of the prompts of the `chosen` rows, the same ones for any order of the rows."""
    ids = {table.items[item].prompt_id for item in np.unique(table.rows.item[chosen]).tolist()}
    return tuple(plain(each, 160) for each in sorted(ids)[:EXAMPLES])


def rows_about(tables: Sequence[Table], row: About, *judges: str) -> tuple[Table, Mask]:
    """The table that `row` was computed from, and the verdicts on its contender, of these judges if any are named."""
    for table in tables:
        names = [player.name for player in table.contenders]
        if (table.suite.name, table.baseline.name) == (row.suite, row.baseline) and row.contender in names:
            mine = (table.rows.contender == names.index(row.contender)) & ~np.isnan(table.rows.score)
            seats = [index for index, judge in enumerate(table.judges) if judge.name in judges]
            return table, mine & np.isin(table.rows.judge, seats) if judges else mine
    raise LookupError(f"no table holds {row.contender} against {row.baseline} on {row.suite}")
