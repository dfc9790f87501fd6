"""What is being shown first worth to a judge?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from brie_bench import stats
from brie_bench.report.judges.bench import Bench, draws_for, mean_by
from brie_bench.report.standings import as_interval
from brie_bench.report.table import Codes
from brie_bench.spec.leaderboard import Position


def positions(bench: Bench) -> Iterator[Position]:
    """What being shown first is worth to every judge."""
    for judge, player in enumerate(bench.table.judges):
        at = bench.asked(judge, once_for_both=False)
        shown, score, pair = bench.shown[at], bench.score[at], bench.pair[at]
        first, second = shown == 1, shown == 0
        prompt, z, order = _prompts_by_order(bench, at[first], at[second])
        found = stats.position_bias(prompt, z, order, n_resamples=draws_for(np.unique(prompt).size))
        flips = stats.swap_consistency(mean_by(pair, score, first), mean_by(pair, score, second))
        yield Position(
            **bench.who,
            judge=player.name,
            bias=found.bias,
            interval=as_interval(found.interval_bias),
            adjusted_win_rate=found.adjusted,
            flip_rate=flips.flip_rate,
            n_both=flips.n,
            n_contender_first=int(np.count_nonzero(first)),
            n_baseline_first=int(np.count_nonzero(second)),
            **bench.counts(at[first | second]),
            n_failures=bench.failures[judge],
            reason=_position_reason(shown, found.bias, flips.flip_rate),
        )


_GRID = 2.0**40
"""Means are rounded to this grid, on which ½ + x, ½ − x and sums are exact: exchanging the sides mirrors every bit."""


def _prompts_by_order(
    bench: Bench, first: NDArray[np.intp], second: NDArray[np.intp]
) -> tuple[Codes, NDArray[np.float64], NDArray[np.float64]]:
    """One row for each prompt and order: rows average within a pair, and pairs within the prompt. The statistic weighs
    rows alike, and so prompts, as the win rate does."""
    means = [
        stats.prompt_means(bench.prompt[at], bench.pair[at], None, bench.score[at]) for at in (first, second) if at.size
    ]
    sizes = [each.z.size for each in means]
    orders = [value for value, at in ((1.0, first), (0.0, second)) if at.size]
    if not means:
        return np.zeros(0, dtype=np.intp), np.zeros(0), np.zeros(0)
    z = np.concatenate([each.z for each in means])
    return np.concatenate([each.prompts for each in means]), np.round(z * _GRID) / _GRID, np.repeat(orders, sizes)


def _position_reason(shown: NDArray[np.float64], bias: float | None, flips: float | None) -> str | None:
    if not shown.size:
        return "no verdict"
    if np.isnan(shown).all():
        return "the records do not say who was shown first"
    if bias is None:
        return "every pair was shown in one order"
    return "no pair was shown in both orders: flips are unknown" if flips is None else None
