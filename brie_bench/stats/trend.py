"""Does the win rate move with temperature or length? The same prompts at every level of a sweep."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from sys import float_info

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats, Interval, at_least, even_sum, rate_table, vector
from .intervals import anchored_ci
from .lattice import convolved_tail

_DECIMALS = 12
_MAX_LEVELS = 6
_CHUNK = 2_000_000


@dataclass(frozen=True, slots=True)
class Trend:
    """Slope per unit of the level, its interval, and the p-value of no trend within prompts; None without a trend."""

    n_prompts: int
    n_dropped: int
    mean_by_level: Floats
    slope: float | None
    interval: Interval | None
    p_value: float | None


def trend_test(
    x: ArrayLike,
    levels: ArrayLike,
    *,
    confidence_level: float = 0.95,
    n_resamples: int = 100_000,
    seed: int = 0,
) -> Trend:
    """Linear trend of `x[K, L]`, the score in [0, 1] of K prompts at the L `levels`, with the prompts as their own control.

    The statistic is T = Σₖ Σₗ (l − l̄)·xₖₗ; under no effect the scores of a prompt could stand at its levels in any
    order, and the two-sided p-value counts the orders that give |T| or more. It is exact by convolution where the
    values lie on a common grid and up to six levels; otherwise `n_resamples` orders are drawn from `seed`, and p is
    (1 + hits)/(1 + n_resamples). The slope is the mean of the prompts' own least-squares slopes, its interval the
    anchored one over prompts, on the range that scores in [0, 1] allow. Prompts with a missing level (NaN) are dropped
    and counted. All None without a prompt, or with fewer than two different levels.

    Exchanging contender and baseline changes the sign of the slope and nothing else.
    Raises ValueError for values outside [0, 1] or as many levels as columns do not match.
    Sources: Mantel (1963); Pagano & Tritchler (1983).
    """
    table, at = rate_table("x", x, "level"), vector("levels", levels)
    draws = at_least("n_resamples", n_resamples, 1)
    if len(table) and table.shape[1] != at.size:
        raise ValueError(f"x has {table.shape[1]} columns and levels {at.size} values: pass one level a column")
    if np.isnan(at).any():
        raise ValueError("levels holds NaN: every column needs its level")
    kept = table[~np.isnan(table).any(axis=1)] if len(table) else np.zeros((0, at.size))
    centred = at - at.mean() if at.size else at
    spread = float(centred @ centred)
    if not len(kept) or spread == 0:
        return Trend(len(kept), len(table) - len(kept), kept.mean(axis=0) if len(kept) else at[:0], None, None, None)
    rises = (kept - 0.5) @ centred
    steepest = float(np.abs(centred).sum()) / 2  # the rise of a prompt that loses below the mean level and wins above
    bounds = anchored_ci(np.clip((rises / steepest + 1) / 2, 0.0, 1.0), confidence_level)
    scale = steepest / spread
    return Trend(
        n_prompts=len(kept),
        n_dropped=len(table) - len(kept),
        mean_by_level=kept.mean(axis=0),
        slope=even_sum(rises) / (len(rises) * spread),
        interval=None if bounds is None else (scale * (2 * bounds[0] - 1), scale * (2 * bounds[1] - 1)),
        p_value=_permutation_p(kept - 0.5, centred, draws, seed),
    )


def _permutation_p(scores: Floats, centred: Floats, n_resamples: int, seed: int) -> float:
    observed = even_sum(scores @ centred)
    if abs(observed) < 1e-12 * float(np.abs(centred).sum()):
        return 1.0
    if observed < 0:  # the mirrored table has the same p-value: always compute the rising one
        scores, observed = -scores, -observed
    ordered = np.sort(np.round(scores, _DECIMALS), axis=1)
    rows, counts = np.unique(ordered[ordered[:, 0] < ordered[:, -1]], axis=0, return_counts=True)
    if centred.size <= _MAX_LEVELS:
        rises = [np.array(list(permutations(row))) @ centred for row in rows.tolist()]
        p = convolved_tail(list(zip(rises, counts.tolist(), strict=True)), observed)
        if p is not None:
            return max(p, float_info.min)
    return _drawn_p(np.repeat(rows, counts, axis=0), centred, observed, n_resamples, seed)


def _drawn_p(rows: Floats, centred: Floats, observed: float, n_resamples: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    block = max(1, _CHUNK // rows.size)
    hits = 0
    for start in range(0, n_resamples, block):
        shape = (min(block, n_resamples - start), *rows.shape)
        rises = (rng.permuted(np.broadcast_to(rows, shape), axis=2) @ centred).sum(axis=1)
        hits += int(np.count_nonzero(np.abs(rises) >= observed * (1 - 1e-9)))
    return (1 + hits) / (1 + n_resamples)
