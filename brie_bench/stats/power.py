"""What a sample of n prompts can tell: the exact power of the sign test, and the n a half-width needs."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, sqrt

import numpy as np

from .binomial import log_pmf, normal_quantile
from .inputs import at_least, within_unit


def sign_test_power(n: int, p: float, alpha: float = 0.05) -> float:
    """The chance that the two-sided sign test on `n` decisive prompts rejects at `alpha`, by enumeration.

    `p` in [0, 1] is the true chance of a win on a prompt. Ties add nothing: pass the prompts expected to be decided.
    0.0 when n is too small to reject at all (below 6 prompts at .05).
    Raises ValueError for a negative n, p outside [0, 1] or alpha outside (0, 1). Source: Noether (1987).
    """
    at_least("n", n, 0)
    return _power(int(n), within_unit("p", p, ends=True), within_unit("alpha", alpha))


@lru_cache(maxsize=4096)
def detectable_rate(n: int, power: float = 0.8, alpha: float = 0.05) -> float | None:
    """The smallest win rate above ½ that the sign test on `n` prompts detects with chance `power`.

    None when no rate can be detected: below 6 prompts at alpha .05. By symmetry 1 − rate is detected as well.
    Raises ValueError for a negative n, or a power or alpha outside (0, 1).
    """
    at_least("n", n, 0)
    within_unit("power", power)
    if _critical(int(n), within_unit("alpha", alpha)) < 0:
        return None
    low, high = 0.5, 1.0
    while high - low > 1e-13:
        middle = (low + high) / 2
        low, high = (middle, high) if _power(int(n), middle, alpha) < power else (low, middle)
    return high


def n_for_half_width(
    h: float, p: float, tie: float = 0.0, design_effect: float = 1.0, confidence_level: float = 0.95
) -> int:
    """The number of prompts at which Wilson's interval reaches a half-width of `h` or less.

    `p` in [0, 1] is the expected win rate with ties half, `tie` the expected share of ties, which lowers the variance
    to p(1 − p) − tie/4; `design_effect` multiplies the number for units that are not independent.
    Raises ValueError for h or the level outside (0, 1), more ties than p allows, or a design effect not above 0.
    Source: Wilson (1927).
    """
    within_unit("h", h)
    variance = within_unit("p", p, ends=True) * (1 - p) - within_unit("tie", tie, ends=True) / 4
    if tie > 2 * min(p, 1 - p) + 1e-12:
        raise ValueError(f"tie is {tie}: with a win rate of {p} at most {2 * min(p, 1 - p):g} of the prompts can tie")
    if not design_effect > 0:
        raise ValueError(f"design_effect is {design_effect}: it must be above 0")
    z = normal_quantile((1 + within_unit("confidence_level", confidence_level)) / 2)

    def half_width(n: int) -> float:
        effective = n / design_effect
        return z / (1 + z * z / effective) * sqrt(max(variance, 0.0) / effective + (z / (2 * effective)) ** 2)

    low, high = 0, ceil(design_effect * z * z / h**2) + 1  # Wilson's half-width is below z/√n
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if half_width(middle) <= h else (middle, high)
    return high


def _power(n: int, p: float, alpha: float) -> float:
    last = _critical(n, alpha)
    if last < 0:
        return 0.0
    k = np.arange(last + 1.0)
    return min(1.0, float(np.exp(log_pmf(n, k, p)).sum() + np.exp(log_pmf(n, k, 1 - p)).sum()))


@lru_cache(maxsize=4096)
def _critical(n: int, alpha: float) -> int:
    """The largest number of losses, or of wins, at which the test rejects; −1 when it never does."""
    tails = 2 * np.cumsum(np.exp(log_pmf(n, np.arange(n // 2 + 1.0), 0.5)))
    return int(np.searchsorted(tails, alpha * (1 + 1e-12), side="right")) - 1
