"""Exact null distributions of sums, mostly of terms that lie on a common grid."""

from __future__ import annotations

from functools import lru_cache
from math import lcm

import numpy as np
from numpy.typing import NDArray

from .inputs import Floats

_GRID = 1_000_000
_WORK = 200_000_000
_HALVED = (
    512  # coins between two divisions by 2 for each: more would overflow, and each at once takes as long as the coin
)


def common_unit(sizes: Floats, total: float) -> float | None:
    """The step of the coarsest grid that holds all `sizes` > 0; None when `total` would be too many steps of it."""
    scale = 1
    for size in sizes.tolist():
        fraction, denominator = _fraction(size)
        scale = lcm(scale, denominator)
        if abs(fraction - size) > 1e-10 * max(1.0, size) or scale * total > _GRID:
            return None
    steps = np.rint(sizes * scale).astype(np.int64)
    return int(np.gcd.reduce(steps)) / scale


@lru_cache(maxsize=4096)
def _fraction(size: float) -> tuple[float, int]:
    """The nearest fraction with a denominator of at most 10 000, and that denominator."""
    from fractions import Fraction

    fraction = Fraction(size).limit_denominator(10_000)
    return float(fraction), fraction.denominator


def subset_tail(steps: NDArray[np.int64], limit: int) -> float:
    """P(Σ bₖ·stepsₖ ≤ limit) for fair coins bₖ in {0, 1} (Pagano & Tritchler 1983)."""
    mass = np.zeros(limit + 1)
    mass[0], top = 1.0, 0
    for number, step in enumerate(np.sort(steps).tolist(), 1):
        top = min(top + step, limit)
        if step <= top:
            mass[step : top + 1] += mass[: top + 1 - step]  # numpy copies what overlaps
        if number % _HALVED == 0:
            mass *= 0.5**_HALVED
    return float(mass.sum()) * 0.5 ** (len(steps) % _HALVED)


def enumerated_tail(sizes: Floats, least: float) -> float:
    """P(Σ ±sizes ≥ least) over all choices of signs, for any values: two halves, each enumerated, and compared."""
    halves = []
    for part in (sizes[::2], sizes[1::2]):
        sums = np.zeros(1)
        for size in part.tolist():
            sums = np.concatenate((sums - size, sums + size))
        halves.append(np.sort(sums))
    slack = 1e-11 * float(sizes.sum())
    beyond = halves[1].size - np.searchsorted(halves[1], least - slack - halves[0])
    return float(beyond.sum()) / 2.0**sizes.size


def convolved_tail(terms: list[tuple[Floats, int]], least: float) -> float | None:
    """P(|Σ| ≥ least) for sums of independent terms, each `(equally likely values, number of such terms)`.

    None when the values lie on no common grid that is coarse enough.
    """
    reach = sum(float(np.abs(values).max()) * count for values, count in terms)
    sizes = np.unique(np.round(np.abs(np.concatenate([values for values, _ in terms])), 12))
    unit = common_unit(sizes[sizes > 0], reach)
    if unit is None or (reach / unit) ** 2 > _WORK:
        return None
    mass, centre = np.ones(1), 0
    for values, count in terms:
        steps = np.rint(values / unit).astype(np.int64)
        widest = int(np.abs(steps).max())
        single = np.bincount(steps + widest, minlength=2 * widest + 1) / steps.size
        for _ in range(count):
            mass, centre = np.convolve(mass, single), centre + widest
    far = round(least / unit)
    if far == 0:
        return 1.0
    return min(1.0, float(mass[: max(centre - far + 1, 0)].sum() + mass[centre + far :].sum()))
