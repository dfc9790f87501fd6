"""What several judges say together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats, at_least, rate_table
from .verdicts import verdict_codes


@dataclass(frozen=True, slots=True)
class DawidSkene:
    """The most probable prevalence of wins, each judge's sensitivity and specificity, and P(win) of each row."""

    prevalence: float | None
    sensitivity: Floats | None
    specificity: Floats | None
    posterior: Floats
    iterations: int


def majority(ratings: ArrayLike) -> Floats:
    """The verdict of more than half of the judges that gave one: 1.0, 0.5 or 0.0 for each row, NaN without a majority.

    `ratings[n, J]` holds scores in [0, 1] or NaN. Raises ValueError for values outside [0, 1].
    """
    verdicts = verdict_codes(rate_table("ratings", ratings, "judge"))
    votes = np.stack([(verdicts == verdict).sum(axis=1) for verdict in (1, 2, 3)], axis=1)
    strict = 2 * votes.max(axis=1, initial=0) > votes.sum(axis=1)
    return np.where(strict, np.array([1.0, 0.5, 0.0])[votes.argmax(axis=1)], np.nan)


def dawid_skene(
    labels: ArrayLike, prior: float = 1.0, *, max_iterations: int = 1_000, tolerance: float = 1e-9
) -> DawidSkene:
    """The true verdict of each row and each judge's error rates, from `labels[n, J]`: 1 win, 0 loss, NaN for none.

    Expectation-maximisation from the share of votes, with `prior` pseudo-counts added to every cell: the mode under
    Beta(1 + prior, 1 + prior) priors. Sensitivity is P(says win | win), specificity P(says loss | loss). Judges that
    err together are taken for right; below some 200 rows the answer is mostly prior. Ties have no place in the model:
    leave them out as NaN. Without a single label the rates are None and the posterior is ½.
    Raises ValueError for labels other than 0, 1 and NaN, or a prior not above 0. Source: Dawid & Skene (1979).
    """
    given = rate_table("labels", labels, "judge")
    if not prior > 0:
        raise ValueError(f"prior is {prior}: it must be above 0")
    at_least("max_iterations", max_iterations, 1)
    known = ~np.isnan(given)
    if (known & (given != 0) & (given != 1)).any():
        raise ValueError("labels holds a value other than 0 and 1: leave ties out as NaN")
    wins, losses = (known & (given == 1)).astype(float), (known & (given == 0)).astype(float)
    n_labels = known.sum(axis=1)
    if not n_labels.sum():
        return DawidSkene(None, None, None, np.full(len(given), 0.5), 0)
    posterior = np.where(n_labels > 0, wins.sum(axis=1) / np.maximum(n_labels, 1), 0.5)
    iterations, moved = 0, np.inf
    while moved > tolerance and iterations < max_iterations:
        prevalence = (posterior[n_labels > 0].sum() + prior) / (np.count_nonzero(n_labels) + 2 * prior)
        sensitivity = (posterior @ wins + prior) / (posterior @ (wins + losses) + 2 * prior)
        specificity = ((1 - posterior) @ losses + prior) / ((1 - posterior) @ (wins + losses) + 2 * prior)
        for_win = wins @ np.log(sensitivity) + losses @ np.log1p(-sensitivity)
        for_loss = losses @ np.log(specificity) + wins @ np.log1p(-specificity)
        log_odds = np.log(prevalence) - np.log1p(-prevalence) + for_win - for_loss
        updated = 0.5 * (1.0 + np.tanh(log_odds / 2))
        moved, iterations = float(np.abs(updated - posterior).max()), iterations + 1
        posterior = updated
    return DawidSkene(float(prevalence), sensitivity, specificity, posterior, iterations)
