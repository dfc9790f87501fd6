"""How often do nominal 95 % intervals contain the truth?

`python benchmarks/coverage.py --small` enumerates every outcome of n independent win/loss prompts, where the coverage of
the anchored interval can be computed exactly, and exits 1 when a cell is below 90 % or the mean of the grid below 94.5 %.
Without `--small` it also simulates three designs (few prompts, repeated prompts, several judges) and sets the anchored
interval beside the usual ones. `--runs` is the number of simulated samples for each cell.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from math import exp, lgamma, log, sqrt

import numpy as np

from brie_bench import stats

LEVEL = 0.95
RATES = (0.5, 0.7, 0.9, 0.95, 0.98)
SIZES = (6, 13, 25, 57)
FLOOR_OF_A_CELL, FLOOR_OF_THE_MEAN = 0.90, 0.945

Interval = tuple[float, float]


def exact_coverage(n: int, rates: np.ndarray) -> np.ndarray:
    """Coverage of the anchored interval with n independent wins and losses, at each true rate, by enumeration."""
    bounds = [stats.anchored_ci(np.repeat([1.0, 0.0], [wins, n - wins]), LEVEL) for wins in range(n + 1)]
    log_ways = np.array([lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) for k in range(n + 1)])
    covered = np.array([[low <= rate <= high for low, high in bounds] for rate in rates])
    chances = np.array([[exp(w + k * log(p) + (n - k) * log(1 - p)) for k, w in enumerate(log_ways)] for p in rates])
    return (covered * chances).sum(axis=1)


def small_grid() -> np.ndarray:
    """Exact coverage for each of SIZES (rows) and RATES (columns)."""
    return np.array([exact_coverage(n, np.array(RATES)) for n in SIZES])


# --- the designs: scores [prompts, most rows of one], NaN where a prompt has fewer rows -------------------------------


def design(sizes: np.ndarray, icc: float) -> Callable[[np.random.Generator, float], np.ndarray]:
    """Prompts with these numbers of rows, whose own win rates are Beta with the intra-class correlation `icc`."""
    present = np.arange(sizes.max()) < sizes[:, None]

    def draw(rng: np.random.Generator, rate: float) -> np.ndarray:
        own = rng.beta(rate * (1 - icc) / icc, (1 - rate) * (1 - icc) / icc, sizes.size) if icc else rate
        wins = rng.random(present.shape) < np.broadcast_to(own, sizes.size)[:, None]
        return np.where(present, wins, np.nan)

    return draw


DESIGNS = {
    "13 rows of 13 prompts": design(np.ones(13, int), 0.0),
    "57 rows of 25 prompts": design(np.repeat([6, 2, 1], [3, 17, 5]), 0.65),
    "805 prompts × 4 judges": design(np.full(805, 4), 0.65),
}


# --- the intervals ----------------------------------------------------------------------------------------------------


def over_rows(table: np.ndarray) -> Interval:
    return stats.percentile_ci(table[~np.isnan(table)], LEVEL, n_resamples=1000)


def over_prompts(table: np.ndarray) -> Interval:
    return stats.percentile_ci(np.nanmean(table, axis=1), LEVEL, n_resamples=1000)


def bca(table: np.ndarray) -> Interval:
    """Bias-corrected and accelerated, over prompts (Efron 1987)."""
    from scipy.special import ndtr, ndtri

    z = np.nanmean(table, axis=1)
    values, counts = np.unique(z, return_counts=True)
    draws = np.random.default_rng(0).multinomial(z.size, counts / z.size, size=1000) @ values / z.size
    deviations = z - z.mean()
    below = np.clip((np.mean(draws < z.mean()) + np.mean(draws <= z.mean())) / 2, 1e-3, 1 - 1e-3)
    bias = ndtri(below)
    spread = (deviations**2).sum()
    acceleration = (deviations**3).sum() / (6 * spread**1.5) if spread > 0 else 0.0
    shifted = bias + ndtri([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    low, high = np.quantile(draws, ndtr(bias + shifted / (1 - acceleration * shifted)))
    return float(low), float(high)


def student(table: np.ndarray) -> Interval:
    from scipy.special import stdtrit

    z = np.nanmean(table, axis=1)
    half = stdtrit(z.size - 1, (1 + LEVEL) / 2) * z.std(ddof=1) / sqrt(z.size)
    return z.mean() - half, z.mean() + half


def anchored(table: np.ndarray) -> Interval:
    return stats.anchored_ci(np.nanmean(table, axis=1), LEVEL)


INTERVALS: dict[str, Callable[[np.ndarray], Interval]] = {
    "percentile, rows": over_rows, "percentile, prompts": over_prompts, "BCa": bca, "t": student, "anchored": anchored,
}  # fmt: skip


def simulated_coverage(draw: Callable[..., np.ndarray], rate: float, runs: int, seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    hits = dict.fromkeys(INTERVALS, 0)
    for _ in range(runs):
        table = draw(rng, rate)
        for name, interval in INTERVALS.items():
            low, high = interval(table)
            hits[name] += low - 1e-12 <= rate <= high + 1e-12
    return {name: count / runs for name, count in hits.items()}


def print_grid(grid: np.ndarray) -> bool:
    """The exact grid as a table; True when it meets both floors."""
    print("Exact coverage of the anchored 95 % interval, n independent wins and losses, in percent\n")
    print("| n | " + " | ".join(f"{rate:.2f}" for rate in RATES) + " | lowest at any rate |")
    print("|---" * (len(RATES) + 2) + "|")
    fine = np.linspace(0.005, 0.995, 397)
    for n, row in zip(SIZES, grid, strict=True):
        lowest = exact_coverage(n, fine).min()
        print(f"| {n} | " + " | ".join(f"{100 * cell:.1f}" for cell in row) + f" | {100 * lowest:.1f} |")
    passed = bool(grid.min() >= FLOOR_OF_A_CELL and grid.mean() >= FLOOR_OF_THE_MEAN)
    print(f"\nlowest cell {100 * grid.min():.1f}, mean {100 * grid.mean():.1f}: {'met' if passed else 'NOT met'}")
    return passed


def print_simulation(runs: int) -> None:
    rates = ", ".join(f"{rate:.2f}" for rate in RATES)
    print(f"\nSimulated coverage of nominal 95 % at true rates {rates} ({runs} runs a cell), in percent\n")
    print("| design | " + " | ".join(INTERVALS) + " |")
    print("|---" * (len(INTERVALS) + 1) + "|")
    for name, draw in DESIGNS.items():
        cells = [simulated_coverage(draw, rate, runs, seed) for seed, rate in enumerate(RATES)]
        columns = ["/".join(f"{100 * cell[kind]:.0f}" for cell in cells) for kind in INTERVALS]
        print(f"| {name} | " + " | ".join(columns) + " |", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="only the exact grid")
    parser.add_argument("--runs", type=int, default=2000, help="simulated samples a cell")
    options = parser.parse_args()
    passed = print_grid(small_grid())
    if not options.small:
        print_simulation(options.runs)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
