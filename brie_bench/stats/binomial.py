"""Wins among n independent decisions: named intervals, the sign test and the tails they rest on."""

from __future__ import annotations

from functools import lru_cache
from math import inf, log, sqrt
from sys import float_info

import numpy as np

from .inputs import Floats, Interval, at_least, within_unit
from .rates import mirrored_rate

_WHOLE = 1_000  # up to here the sign test counts in whole numbers, without any rounding


def wilson_ci(wins: float, n: float, confidence_level: float = 0.95) -> Interval | None:
    """Wilson's score interval for a rate of `wins` in `n`.

    Ties may count half, and `n` may be an effective number (rows divided by a design effect), so neither needs to be
    whole. None when n is 0. Raises ValueError unless 0 ≤ wins ≤ n. Source: Wilson (1927).
    """
    tail = _tail(confidence_level)
    if not _wins_of(wins, n):
        return None
    z = normal_quantile(1 - tail)
    centred = (wins - n / 2) / n  # the rate less ½, which mirrors exactly
    shrink = 1 + z * z / n
    half = z / shrink * sqrt((0.25 - centred * centred) / n + (z / (2 * n)) ** 2)
    centre = centred / shrink
    low = 0.0 if wins == 0 else mirrored_rate(centre - half)
    return low, 1.0 if wins == n else mirrored_rate(centre + half)


def clopper_pearson_ci(wins: float, n: float, confidence_level: float = 0.95) -> Interval | None:
    """The exact binomial interval: it covers at least its level, and usually more.

    None when n is 0. Raises ValueError unless 0 ≤ wins ≤ n. Source: Clopper & Pearson (1934).
    """
    tail = _tail(confidence_level)
    if not _wins_of(wins, n):
        return None

    def lower(count: float) -> float:
        return 0.0 if count == 0 else _beta_quantile(count, n - count + 1, tail)

    return _mirrored(lower(wins), lower(n - wins))


def jeffreys_ci(wins: float, n: float, confidence_level: float = 0.95) -> Interval | None:
    """The equal-tailed interval of the Beta(wins + ½, n − wins + ½) posterior, its ends not adjusted at 0 and n.

    None when n is 0. Raises ValueError unless 0 ≤ wins ≤ n. Source: Brown, Cai & DasGupta (2001).
    """
    tail = _tail(confidence_level)
    if not _wins_of(wins, n):
        return None

    def lower(count: float) -> float:
        return _beta_quantile(count + 0.5, n - count + 0.5, tail)

    return _mirrored(lower(wins), lower(n - wins))


def sign_test(wins: int, losses: int) -> float:
    """Two-sided exact p-value of `wins` against `losses` under a fair coin; ties are not counted.

    1.0 when both are 0. Raises ValueError for negative or fractional counts. Source: Arbuthnott (1710); Conover (1999).
    """
    fewer = min(at_least("wins", wins, 0), at_least("losses", losses, 0))
    n = int(wins + losses)
    if n > _WHOLE:
        return two_sided(float(np.exp(log_pmf(n, np.arange(fewer + 1.0), 0.5)).sum()))
    ways = total = 1
    for k in range(fewer):
        ways = ways * (n - k) // (k + 1)
        total += ways
    return two_sided(total / 2**n)


def two_sided(tail: float) -> float:
    """Twice the probability of one tail: at most 1, and never 0, however far the tail."""
    return max(min(1.0, 2.0 * tail), float_info.min)


def log_pmf(n: int, k: Floats, p: float) -> Floats:
    """log P(X = k) for X ~ Binomial(n, p), with k = 0, 1, 2, … in this order, and −inf where it is impossible."""
    on_win, on_loss = (log(chance) if chance > 0 else -inf for chance in (p, 1 - p))
    # where a count is 0 its factor is 1, also when the chance is 0 and the logarithm −inf
    wins, losses = (np.where(count > 0, count, 1.0) for count in (k, n - k))
    total: Floats = (
        _log_choose(n, k.size) + np.where(k > 0, wins * on_win, 0.0) + np.where(k < n, losses * on_loss, 0.0)
    )
    return total


@lru_cache(maxsize=64)
def _log_choose(n: int, size: int) -> Floats:
    k = np.arange(1.0, size)
    return np.concatenate(([0.0], np.cumsum(np.log((n - k + 1) / k))))


def normal_quantile(p: float) -> float:
    """The standard normal quantile of p in (0, 1)."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(p)


def _tail(confidence_level: float) -> float:
    return (1.0 - within_unit("confidence_level", confidence_level)) / 2


def _wins_of(wins: float, n: float) -> bool:
    if not 0 <= wins <= n < inf:
        raise ValueError(f"{wins} wins in {n}: wins must lie between 0 and n")
    return n > 0


def _mirrored(low: float, gap: float) -> Interval:
    return 1.0 - (1.0 - low), 1.0 - gap


def _beta_quantile(a: float, b: float, q: float) -> float:
    from scipy.special import betaincinv

    return float(betaincinv(a, b, q))
