"""Were both sides sampled as the suite asks, and alike?"""

from __future__ import annotations

from collections.abc import Iterator

from brie_bench.errors import plain
from brie_bench.report.table import Table
from brie_bench.spec.leaderboard import Finding


def omitted(table: Table) -> Iterator[Finding]:
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
