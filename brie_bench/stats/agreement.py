"""Do the judges agree, beyond what their win rates alone would bring about?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .coefficients import fleiss_kappa, gwet_ac1, krippendorff_alpha, two_judges
from .inputs import Floats, Interval, at_least, rate_table, within_unit
from .resampling import bounds, distinct_rows, weighted_sums
from .verdicts import Cells, judged_cells

_CORNERS = ((0, 0), (2, 2), (0, 2), (2, 0))  # both win, both lose, and the two ways to differ
_DENSE = 1 << 22


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two judges: `table` has the first one's win, tie, loss in its rows and sums to `n` pairs."""

    n: int
    n_prompts: int
    agreement: float | None
    expected: float | None
    kappa: float | None
    ac1: float | None
    table: NDArray[np.float64]
    interval: Interval | None
    kappa_interval: Interval | None
    ac1_interval: Interval | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """All judges: `pairs[(i, j)]` for each two columns, and the panel's coefficients over pairs with two judges."""

    n: int
    n_prompts: int
    pairs: dict[tuple[int, int], PairAgreement]
    percent: float | None
    percent_interval: Interval | None
    alpha: float | None
    alpha_interval: Interval | None
    fleiss: float | None
    fleiss_interval: Interval | None
    ac1: float | None
    ac1_interval: Interval | None
    unanimous: float | None


def agreement(
    ratings: ArrayLike,
    prompt: ArrayLike | None = None,
    *,
    pair: ArrayLike | None = None,
    order: ArrayLike | None = None,
    confidence_level: float = 0.95,
    n_resamples: int = 10_000,
    seed: int = 0,
) -> Agreement:
    """Agreement between judges on win, tie and loss, always three categories, corrected for chance in several ways.

    `ratings[n, J]` holds each judge's score: above ½ a win, ½ a tie, below a loss, NaN for none. `prompt[n]` names the
    prompt of a row: pairs average to prompts, and prompts weigh alike; without it each pair stands for itself.
    `pair[n]` names the pair of a row when one was judged several times, and `order[n]` the order it was shown in: all
    combinations of one judge's verdicts with the other's are averaged, within the same order, and orders averaged.
    Without `pair` each row is a pair.

    Two judges: raw agreement, the agreement expected from their marginal rates, Cohen's κ (None when that is 1) and
    Gwet's AC1. The panel: mean pairwise agreement, Krippendorff's nominal α, Fleiss' κ, AC1 (each None when undefined)
    and the share of pairs on which all judges concur, over pairs with two judges or more. With one judge, or none in
    common, everything is None. Intervals: Bayesian bootstrap over prompts with four anchors of mass ½ (both win, both
    lose, and the two ways to differ), widened where need be to contain the estimate.

    Raises ValueError for ratings outside [0, 1], a table that is not two-dimensional, or unequal lengths.
    Sources: Cohen (1960); Fleiss (1971); Gwet (2008, 2014 for missing ratings); Krippendorff (2011); Rubin (1981).
    """
    level = within_unit("confidence_level", confidence_level)
    draws = at_least("n_resamples", n_resamples, 1)
    table = rate_table("ratings", ratings, "judge")
    n_judges = table.shape[1]
    if n_judges < 2:
        return Agreement(0, 0, {}, None, None, None, None, None, None, None, None, None)
    cells = judged_cells(table, prompt, pair, order)
    features, counts, n_pairs = _prompt_features(cells)
    masses = np.concatenate((counts, np.full(len(_CORNERS), 0.5)))
    sums = (counts @ features)[:, None]
    resampled = weighted_sums(np.vstack((features, _anchors(n_judges))), masses, draws, seed).T.copy()
    couples = list(combinations(range(n_judges), 2))
    pairs = {
        couple: _pair_agreement(sums[at : at + 10], resampled[at : at + 10], n, cells.turned, level)
        for couple, at, n in zip(couples, range(0, 10 * len(couples), 10), n_pairs, strict=False)
    }
    panel, panel_draws = _panel(sums[10 * len(couples) :]), _panel(resampled[10 * len(couples) :])
    values = [_defined(value) for value in panel]
    intervals = [bounds(draw, level, value) for draw, value in zip(panel_draws, values, strict=True)]
    return Agreement(
        n=n_pairs[-1],
        n_prompts=round(float(sums[10 * len(couples) + 6, 0])),
        pairs=pairs,
        percent=values[0],
        percent_interval=intervals[0],
        alpha=values[1],
        alpha_interval=intervals[1],
        fleiss=values[2],
        fleiss_interval=intervals[2],
        ac1=values[3],
        ac1_interval=intervals[3],
        unanimous=values[4],
    )


def _pair_agreement(sums: Floats, resampled: Floats, n: int, turned: bool, level: float) -> PairAgreement:
    n_prompts = round(float(sums[9, 0]))
    if not n:
        return PairAgreement(0, 0, None, None, None, None, np.zeros((3, 3)), None, None, None)
    table, drawn = ((array[:9] / array[9]).reshape(3, 3, -1) for array in (sums, resampled))
    here, there = two_judges(table), two_judges(drawn)
    rate, kappa, ac1 = _defined(here.agreement), _defined(here.kappa), _defined(here.ac1)
    return PairAgreement(
        n=n,
        n_prompts=n_prompts,
        agreement=rate,
        expected=_defined(here.expected),
        kappa=kappa,
        ac1=ac1,
        table=(table[::-1, ::-1, 0] if turned else table[:, :, 0]) * n,
        interval=bounds(there.agreement, level, rate),
        kappa_interval=bounds(there.kappa, level, kappa),
        ac1_interval=bounds(there.ac1, level, ac1),
    )


def _panel(sums: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Percent agreement, α, Fleiss' κ, AC1 and the unanimous share, NaN where undefined; rows as the columns of `_features`."""
    paired, rated = sums[6], sums[10]
    some = np.where(paired > 0, paired, np.nan)
    percent, unanimous = sums[0] / some, sums[5] / some
    shares = sums[7:10] / np.where(rated > 0, rated, np.nan)
    alpha = np.where(paired > 0, krippendorff_alpha(sums[1], sums[2:5]), np.nan)
    return percent, alpha, fleiss_kappa(percent, shares), gwet_ac1(percent, shares), unanimous


def _features(shares: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """What each unit adds to the sums, and the column that says whether it has a share in each of them.

    `shares[U, J, 3]` are the shares of a judge's verdicts, all 0 where there is none. Ten columns for each two judges
    (nine cells of the table, and 1), then the panel's: agreement, matching ratings, three counts, unanimous, and 1 for
    two judges or more; three shares, and 1 for one judge or more.
    """
    rated = shares.sum(axis=2) > 0.5
    blocks: list[Floats] = []
    owner: list[int] = []
    for i, j in combinations(range(shares.shape[1]), 2):
        table = (shares[:, i, :, None] * shares[:, j, None, :]).reshape(-1, 9)
        owner += [10 * len(blocks) + 9] * 10
        blocks.append(np.column_stack((table, rated[:, i] & rated[:, j])))
    judges = rated.sum(axis=1)
    counts, two = shares.sum(axis=1), judges >= 2
    matching = (counts**2 - (shares**2).sum(axis=1)).sum(axis=1) / np.maximum(judges - 1, 1)
    unanimous = counts.max(axis=1, initial=0.0) > judges - 1e-9
    panel = np.column_stack((matching / np.maximum(judges, 1), matching, counts, unanimous, np.ones(len(judges))))
    at = len(owner)
    owner += [at + 6] * 7 + [at + 10] * 4
    any_judge = judges > 0
    spread = np.column_stack((counts / np.maximum(judges, 1)[:, None], any_judge))
    return np.column_stack((*blocks, panel * two[:, None], spread)), np.array(owner)


def _anchors(n_judges: int) -> Floats:
    """Four units of two judges that count in every table and in the panel's sums."""
    corners = np.zeros((len(_CORNERS), 2, 3))
    for unit, (first, second) in enumerate(_CORNERS):
        corners[unit, 0, first] = corners[unit, 1, second] = 1.0
    features, _ = _features(corners)
    return np.column_stack((np.tile(features[:, :10], n_judges * (n_judges - 1) // 2), features[:, 10:]))


def _prompt_features(cells: Cells) -> tuple[Floats, Floats, list[int]]:
    """Features of the different prompts, how many prompts have them, and the pairs behind each block of columns."""
    features, owner = _features(cells.shares)
    kind, blocks = cells.kind, np.unique(owner)[:-1]
    if cells.counts is not None:
        return features, cells.counts, _whole(cells.counts @ features[:, blocks])
    if cells.prompt_of_pair.size < kind.size:  # some pair was judged in several orders
        features = _average(features, owner, kind, cells.pair_of_cell, cells.prompt_of_pair.size)
        kind = np.arange(cells.prompt_of_pair.size)
    n_pairs = np.bincount(kind, minlength=len(features)) @ features[:, blocks]
    rows, counts = distinct_rows(_average(features, owner, kind, cells.prompt_of_pair, cells.n_prompts))
    return rows, counts, _whole(n_pairs)


def _average(
    features: Floats, owner: NDArray[np.intp], kind: NDArray[np.intp], group: NDArray[np.intp], size: int
) -> Floats:
    """The mean over each group's members that take part in a block; the block's own column becomes 1 or 0.

    Every group from 0 to size − 1 has a member; `kind` names the features of each.
    """
    if not size:
        return features[:0]
    if len(features) < kind.size and size * len(features) <= _DENSE:
        members = np.bincount(group * len(features) + kind, minlength=size * len(features))
        sums = members.reshape(size, len(features)) @ features
    else:
        order = np.argsort(group, kind="stable")
        sums = np.add.reduceat(features[kind[order]], np.searchsorted(group[order], np.arange(size)), axis=0)
    return sums / np.maximum(sums[:, owner], 1.0)


def _whole(numbers: Floats) -> list[int]:
    return [round(number) for number in numbers.tolist()]


def _defined(value: Floats) -> float | None:
    number = float(value[0])
    return None if np.isnan(number) else number
