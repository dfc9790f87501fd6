"""Many contenders that met more than one opponent: Bradley-Terry ratings with rank sets. A star needs none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brie_bench import stats
from brie_bench.report.standings import CONFIDENCE, as_interval
from brie_bench.report.table import Table
from brie_bench.spec.leaderboard import Rating

N_RESAMPLES = 1_000


Games = list[tuple[int, str, str, float]]
"""A prompt, the contender, its opponent, and the contender's mean score."""


def ratings_of(tables: Sequence[Table], *, soft: bool | None) -> tuple[tuple[Rating, ...] | None, str | None]:
    """The ratings, best first, or None and why there are none. One game a prompt and pair of contenders."""
    if len({table.suite.digest for table in tables}) > 1:
        return None, "the runs are over different suites: ratings compare contenders on the same prompts"
    games = _games(tables, soft=soft)
    names = sorted({name for _, *both, _ in games for name in both})  # no number depends on the order of the runs
    if not games:
        return None, "no verdict: there is nothing to rate"
    if _is_star(games):
        return None, "all games have one opponent in common: ratings would say no more than the win rates"
    number = {name: index for index, name in enumerate(names)}
    prompt, score = np.array([game[0] for game in games]), np.array([game[3] for game in games])
    i, j = np.array([number[game[1]] for game in games]), np.array([number[game[2]] for game in games])
    wins = stats.bt_counts(i, j, score, len(names))
    weak, _ = stats.bt_components(wins)
    if weak.any():
        reason = "the contenders are not all connected by comparisons: ratings of different groups may not be compared"
        return None, reason
    strengths = stats.bt_fit(wins)
    draws = stats.bt_bootstrap(prompt, i, j, score, len(names), n_resamples=N_RESAMPLES)
    low, high = stats.rank_sets(draws, CONFIDENCE)
    tail = (1 - CONFIDENCE) / 2
    below, above = np.quantile(draws, [tail, 1 - tail], axis=0)
    rows = [
        Rating(
            contender=name,
            rating=float(strengths[at]),
            interval=as_interval(
                (float(min(below[at], strengths[at])), float(max(above[at], strengths[at]))),
                "Bayesian bootstrap over prompts",
            ),
            rank_low=int(low[at]),
            rank_high=int(high[at]),
            component=int(weak[at]),
        )
        for at, name in enumerate(names)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.rating, row.contender))), None


def _games(tables: Sequence[Table], *, soft: bool | None) -> Games:
    prompts = {key: number for number, key in enumerate(sorted({key for table in tables for key in table.prompts}))}
    games: Games = []
    for table in tables:
        scores = table.score(soft=table.graded if soft is None else soft)
        codes = [prompts[key] for key in table.prompts]
        for contender, player in enumerate(table.contenders):
            if player.name == table.baseline.name:
                continue
            at = np.flatnonzero(table.rows.contender == contender)
            means = stats.prompt_means(table.prompt[at], table.rows.pair[at], table.rows.judge[at], scores[at])
            pairs = zip(means.prompts.tolist(), means.z.tolist(), strict=True)
            games += [(codes[prompt], player.name, table.baseline.name, z) for prompt, z in pairs]
    return games


def _is_star(games: Games) -> bool:
    """Whether all games have one player in common."""
    return bool(set.intersection(*map(set, {(one, other) for _, one, other, _ in games})))
