"""What a judge says when it is asked twice."""

# ruff: noqa: PT028  (test_retest is the statistic's name, not a test)

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats, Interval, Ints, codes, rate_table, same_length
from .intervals import anchored_ci
from .verdicts import verdict_codes


@dataclass(frozen=True, slots=True)
class TestRetest:
    """One judge's agreement with itself; `n` pairs, of which some in the same order and some swapped."""

    n: int
    agreement: float | None
    interval: Interval | None
    n_same: int
    same_order: float | None
    n_swapped: int
    swapped_order: float | None


def test_retest(
    score: ArrayLike,
    contender_first: ArrayLike | None = None,
    prompt: ArrayLike | None = None,
    *,
    confidence_level: float = 0.95,
    n_resamples: int = 10_000,
    seed: int = 0,
) -> TestRetest:
    """How often a judge repeats its verdict on a pair: overall, in the same order, and with the order swapped.

    `score[n, 2]` holds two judgments of each pair (above ½ a win, ½ a tie, below a loss, NaN for none);
    `contender_first[n, 2]` says for each whether the contender was shown first, NaN where that is unknown. Pairs with
    a missing judgment are dropped. `prompt[n]` makes pairs average to prompts, without it each pair stands for itself.
    The interval is the anchored one of the overall agreement. A share is None where there is no pair to take it from.
    Raises ValueError for shapes other than [n, 2] or values outside [0, 1].
    """
    scores = rate_table("score", score, "judgment")
    shown = np.full(scores.shape, np.nan) if contender_first is None else _orders(contender_first)
    groups = np.arange(len(scores)) if prompt is None else codes("prompt", prompt)[1]
    same_length(score=scores, contender_first=shown, prompt=groups)
    for name, table in (("score", scores), ("contender_first", shown)):
        if len(table) and table.shape[1] != 2:
            raise ValueError(f"{name} has {table.shape[1]} columns: pass the two judgments of each pair")
    if not len(scores):
        return TestRetest(0, None, None, 0, None, 0, None)
    valid = ~np.isnan(scores).any(axis=1)
    verdicts, shown, groups = verdict_codes(scores[valid]), shown[valid], groups[valid]
    kept = (verdicts[:, 0] == verdicts[:, 1]).astype(np.float64)
    same, swapped = shown[:, 0] == shown[:, 1], np.abs(shown[:, 0] - shown[:, 1]) == 1
    means = _prompt_shares(kept, groups)
    return TestRetest(
        n=kept.size,
        agreement=_mean(means),
        interval=anchored_ci(means, confidence_level, n_resamples=n_resamples, seed=seed),
        n_same=int(np.count_nonzero(same)),
        same_order=_mean(_prompt_shares(kept[same], groups[same])),
        n_swapped=int(np.count_nonzero(swapped)),
        swapped_order=_mean(_prompt_shares(kept[swapped], groups[swapped])),
    )


def _orders(contender_first: ArrayLike) -> Floats:
    shown = rate_table("contender_first", contender_first, "judgment")
    if not np.isin(shown[~np.isnan(shown)], (0.0, 1.0)).all():
        raise ValueError("contender_first holds a value other than 0, 1 and NaN (unknown)")
    return shown


def _prompt_shares(kept: Floats, groups: Ints) -> Floats:
    counts = np.bincount(groups)
    sums = np.bincount(groups, weights=kept)
    return sums[counts > 0] / counts[counts > 0]


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if values.size else None
