"""Many contenders that met more than one opponent: Bradley-Terry ratings with rank sets. A star needs none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brie_bench import stats
from brie_bench.report.standings import CONFIDENCE, as_interval
from brie_bench.report.table import Table
from brie_bench.spec.leaderboard import Rating

N_RESAMPLES = 1_000


def ratings_of(tables: Sequence[Table], *, soft: bool | None) -> tuple[tuple[Rating, ...] | None, str | None]:
    """The ratings, best first, or None and why there are none. One game a prompt and pair of contenders."""
    players: dict[str, int] = {}
    prompts: dict[str, int] = {}
    games: list[tuple[int, int, int, float]] = []
    for table in tables:
        scores = table.score(soft=table.graded if soft is None else soft)
        opponent = players.setdefault(table.baseline.name, len(players))
        codes = [prompts.setdefault(key, len(prompts)) for key in table.prompts]
        for contender, player in enumerate(table.contenders):
            at = np.flatnonzero(table.rows.contender == contender)
            means = stats.prompt_means(table.prompt[at], table.rows.pair[at], table.rows.judge[at], scores[at])
            me = players.setdefault(player.name, len(players))
            if me != opponent:
                pairs = zip(means.prompts.tolist(), means.z.tolist(), strict=True)
                games += [(codes[prompt], me, opponent, z) for prompt, z in pairs]
    opponents: dict[int, set[int]] = {}
    for _, me, other, _ in games:
        opponents.setdefault(me, set()).add(other)
        opponents.setdefault(other, set()).add(me)
    hub = max(opponents.values(), key=len, default=set())
    if len(players) < 3 or all(len(met) < 2 or met is hub for met in opponents.values()):
        return None, "every contender met one opponent: ratings would say no more than the win rates"
    prompt, i, j, score = (np.array(column) for column in zip(*games, strict=True))
    wins = stats.bt_counts(i, j, score, len(players))
    weak, _ = stats.bt_components(wins)
    if weak.any():
        return (
            None,
            "the contenders are not all connected by comparisons: ratings of different groups may not be compared",
        )
    strengths = stats.bt_fit(wins)
    draws = stats.bt_bootstrap(prompt, i, j, score, len(players), n_resamples=N_RESAMPLES)
    low, high = stats.rank_sets(draws, CONFIDENCE)
    tail = (1 - CONFIDENCE) / 2
    bounds = np.quantile(draws, [tail, 1 - tail], axis=0)
    rows = [
        Rating(
            contender=name,
            rating=float(strengths[at]),
            interval=as_interval((float(bounds[0, at]), float(bounds[1, at])), "Bayesian bootstrap over prompts"),
            rank_low=int(low[at]),
            rank_high=int(high[at]),
            component=int(weak[at]),
        )
        for name, at in players.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.rating, row.contender))), None
