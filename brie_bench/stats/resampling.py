"""Random weights on independent units: the Bayesian bootstrap of sums, and the bounds read from it."""

from __future__ import annotations

import numpy as np

from .inputs import Floats, Interval

_CHUNK = 4_000_000


def weighted_sums(features: Floats, masses: Floats, n_resamples: int, seed: int) -> Floats:
    """`n_resamples` draws of Σ Gᵤ·featuresᵤ with Gᵤ ~ Gamma(massᵤ); a mass is a number of alike units, or an anchor's ½.

    `features[U, D]` holds what each unit adds to D sums; returns an array [n_resamples, D].
    """
    rng = np.random.default_rng(seed)
    rows = max(1, _CHUNK // max(1, masses.size))
    single = masses == 1.0  # an exponential is drawn several times faster than another gamma
    alone, grouped = np.flatnonzero(single), np.flatnonzero(~single)
    draws = []
    for start in range(0, n_resamples, rows):
        n = min(rows, n_resamples - start)
        drawn = rng.standard_exponential(size=(n, alone.size)) @ features[alone]
        draws.append(drawn + rng.standard_gamma(masses[grouped], size=(n, grouped.size)) @ features[grouped])
    return np.concatenate(draws)


def distinct_rows(table: Floats) -> tuple[Floats, Floats]:
    """The different rows of a table in a fixed order, and how often each occurs."""
    if len(table) < 2 or table.shape[1] == 0:
        return table, np.ones(len(table))
    # sums in another order differ in their last bits, and −0 and 0 in their bytes, but they are the same row
    table = (np.round(np.ascontiguousarray(table), 12) + 0.0).astype(np.float64, copy=False)
    as_bytes = table.view(np.dtype((np.void, table.itemsize * table.shape[1]))).ravel()
    _, first, counts = np.unique(as_bytes, return_index=True, return_counts=True)
    return table[first], counts.astype(np.float64)


def bounds(draws: Floats, confidence_level: float, estimate: float | None) -> Interval | None:
    """The equal-tailed quantiles of the draws, widened where need be to contain the estimate."""
    if estimate is None:
        return None
    low, high = quantiles(draws, confidence_level)
    return min(low, estimate), max(high, estimate)


def quantiles(draws: Floats, confidence_level: float) -> Interval:
    """The equal-tailed quantiles at that level, as np.quantile's, which takes ten times as long over a thousand draws.

    NaN where any draw is.
    """
    ordered = np.sort(draws)
    place = (1.0 - confidence_level) / 2 * (ordered.size - 1)
    below, last = int(place), ordered.size - 1
    part, above = place - below, min(below + 1, last)
    low = ordered[below] + part * (ordered[above] - ordered[below])
    high = ordered[last - below] - part * (ordered[last - below] - ordered[last - above])
    end = float(ordered[last])  # NaN is sorted last
    return (end, end) if np.isnan(end) else (float(low), float(high))
