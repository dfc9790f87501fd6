"""Many contenders against each other: Bradley-Terry ratings, what connects them, and the ranks the data allow."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats, Ints, at_least, codes, rates, same_length, within_unit
from .resampling import distinct_rows, weighted_sums

_CHUNK = 1_000_000


def bt_counts(i: ArrayLike, j: ArrayLike, score: ArrayLike, n_models: int) -> Floats:
    """W[M, M] from games: `W[a, b]` is what a won against b, a tie giving half to both.

    `i[N]` and `j[N]` are contender numbers from 0 to M − 1, `score[N]` in [0, 1] is i's, NaN games are dropped.
    Raises ValueError for unequal lengths, a number out of range, or a contender that meets itself.
    """
    first, second, scores = games_of(i, j, score, n_models)
    slot = first * n_models + second
    won = np.bincount(slot, weights=scores, minlength=n_models**2).reshape(n_models, n_models)
    played = np.bincount(slot, minlength=n_models**2).reshape(n_models, n_models)
    counts: Floats = won + (played - won).T
    return counts


def bt_fit(wins: ArrayLike, anchor: float = 1.0) -> Floats:
    """Bradley-Terry log strengths s[M], centred to mean 0, from `wins[M, M]` as `bt_counts` gives it.

    P(a beats b) = expit(s_a − s_b). Each contender also plays `anchor` games against a virtual opponent of strength 0,
    half won and half lost, which keeps separated contenders finite and draws unconnected ones to the middle: compare
    ratings within a component only (`bt_components`). With `anchor` 0 it is the maximum likelihood.
    Raises ValueError for negative or non-finite counts, a table that is not square, or, with anchor 0, contenders that
    are not all connected by wins both ways. Sources: Zermelo (1929); Bradley & Terry (1952); Ford (1957).
    """
    table = _square("wins", wins)
    if not 0 <= anchor < np.inf:
        raise ValueError(f"anchor is {anchor}: it must be a number of games, 0 or more")
    if anchor == 0 and len(table) and bt_components(table)[1].any():
        raise ValueError("the contenders are not connected by wins both ways: no finite ratings, set an anchor above 0")
    if not len(table):
        return np.zeros(0)
    half = np.full((1, len(table)), anchor / 2)
    strengths: Floats = _newton(table[None], half, half, np.zeros(len(table)))[0]
    return strengths


def bt_components(wins: ArrayLike) -> tuple[Ints, Ints]:
    """Labels (weak[M], strong[M]) of the contenders connected by games, and by chains of wins both ways.

    Labels count from 0 in the order of the contenders. One weak component is needed to compare ratings at all, one
    strong component for the maximum likelihood to exist. A tie is half a win each way.
    Raises ValueError for a table that is not square or holds a negative count. Source: Ford (1957).
    """
    table = _square("wins", wins)
    beats = table > 0
    return _reachable(beats | beats.T), _reachable(beats)


def bt_bootstrap(
    prompt: ArrayLike,
    i: ArrayLike,
    j: ArrayLike,
    score: ArrayLike,
    n_models: int,
    *,
    n_resamples: int = 1_000,
    anchor: float = 1.0,
    seed: int = 0,
) -> Floats:
    """Resampled log strengths S[B, M], each row centred to mean 0: the Bayesian bootstrap over prompts.

    `prompt[N]` names the prompt of each game, the rest is as in `bt_counts` and `bt_fit`. A prompt's games share one
    weight Exp(1); the halves won and lost against the virtual opponent weigh Gamma(anchor/2) each.
    Raises ValueError as those functions do, or for an anchor not above 0. Source: Rubin (1981).
    """
    draws = at_least("n_resamples", n_resamples, 1)
    first, second, scores = games_of(i, j, score, n_models)
    if not 0 < anchor < np.inf:
        raise ValueError(f"anchor is {anchor}: resampled ratings are finite only with an anchor above 0")
    prompts = codes("prompt", prompt)[1]
    same_length(prompt=prompts, i=np.asarray(i))
    prompts = prompts[~np.isnan(rates("score", score))]
    low, high = np.minimum(first, second), np.maximum(first, second)
    couples, couple = np.unique(low * n_models + high, return_inverse=True)
    features, counts = _prompt_games(prompts, couple, np.where(first == low, scores, 1.0 - scores), couples.size)
    sums = weighted_sums(features, counts, draws, seed)
    table = np.zeros((draws, n_models, n_models))
    table[:, couples // n_models, couples % n_models] = sums[:, : couples.size]
    table[:, couples % n_models, couples // n_models] = sums[:, couples.size :]
    rng = np.random.default_rng([seed, 1])
    # a small anchor's draws can vanish altogether, and with them the only finite answer
    won, lost = np.maximum(rng.standard_gamma(anchor / 2, size=(2, draws, n_models)), 1e-9)
    start = bt_fit(bt_counts(first, second, scores, n_models), anchor)
    rows = max(1, _CHUNK // max(1, n_models**2))
    blocks = [slice(at, at + rows) for at in range(0, draws, rows)]
    return np.concatenate([_newton(table[block], won[block], lost[block], start) for block in blocks])


def rank_sets(strengths: ArrayLike, confidence_level: float = 0.95) -> tuple[Ints, Ints]:
    """The best and the worst rank (1 is best) of each contender that resampled strengths S[B, M] do not rule out.

    One contender is above another when the interval of their difference, at `confidence_level`, lies above 0. The
    best rank is 1 + the number above it, the worst M − the number below it.
    Raises ValueError for a table that is not two-dimensional or holds no draw. Source: Mogstad, Romano, Shaikh & Wilhelm (2024).
    """
    table = np.asarray(strengths, dtype=np.float64)
    tail = (1.0 - within_unit("confidence_level", confidence_level)) / 2
    if table.ndim != 2 or not len(table) or not np.isfinite(table).all():
        raise ValueError("strengths must be a table [resamples, contenders] of finite numbers with one row at least")
    n_models = table.shape[1]
    above = np.zeros((n_models, n_models), dtype=bool)
    for a in range(n_models):
        low, high = np.quantile(table[:, a, None] - table[:, a + 1 :], [tail, 1.0 - tail], axis=0)
        above[a, a + 1 :], above[a + 1 :, a] = low > 0, high < 0
    return 1 + above.sum(axis=0), n_models - above.sum(axis=1)


def games_of(i: ArrayLike, j: ArrayLike, score: ArrayLike, n_models: int) -> tuple[Ints, Ints, Floats]:
    """Checked contender numbers and scores of the games that have a score."""
    at_least("n_models", n_models, 0)
    scores = rates("score", score)
    first, second = (_numbers(name, values, n_models) for name, values in (("i", i), ("j", j)))
    same_length(i=first, j=second, score=scores)
    if (first == second).any():
        raise ValueError(f"contender {first[first == second][0]} meets itself: drop such games")
    failed = np.isnan(scores)
    if not failed.any():
        return first, second, scores
    return first[~failed], second[~failed], scores[~failed]


def _numbers(name: str, values: ArrayLike, n_models: int) -> Ints:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(f"{name} must hold whole contender numbers, one a game")
    if array.size and (array.min() < 0 or array.max() >= n_models):
        raise ValueError(f"{name} names a contender outside 0 to {n_models - 1}")
    return array.astype(np.intp, copy=False)


def _square(name: str, values: ArrayLike) -> Floats:
    table = np.asarray(values, dtype=np.float64)
    if table.size == 0:
        return np.zeros((0, 0))
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise ValueError(f"{name} has shape {table.shape}: pass one row and one column for each contender")
    if not np.isfinite(table).all() or (table < 0).any():
        raise ValueError(f"{name} holds a negative or non-finite count")
    return np.where(np.eye(len(table), dtype=bool), 0.0, table)


def _newton(tables: Floats, won: Floats, lost: Floats, start: Floats) -> Floats:
    """Log strengths [B, M] of tables [B, M, M], with anchor games won and lost [B, M]; all rows at once."""
    games, total = tables + tables.transpose(0, 2, 1), tables.sum(axis=2) + won
    anchors = won + lost
    n_models = tables.shape[1]
    diagonal = np.arange(n_models)
    free = anchors.sum(axis=1) == 0  # without anchors the level is free: hold it at 0
    s = np.tile(start, (len(won), 1))
    active = np.arange(len(s))
    for _ in range(100):
        here = s[active]
        chance = 0.5 * (1.0 + np.tanh((here[:, :, None] - here[:, None, :]) / 2))
        alone = 0.5 * (1.0 + np.tanh(here / 2))
        gradient = total[active] - (games[active] * chance).sum(axis=2) - anchors[active] * alone
        curvature = games[active] * chance * (1.0 - chance)
        hessian = -curvature
        hessian[:, diagonal, diagonal] += curvature.sum(axis=2) + anchors[active] * alone * (1.0 - alone)
        hessian += free[active, None, None] / n_models
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        size = np.abs(step).max(axis=1)
        s[active] = here + step * np.minimum(1.0, 2.0 / np.maximum(size, 1e-300))[:, None]
        active = active[size > 1e-9]
        if not active.size:
            break
    centred: Floats = s - s.mean(axis=1, keepdims=True)
    return centred


def _prompt_games(prompts: Ints, couple: Ints, scores: Floats, n_couples: int) -> tuple[Floats, Floats]:
    """What each different prompt adds to the wins of the lower and of the higher contender of every couple."""
    size = int(prompts.max(initial=-1)) + 1
    slots = prompts * n_couples + couple
    won = np.bincount(slots, weights=scores, minlength=size * n_couples).reshape(size, n_couples)
    lost = np.bincount(slots, weights=1.0 - scores, minlength=size * n_couples).reshape(size, n_couples)
    return distinct_rows(np.hstack((won, lost)))


def _reachable(edges: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Ints:
    """Component labels of a directed graph: the nodes that reach each other."""
    if not len(edges):
        return np.zeros(0, dtype=np.intp)
    reach = edges | np.eye(len(edges), dtype=bool)
    for _ in range(max(1, len(edges).bit_length())):
        reach = (reach.astype(np.float32) @ reach.astype(np.float32)) > 0
    return np.unique((reach & reach.T).argmax(axis=1), return_inverse=True)[1].astype(np.intp)
