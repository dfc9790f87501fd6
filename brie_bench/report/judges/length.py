"""What is length worth to a judge?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from brie_bench import stats
from brie_bench.report.judges.bench import Bench, mean_by
from brie_bench.spec.leaderboard import Length


def lengths(bench: Bench) -> Iterator[Length]:
    """The win rate at equal length, for every judge. A pair is one unit, however often it was judged."""
    for judge, player in enumerate(bench.table.judges):
        at = bench.of(judge)
        pairs, first = np.unique(bench.pair[at], return_index=True)
        score = mean_by(bench.pair[at], bench.soft[at], np.ones(at.size, dtype=np.bool_))[pairs]
        one = at[first]
        found = stats.length_controlled(score, bench.lengths[0][one], bench.lengths[1][one], bench.prompt[one])
        yield Length(
            **bench.who,
            judge=player.name,
            raw=found.raw,
            length_controlled=found.controlled,
            identified=found.identified,
            reason=found.reason,
            length_ratio=found.length_ratio,
            close_rate=found.close_rate,
            n_close=found.n_close,
            **bench.counts(at[~np.isnan(bench.lengths[0][at]) & ~np.isnan(bench.lengths[1][at])]),
            n_failures=bench.failures[judge],
        )
