"""Would the contender win at equal length?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats, codes, rates, same_length, vector
from .rates import mirrored_rate

_LEAST = 10
_FAR = 1.5


@dataclass(frozen=True, slots=True)
class LengthControlled:
    """The win rate as it is (`raw`) and at equal length (`controlled`), the latter only when `identified`.

    `length_ratio` is the contenders' total length by the baselines'; `close_rate` the win rate among the `n_close`
    rows whose lengths differ by at most a tenth of the longer.
    """

    raw: float | None
    controlled: float | None
    coefficient: float | None
    identified: bool
    reason: str | None
    n: int
    length_ratio: float | None
    close_rate: float | None
    n_close: int


def length_controlled(
    score: ArrayLike, length_contender: ArrayLike, length_baseline: ArrayLike, prompt: ArrayLike | None = None
) -> LengthControlled:
    """The win rate at equal length, from a logistic regression on the difference in length.

    `score[N]` in [0, 1], NaN for a failure; lengths in characters, NaN where unknown: such rows are dropped. With
    Δ = contender length − baseline length and sd its standard deviation (ddof 1), the score is modelled as
    expit(a + c·tanh(Δ/sd)) and the controlled rate is expit(a), fitted by maximising ℓ + ½ log|I| − ½c²: Firth's
    penalty, and a ridge on c. `prompt[N]` makes prompts weigh alike, as one row each; without it rows are the units.

    The controlled rate and the coefficient c are None, with the reason, below ten wins or ten losses (in units), where
    the mean difference is 1.5 sd or more (equal length is then an extrapolation), or where lengths do not vary.
    It says what holds at equal length, not what is free of bias. Exchanging contender and baseline mirrors it.
    Raises ValueError for unequal lengths of the arrays, scores outside [0, 1] or negative text lengths.
    Sources: Firth (1993); Dubois, Galambosi, Liang & Hashimoto (2024).
    """
    scores = rates("score", score)
    contender, baseline = vector("length_contender", length_contender), vector("length_baseline", length_baseline)
    code = np.arange(scores.size) if prompt is None else codes("prompt", prompt)[1]
    same_length(score=scores, length_contender=contender, length_baseline=baseline, prompt=code)
    valid = ~(np.isnan(scores) | np.isnan(contender) | np.isnan(baseline))
    centred, contender, baseline, code = scores[valid] - 0.5, contender[valid], baseline[valid], code[valid]
    if min(contender.min(initial=0.0), baseline.min(initial=0.0)) < 0:
        raise ValueError("a text length is negative: lengths are numbers of characters")
    if not centred.size:
        return LengthControlled(None, None, None, False, "no score with both lengths", 0, None, None, 0)
    weights = 1.0 / np.bincount(code)[code]
    total = float(weights.sum())
    difference = contender - baseline
    mean = float(weights @ difference) / total
    spread = float(np.sqrt(weights @ (difference - mean) ** 2 / (total - 1))) if total > 1.5 else 0.0
    reason = _obstacle(weights, centred, mean, spread)
    controlled = coefficient = None
    if reason is None:
        intercept, coefficient = _penalised_fit(centred, np.tanh(difference / spread), weights)
        controlled = mirrored_rate(float(np.tanh(intercept / 2)) / 2)
    close = np.abs(difference) <= 0.1 * np.maximum(contender, baseline)
    near = float(weights[close].sum())
    whole = float(weights @ baseline)
    return LengthControlled(
        raw=mirrored_rate(float(weights @ centred) / total),
        controlled=controlled,
        coefficient=coefficient,
        identified=reason is None,
        reason=reason,
        n=centred.size,
        length_ratio=float(weights @ contender) / whole if whole > 0 else None,
        close_rate=mirrored_rate(float(weights[close] @ centred[close]) / near) if near > 0 else None,
        n_close=int(np.count_nonzero(close)),
    )


def _obstacle(weights: Floats, centred: Floats, mean: float, spread: float) -> str | None:
    """Why the rate at equal length cannot be known, or None."""
    for name, side in (("win", centred > 0), ("loss", centred < 0)):
        units = float(weights[side].sum())
        if units < _LEAST - 1e-9:
            return f"{units:.3g} {name}{'es' if name == 'loss' else 's'}: fewer than {_LEAST}"
    if spread <= 1e-12 * max(1.0, abs(mean)):
        return "the difference in length does not vary"
    if abs(mean) >= _FAR * spread:
        return f"the mean difference in length is {abs(mean) / spread:.1f} standard deviations from equal length"
    return None


def _penalised_fit(centred: Floats, x: Floats, weights: Floats) -> tuple[float, float]:
    """Intercept and slope at the maximum of ℓ + ½ log|I| − ½·slope², by Newton steps on Firth's modified score.

    Everything is written in score − ½ and its fitted counterpart, so that exchanging the sides mirrors it exactly.
    """
    design = np.column_stack((np.ones_like(x), x))
    beta = np.zeros(2)
    for _ in range(200):
        fitted = np.tanh(design @ beta / 2) / 2
        variance = weights * (0.25 - fitted**2)
        information = design.T @ (variance[:, None] * design)
        leverage = variance * ((design @ np.linalg.inv(information)) * design).sum(axis=1)
        gradient = design.T @ (weights * (centred - fitted) - leverage * fitted) - np.array([0.0, beta[1]])
        step = np.linalg.solve(information + np.diag([0.0, 1.0]), gradient)
        beta = beta + step * min(1.0, 2.0 / max(1e-300, float(np.abs(step).max())))
        if np.abs(step).max() < 1e-12:
            break
    return float(beta[0]), float(beta[1])
