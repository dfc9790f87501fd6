"""Bradley-Terry with ties as an outcome of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats
from .ratings import bt_components, bt_counts, bt_fit, games_of


@dataclass(frozen=True, slots=True)
class Davidson:
    """Log strengths, centred, and the tie parameter ν; None with the reason where there is no finite maximum."""

    log_strength: Floats | None
    nu: float | None
    reason: str | None


def davidson_fit(i: ArrayLike, j: ArrayLike, score: ArrayLike, n_models: int) -> Davidson:
    """Bradley-Terry with ties: P(a wins) : P(b wins) : P(tie) = eˢᵃ : eˢᵇ : ν·e^((sᵃ+sᵇ)/2), by maximum likelihood.

    Arguments as in `bt_counts`; scores above ½ are wins, at ½ ties, below losses. Without any tie ν is 0. None with
    the reason where there is no finite maximum: all games ties, or contenders not connected by wins both ways.
    Raises ValueError as `bt_counts` does. Source: Davidson (1970).
    """
    first, second, scores = games_of(i, j, score, n_models)
    decided = scores != 0.5
    wins = bt_counts(first[decided], second[decided], (scores[decided] > 0.5).astype(float), n_models)
    ties = 2 * bt_counts(first[~decided], second[~decided], scores[~decided], n_models)
    if not decided.any():
        return Davidson(None, None, "no game was decided")
    if bt_components(wins + ties)[1].any():
        return Davidson(None, None, "the contenders are not connected by wins or ties both ways")
    if not ties.any():
        return Davidson(bt_fit(wins, anchor=0.0), 0.0, None)
    return _newton(wins, ties)


def _newton(wins: Floats, ties: Floats) -> Davidson:
    n_models = len(wins)
    a, b = np.triu_indices(n_models, 1)
    met = (wins + wins.T + ties)[a, b] > 0
    a, b = a[met], b[met]
    observed = np.column_stack((wins[a, b], wins[b, a], ties[a, b]))
    effects = np.zeros((a.size, 3, n_models + 1))
    at = np.arange(a.size)
    effects[at, 0, a] = effects[at, 1, b] = effects[:, 2, n_models] = 1.0
    effects[at, 2, a] = effects[at, 2, b] = 0.5
    level = np.append(np.ones(n_models), 0.0)  # strengths are known up to a constant: hold their sum at 0
    beta, converged = np.zeros(n_models + 1), False
    for _ in range(200):
        odds = np.exp(effects @ beta)
        chance = odds / odds.sum(axis=1, keepdims=True)
        games = observed.sum(axis=1, keepdims=True)
        centred = effects - (chance[:, :, None] * effects).sum(axis=1, keepdims=True)
        hessian = np.einsum("gk,gkp,gkq->pq", games * chance, centred, centred) + np.outer(level, level)
        gradient = np.einsum("gk,gkp->p", observed - games * chance, effects) - level * (level @ beta)
        if np.linalg.cond(hessian) > 1e12:
            break
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step * min(1.0, 2.0 / max(1e-300, float(np.abs(step).max())))
        converged = bool(np.abs(step).max() < 1e-10)
        if converged:
            break
    if not converged:
        return Davidson(None, None, "the likelihood has no finite maximum")
    strengths = beta[:n_models] - beta[:n_models].mean()
    return Davidson(strengths, float(np.exp(beta[n_models])), None)
