"""Is the win rate above or below ½, and is one contender better than another on the same prompts?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .binomial import sign_test, two_sided
from .inputs import Floats, Interval, at_least, even_sum, rates, same_length, vector
from .intervals import anchored_ci
from .inversion import flip_tail, grouped
from .lattice import common_unit, enumerated_tail, subset_tail

_DECIMALS = 12
_WORK = 20_000_000
_CHUNK = 4_000_000


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Contender A less contender B on their shared prompts; None where they share none."""

    difference: float | None
    interval: Interval | None
    p_value: float | None
    n_common: int
    n_dropped: int


def sign_flip_p(
    d: ArrayLike, *, method: Literal["auto", "resample"] = "auto", n_resamples: int = 100_000, seed: int = 0
) -> float | None:
    """Two-sided p-value of the sign-flip test that `d[K]`, one number a prompt, is symmetric about 0.

    For a win rate pass z − ½, for two contenders z_a − z_b. The statistic is the sum; its null distribution is that of
    all 2^K choices of signs. Zeros drop out; NaN is a prompt without a score and is dropped; None for no prompt at all,
    1.0 when all are zero. Values are rounded to 12 decimals.

    "auto" is exact where the values lie on a common grid (always so for means of win, tie and loss): dynamic
    programming over subset sums. Off any grid all choices are compared up to 32 prompts, and values rounded to one of
    200 000 steps up to 100; more of them, and very large grids, go through the inverted transform, which agrees to many
    digits. "resample"
    draws `n_resamples` flips from `seed` and gives (1 + hits)/(1 + n_resamples).

    Raises ValueError for infinite values. Sources: Fisher (1935); Pagano & Tritchler (1983) for the exact computation.
    """
    if method not in ("auto", "resample"):
        raise ValueError(f'method is {method!r}: it must be "auto" or "resample"')
    values = vector("d", d)
    values = np.round(values[~np.isnan(values)], _DECIMALS)
    if not values.size:
        return None
    values = values[values != 0]
    sizes = np.sort(np.abs(values))
    total = abs(even_sum(values))
    if not values.size or total < 1e-9 * sizes[-1]:
        return 1.0
    if method == "resample":
        return _flips(sizes, total, at_least("n_resamples", n_resamples, 1), seed)
    wins = int(np.count_nonzero(values > 0))
    if sizes[0] == sizes[-1] or wins in (0, values.size):
        return sign_test(wins, values.size - wins)
    unit = common_unit(np.unique(sizes), float(sizes.sum()))
    span = 2 * unit if unit else 0.0
    if unit is None and values.size <= 32:
        return two_sided(enumerated_tail(sizes, total))
    if unit is None and values.size <= 100:
        unit = float(sizes.sum()) / 200_000
    if unit and values.size * float(sizes.sum()) / unit <= _WORK:
        steps = np.rint(values / unit).astype(np.int64)
        lost = int(np.abs(steps).sum() - abs(steps.sum())) // 2
        return two_sided(subset_tail(np.abs(steps), lost))
    distinct, counts = np.unique(sizes, return_counts=True)
    return two_sided(flip_tail(*grouped(distinct, counts.astype(np.float64)), total, span))


def holm(p: ArrayLike) -> Floats:
    """Holm's adjusted p-values of `p[m]`, in the order given: rejecting those ≤ α keeps the family's error below α.

    An empty family gives an empty array. Raises ValueError for values outside [0, 1] or NaN (leave out what was not
    tested). Source: Holm (1979).
    """
    values = rates("p", p)
    if np.isnan(values).any():
        raise ValueError("p holds NaN: leave out the tests that were not made")
    order = np.argsort(values, kind="stable")
    factors = np.arange(values.size, 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * values[order]))
    return adjusted


def paired_difference(
    z_a: ArrayLike, z_b: ArrayLike, confidence_level: float = 0.95, *, n_resamples: int = 10_000, seed: int = 0
) -> PairedDifference:
    """Contender A less contender B over the prompts both were judged on, with interval and sign-flip p-value.

    `z_a[K]` and `z_b[K]` hold prompt means in [0, 1], aligned by prompt, NaN where a contender has none; such prompts
    are dropped and counted. The interval is the anchored one of (d + 1)/2 mapped back to [−1, 1]; the p-value is that
    of `sign_flip_p`. Exchanging A and B changes the signs and nothing else. All None without a shared prompt.
    Raises ValueError for unequal lengths or values outside [0, 1].
    """
    a, b = rates("z_a", z_a), rates("z_b", z_b)
    n = same_length(z_a=a, z_b=b)
    d = a - b
    d = d[~np.isnan(d)]
    if not d.size:
        return PairedDifference(None, None, None, 0, n)
    half = anchored_ci((d + 1) / 2, confidence_level, n_resamples=n_resamples, seed=seed)
    interval = None if half is None else (2 * half[0] - 1, 2 * half[1] - 1)
    return PairedDifference(even_sum(d) / d.size, interval, sign_flip_p(d), d.size, n - d.size)


def _flips(sizes: Floats, total: float, n_resamples: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    rows = max(1, _CHUNK // sizes.size)
    hits = 0
    for start in range(0, n_resamples, rows):
        flipped = rng.integers(0, 2, size=(min(rows, n_resamples - start), sizes.size), dtype=np.int8)
        sums = sizes.sum() - 2 * (flipped @ sizes)
        hits += int(np.count_nonzero(np.abs(sums) >= total * (1 - 1e-9)))
    return (1 + hits) / (1 + n_resamples)
