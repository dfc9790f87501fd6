"""Does the text shown first win because it is shown first?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .binomial import sign_test
from .inputs import Floats, Interval, Ints, at_least, codes, rates, same_length, vector, within_unit
from .rates import mirrored_rate
from .resampling import distinct_rows, quantiles, weighted_sums
from .verdicts import verdict_codes


@dataclass(frozen=True, slots=True)
class PositionBias:
    """The contender's rate in either order, half their difference, and their mean; None where an order is missing."""

    rate_first: float | None
    rate_second: float | None
    bias: float | None
    adjusted: float | None
    interval_bias: Interval | None
    interval_adjusted: Interval | None
    first_shown_share: float | None
    n_first: int
    n_second: int
    n_prompts: int
    missing: int


@dataclass(frozen=True, slots=True)
class SwapConsistency:
    """Pairs judged in both orders: shares of `n` (None without any), counts, and the test of their asymmetry."""

    n: int
    n_dropped: int
    consistency: float | None
    flip_rate: float | None
    first_preferred: int
    second_preferred: int
    mcnemar_p: float | None
    strict_wins: int
    strict_losses: int
    strict_win_rate: float | None
    strict_loss_rate: float | None


def position_bias(
    prompt: ArrayLike,
    score: ArrayLike,
    contender_first: ArrayLike,
    *,
    confidence_level: float = 0.95,
    n_resamples: int = 10_000,
    seed: int = 0,
) -> PositionBias:
    """The position bias of one judge, and the contender's rate with the order averaged out.

    `score[N]` in [0, 1] is the contender's, NaN for a failure; `contender_first[N]` says whether the contender was
    *shown* first, NaN where that is unknown; both kinds of row are dropped and counted as missing. Rows weigh alike.
    With m₁ and m₀ the contender's rates when shown first and second, the bias is (m₁ − m₀)/2, from −½ to ½: ½ is a
    judge that always takes the first. `adjusted` is (m₁ + m₀)/2, `first_shown_share` the share of the text shown
    first over all rows. Where one of the orders never occurs, bias and adjusted rate are None.

    Intervals: Bayesian bootstrap over prompts with Gamma(½) anchors at win and at loss in each order, widened where
    need be to contain the estimate. Exchanging contender and baseline leaves the bias and mirrors the rates.
    Raises ValueError for unequal lengths, scores outside [0, 1] or orders other than 0, 1 and NaN. Source: Rubin (1981).
    """
    level = within_unit("confidence_level", confidence_level)
    draws = at_least("n_resamples", n_resamples, 1)
    scores, shown, code = rates("score", score), vector("contender_first", contender_first), codes("prompt", prompt)[1]
    same_length(prompt=code, score=scores, contender_first=shown)
    if not np.isin(shown[~np.isnan(shown)], (0.0, 1.0)).all():
        raise ValueError("contender_first holds a value other than 0, 1 and NaN (unknown)")
    valid = ~(np.isnan(scores) | np.isnan(shown))
    centred, first, code = scores[valid] - 0.5, shown[valid] == 1.0, code[valid]
    features, n_prompts = _order_sums(centred, first, code)
    sums = features.sum(axis=0)
    n_first, n_second = int(sums[1]), int(sums[3])
    m1 = sums[0] / n_first if n_first else None
    m0 = sums[2] / n_second if n_second else None
    bias = adjusted = interval_bias = interval_adjusted = None
    if m1 is not None and m0 is not None:
        bias, adjusted = float(m1 - m0) / 2, mirrored_rate(float(m1 + m0) / 2)
        interval_bias, interval_adjusted = _position_bounds(features, sums, draws, seed, level)
        interval_bias = min(interval_bias[0], bias), max(interval_bias[1], bias)
    return PositionBias(
        rate_first=None if m1 is None else mirrored_rate(float(m1)),
        rate_second=None if m0 is None else mirrored_rate(float(m0)),
        bias=bias,
        adjusted=adjusted,
        interval_bias=interval_bias,
        interval_adjusted=interval_adjusted,
        first_shown_share=mirrored_rate(float(sums[0] - sums[2]) / centred.size) if centred.size else None,
        n_first=n_first,
        n_second=n_second,
        n_prompts=n_prompts,
        missing=valid.size - centred.size,
    )


def swap_consistency(score_first: ArrayLike, score_second: ArrayLike) -> SwapConsistency:
    """One judge on the same pairs in both orders.

    `score_first[n]` is the contender's score when shown first, `score_second[n]` when shown second, each in [0, 1];
    pairs with a NaN are dropped and counted. `consistency` is the share with the same verdict (win, tie or loss) in
    both orders, `flip_rate` the share with a win in one and a loss in the other. `first_preferred` counts the pairs on
    which the contender does better when shown first, `second_preferred` the reverse; `mcnemar_p` is the exact test of
    one against the other, 1.0 without any, None without a pair. `strict_wins` and `strict_losses` count the same
    decision in both orders, also as shares. Raises ValueError for unequal lengths or scores outside [0, 1].
    Source: McNemar (1947).
    """
    first, second = rates("score_first", score_first), rates("score_second", score_second)
    total = same_length(score_first=first, score_second=second)
    valid = ~(np.isnan(first) | np.isnan(second))
    first, second = first[valid], second[valid]
    n = first.size
    here, there = verdict_codes(first), verdict_codes(second)
    better, worse = int(np.count_nonzero(first > second)), int(np.count_nonzero(first < second))
    wins, losses = (int(np.count_nonzero((here == verdict) & (there == verdict))) for verdict in (1, 3))
    same = int(np.count_nonzero(here == there))
    flips = int(np.count_nonzero(np.abs(here - there) == 2))
    return SwapConsistency(
        n=n,
        n_dropped=total - n,
        consistency=same / n if n else None,
        flip_rate=flips / n if n else None,
        first_preferred=better,
        second_preferred=worse,
        mcnemar_p=sign_test(better, worse) if n else None,
        strict_wins=wins,
        strict_losses=losses,
        strict_win_rate=wins / n if n else None,
        strict_loss_rate=losses / n if n else None,
    )


def _order_sums(centred: Floats, first: NDArray[np.bool_], code: Ints) -> tuple[Floats, int]:
    """For each prompt with a row: Σ(score − ½) and number of rows, contender first, then contender second."""
    size = int(code.max(initial=-1)) + 1
    columns: list[Floats] = []
    for rows in (first, ~first):
        columns.append(np.bincount(code[rows], weights=centred[rows], minlength=size).astype(np.float64))
        columns.append(np.bincount(code[rows], minlength=size).astype(np.float64))
    features = np.column_stack(columns)
    features = features[features[:, 1] + features[:, 3] > 0]
    return features, len(features)


def _position_bounds(features: Floats, sums: Floats, draws: int, seed: int, level: float) -> tuple[Interval, Interval]:
    """Bounds of bias and adjusted rate, drawn from the side on which the contender does better: an exact mirror."""
    other = [2, 3, 0, 1]  # contender and baseline exchanged: the orders change places, the scores their sign
    signs = np.array([-1.0, 1.0, -1.0, 1.0])
    here, there = distinct_rows(features), distinct_rows(features[:, other] * signs)
    sides = [
        [*total.tolist(), *np.column_stack(side).ravel().tolist()]
        for total, side in ((sums, here), (sums[other] * signs, there))
    ]
    turned, even = sides[1] > sides[0], sides[0] == sides[1]
    units, counts = there if turned else here
    anchors = np.array([[0.5, 1, 0, 0], [-0.5, 1, 0, 0], [0, 0, 0.5, 1], [0, 0, -0.5, 1]])
    masses = np.concatenate((counts, np.full(4, 0.5)))
    drawn = weighted_sums(np.vstack((units, anchors)), masses, draws, seed)
    m1, m0 = drawn[:, 0] / drawn[:, 1], drawn[:, 2] / drawn[:, 3]
    low, high = quantiles((m1 - m0) / 2, level)
    below, above = quantiles((m1 + m0) / 2, level)
    if turned:
        below, above = -above, -below
    if even:  # the data are their own mirror, and so must the bounds be
        below, above = (below - above) / 2, (above - below) / 2
    centre = (sums[0] / sums[1] + sums[2] / sums[3]) / 2
    adjusted = mirrored_rate(min(below, float(centre))), mirrored_rate(max(above, float(centre)))
    return (low, high), adjusted
