"""Intervals for the mean of K independent prompt scores in [0, 1]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats, Interval, at_least, rates, within_unit
from .inversion import Complex, contour, grouped

Method = Literal["auto", "exact", "resample"]
Lower = Callable[[Floats, Floats, float], float]

_DECIMALS = 12
_CHUNK = 4_000_000


def anchored_ci(
    z: ArrayLike,
    confidence_level: float = 0.95,
    *,
    method: Method = "auto",
    n_resamples: int = 10_000,
    seed: int = 0,
) -> Interval | None:
    """Anchored bootstrap interval of the mean of `z[K]`, one score in [0, 1] a prompt.

    The Bayesian bootstrap over prompts (weights Exp(1)) with half a pseudo-prompt at 0 and half at 1, widened to the
    exact binomial bound of a clean sweep, ((1 − level)/2)^(1/K). For win/loss prompts it is Jeffreys' interval with
    that floor. It never has zero width, always contains the mean, and mirrors: z → 1 − z gives [1 − high, 1 − low].

    "exact" inverts the characteristic function (no random numbers, error below 1e-8), "resample" draws `n_resamples`
    gamma weights from `seed`; "auto" is "exact". NaN is a prompt without a score and is dropped; values are rounded to
    12 decimals. None when no prompt is left. Raises ValueError for values outside [0, 1] or a level outside (0, 1).

    Sources: Rubin (1981); Hjort (1991); Muliere & Secchi (1996); Brown, Cai & DasGupta (2001); Gil-Pelaez (1951).
    """
    if method not in ("auto", "exact", "resample"):
        raise ValueError(f'method is {method!r}: it must be "auto", "exact" or "resample"')
    draws = at_least("n_resamples", n_resamples, 1)

    def lower(values: Floats, counts: Floats, tail: float) -> float:
        points, masses = _with_anchors(values, counts)
        if method == "resample":
            bound = float(np.quantile(_dirichlet_means(points, masses, draws, seed), tail))
        else:
            bound = _dirichlet_quantile(*grouped(points, masses), tail)
        n = float(counts.sum())
        sweep: float = tail ** (1 / n)
        return min(bound, float(values @ counts) / n * sweep)

    return _two_sided(z, confidence_level, lower)


def percentile_ci(
    z: ArrayLike, confidence_level: float = 0.95, *, n_resamples: int = 10_000, seed: int = 0
) -> Interval | None:
    """Percentile bootstrap interval of the mean of `z[K]`: offered for comparison, too narrow below some 200 prompts.

    It has zero width when all prompts score alike, and misses its level badly near 0 and 1: use `anchored_ci`.
    NaN is dropped; None when no prompt is left. Raises ValueError as `anchored_ci` does. Source: Efron (1979).
    """
    draws = at_least("n_resamples", n_resamples, 1)

    def lower(values: Floats, counts: Floats, tail: float) -> float:
        n = int(counts.sum())
        rng = np.random.default_rng(seed)
        rows = max(1, _CHUNK // values.size)
        sizes = [min(rows, draws - start) for start in range(0, draws, rows)]
        means = [rng.multinomial(n, counts / n, size=size) @ values / n for size in sizes]
        return float(np.quantile(np.concatenate(means), tail))

    return _two_sided(z, confidence_level, lower)


def _two_sided(z: ArrayLike, confidence_level: float, lower: Lower) -> Interval | None:
    """The lower bound of z and the mirrored lower bound of 1 − z: what makes the mirror exact."""
    tail = (1.0 - within_unit("confidence_level", confidence_level)) / 2
    scores = rates("z", z)
    scores = scores[~np.isnan(scores)]
    if not scores.size:
        return None
    values, counts = np.unique(np.round(scores, _DECIMALS), return_counts=True)
    mirrored = np.round(1.0 - values, _DECIMALS)[::-1].copy()  # a view would be summed in another order
    masses = counts.astype(np.float64)
    low, gap = lower(values, masses, tail), lower(mirrored, masses[::-1].copy(), tail)
    # 1 − (1 − x) drops the bits of x that 1 − x cannot hold, so that mirroring twice gives x back
    return 1.0 - (1.0 - low), 1.0 - gap


def _with_anchors(values: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Distinct points and their masses, with half a prompt added at 0 and at 1."""
    inner = (values > 0.0) & (values < 1.0)
    at_zero, at_one = counts[values == 0.0].sum(), counts[values == 1.0].sum()
    points = np.concatenate(([0.0], values[inner], [1.0]))
    return points, np.concatenate(([at_zero + 0.5], counts[inner], [at_one + 0.5]))


def _dirichlet_means(points: Floats, masses: Floats, draws: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    rows = max(1, _CHUNK // points.size)
    means = []
    for start in range(0, draws, rows):
        weights = rng.standard_gamma(masses, size=(min(rows, draws - start), masses.size))
        means.append(weights @ points / weights.sum(axis=1))
    return np.concatenate(means)


def _dirichlet_quantile(points: Floats, masses: Floats, tail: float) -> float:
    """The `tail` quantile (tail < ½) of Σ Gᵢvᵢ / Σ Gᵢ with Gᵢ ~ Gamma(massᵢ), by Newton on log P against logit x."""
    goal = np.log(tail)
    y, below, above, tilt = _normal_guess(points, masses, tail), -np.inf, np.inf, 0.5
    for _ in range(60):
        x = 1.0 / (1.0 + np.exp(-y))
        log_tail, slope, tilt = _log_tail(points, masses, x, tilt)
        below, above = (y, above) if log_tail < goal else (below, y)
        step = (goal - log_tail) / (slope * x * (1.0 - x))
        if abs(step) < 1e-6:  # the error squares: what is left of it is below 1e-11
            y += step
            break
        y += float(np.clip(step, -3.0, 3.0))
        if not below < y < above:
            y = (below + above) / 2
    return float(1.0 / (1.0 + np.exp(-y)))


def _normal_guess(points: Floats, masses: Floats, tail: float) -> float:
    """Where to begin: a normal quantile on the logit scale (Hastings' approximation)."""
    total = masses.sum()
    mean = masses @ points / total
    variance = (masses @ points**2 / total - mean**2) / (total + 1)
    root = np.sqrt(-2 * np.log(tail))
    quantile = root - (2.30753 + 0.27061 * root) / (1 + 0.99229 * root + 0.04481 * root**2)
    return float(np.log(mean / (1 - mean)) - quantile * np.sqrt(variance) / (mean * (1 - mean)))


def _log_tail(points: Floats, masses: Floats, x: float, tilt: float) -> tuple[float, float, float]:
    """log P(mean ≤ x), its derivative in x, and the tilt at which it was computed.

    P(mean ≤ x) = P(Σ Gᵢ(vᵢ − x) ≤ 0), and κ(s) = −Σ massᵢ log(1 − s(vᵢ − x)) exists for −1/x < s < 1/(1 − x). The
    contour crosses at s = −tilt/x: at the saddle point, but not so near the pole at 0 that the quadrature sees it.
    """
    offsets = points - x
    tilt = max(_saddle(points, masses, x, tilt), min(0.5, x / float(np.sqrt(masses @ offsets**2))))
    shift = -tilt / x
    ratios = offsets / (1.0 - shift * offsets)

    def cgf(s: Complex) -> Complex:
        logs: Complex = np.log(1.0 - s[:, None] * offsets)
        total: Complex = -(logs @ masses)
        return total

    s, factors, top = contour(cgf, shift, float(masses @ ratios**2), 2 * float(masses @ ratios**3))
    tail = -float((factors / s).imag.sum())
    density = float((factors * ((1.0 / (1.0 - s[:, None] * offsets)) @ masses)).imag.sum())
    return top + float(np.log(tail)), density / tail, tilt


def _saddle(points: Floats, masses: Floats, x: float, tilt: float) -> float:
    """The tilt r in (0, 1) with Σ massᵢ(vᵢ − x) / ((1 − r)x + r·vᵢ) = 0, roughly; 0 when x is beyond the mean."""
    offsets = points - x
    if masses @ offsets <= 0.0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(100):
        ratios = offsets / (x + tilt * offsets)
        slope, curvature = float(masses @ ratios), float(masses @ ratios**2)
        if slope * slope < 1e-4 * curvature:  # within a hundredth of the integrand's width
            break
        low, high = (tilt, high) if slope > 0 else (low, tilt)
        # Newton on slope·(1 − tilt): the anchor at 0 makes the slope itself infinite at tilt 1
        step = slope * (1 - tilt) / (slope + (1 - tilt) * curvature)
        tilt = tilt + step if low < tilt + step < high else (low + high) / 2
    return tilt
