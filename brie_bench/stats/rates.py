"""From rows to the win rate: every prompt counts once, whatever the number of its pairs, judges and repeats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .inputs import Floats, Ints, codes, rates, same_length

Weight = Literal["prompt", "pair", "row"]


@dataclass(frozen=True, slots=True)
class PromptMeans:
    """The independent numbers of a comparison: one mean score `z` in [0, 1] for each prompt."""

    prompts: NDArray[Any]
    z: Floats
    n_rows: Ints


@dataclass(frozen=True, slots=True)
class WinRate:
    """A win rate with everything it rests on; None where there is nothing to estimate it from."""

    estimate: float | None
    n_rows: int
    n_pairs: int
    n_prompts: int
    wins: int
    ties: int
    losses: int
    missing: int
    decisive_rate: float | None
    standard_error: float | None


def prompt_means(prompt: ArrayLike, pair: ArrayLike, judge: ArrayLike | None, score: ArrayLike) -> PromptMeans:
    """Mean score of each prompt: rows within (pair, judge), then judges within a pair, then pairs within a prompt.

    `prompt`, `pair` and `judge` hold N labels (whole numbers or strings), `score` N contender scores: win 1, tie ½,
    loss 0, anything between when graded, NaN for a failure, which is dropped. `judge` None means one judge. A pair
    belongs to its prompt: the same label under two prompts is two pairs. Prompts without any score are left out.
    Returns the K prompt labels in sorted order, `z[K]`, and the K numbers of rows behind them.
    Raises ValueError for unequal lengths, scores outside [0, 1] or labels that cannot be sorted.
    """
    table = _pair_means(prompt, pair, judge, score)
    sums, counts = _group(table.prompt_of_pair, table.centred, table.prompts.size)
    used = counts > 0
    n_rows, _ = _group(table.prompt_of_pair, table.n_rows, table.prompts.size)
    return PromptMeans(table.prompts[used], 0.5 + sums[used] / counts[used], n_rows[used].astype(np.intp))


def win_rate(
    prompt: ArrayLike, pair: ArrayLike, judge: ArrayLike | None, score: ArrayLike, weight: Weight = "prompt"
) -> WinRate:
    """The contender's win rate, ties half: its chance on a new prompt like these, by this panel of judges.

    Arguments as in `prompt_means`. `weight` says what counts once: every "prompt" (the headline), every "pair", or
    every "row". `n_rows`, `n_pairs` and `n_prompts` count what has a score, `missing` the NaN rows; wins, ties and
    losses are the rows above, at and below ½; `decisive_rate` is wins / (wins + losses), None without either.
    `standard_error` is the standard deviation (ddof 1) over the chosen units by the square root of their number, None
    for a single unit. It is honest only over prompts: rows and pairs of one prompt are not independent.
    With no score at all, the estimate is None. Raises ValueError as `prompt_means` does, or for an unknown weight.
    """
    table = _pair_means(prompt, pair, judge, score)
    sums, counts = _group(table.prompt_of_pair, table.centred, table.prompts.size)
    used = counts > 0
    if weight == "prompt":
        units = sums[used] / counts[used]
    elif weight == "pair":
        units = table.centred
    elif weight == "row":
        units = table.rows - 0.5
    else:
        raise ValueError(f'weight is {weight!r}: it must be "prompt", "pair" or "row"')
    wins, losses = int(np.count_nonzero(table.rows > 0.5)), int(np.count_nonzero(table.rows < 0.5))
    return WinRate(
        estimate=mirrored_rate(float(units.mean())) if units.size else None,
        n_rows=table.rows.size,
        n_pairs=table.centred.size,
        n_prompts=int(np.count_nonzero(used)),
        wins=wins,
        ties=table.rows.size - wins - losses,
        losses=losses,
        missing=table.missing,
        decisive_rate=mirrored_rate((wins - losses) / (2 * (wins + losses))) if wins + losses else None,
        standard_error=float(units.std(ddof=1)) / units.size**0.5 if units.size > 1 else None,
    )


def mirrored_rate(centred: float) -> float:
    """½ + `centred`, rounded so that mirrored_rate(−x) is exactly 1 − mirrored_rate(x), and in [0, 1].

    A weighted mean of numbers up to ½ may come out a few bits beyond it.
    """
    centred = max(-0.5, min(0.5, centred))
    return 0.5 + centred if centred >= 0 else 1.0 - (0.5 - centred)


@dataclass(frozen=True, slots=True)
class _PairMeans:
    """Pair means less ½ (`centred`), which floating point mirrors exactly, and the rows they come from."""

    prompts: NDArray[Any]
    prompt_of_pair: Ints
    centred: Floats
    n_rows: Floats
    rows: Floats
    missing: int


def _pair_means(prompt: ArrayLike, pair: ArrayLike, judge: ArrayLike | None, score: ArrayLike) -> _PairMeans:
    rows = rates("score", score)
    prompts, prompt_code = codes("prompt", prompt)
    _, pair_code = codes("pair", pair)
    judges, judge_code = codes("judge", np.zeros(pair_code.size, dtype=np.intp) if judge is None else judge)
    same_length(prompt=prompt_code, pair=pair_code, judge=judge_code, score=rows)
    valid = ~np.isnan(rows)
    missing = rows.size - int(np.count_nonzero(valid))
    if missing:
        rows = rows[valid]
        prompt_code, pair_code, judge_code = (code[valid] for code in (prompt_code, pair_code, judge_code))
    prompt_of_pair, pair_code = _own_pairs(prompt_code, pair_code)
    cell_sums, cell_counts, pair_of_cell = _cells(pair_code, judge_code, judges.size, prompt_of_pair.size, rows - 0.5)
    pair_sums, n_judges = _group(pair_of_cell, cell_sums / cell_counts, prompt_of_pair.size)
    n_rows, _ = _group(pair_of_cell, cell_counts, prompt_of_pair.size)
    return _PairMeans(prompts, prompt_of_pair, pair_sums / n_judges, n_rows, rows, missing)


def _own_pairs(prompt_code: Ints, pair_code: Ints) -> tuple[Ints, Ints]:
    """The prompt of each pair that has a row, and each row's pair, a pair being (prompt, pair label)."""
    n_labels = int(pair_code.max(initial=-1)) + 1
    prompt_of_label = np.full(n_labels, -1, dtype=np.intp)
    prompt_of_label[pair_code] = prompt_code
    if np.array_equal(prompt_of_label[pair_code], prompt_code):
        distinct = np.flatnonzero(prompt_of_label >= 0)
        if distinct.size == n_labels:
            return prompt_of_label, pair_code
        rank = np.cumsum(prompt_of_label >= 0) - 1
        return prompt_of_label[distinct], rank[pair_code]
    keys, inverse = codes("pair", prompt_code * n_labels + pair_code)
    return keys // n_labels, inverse


def _cells(
    pair_code: Ints, judge_code: Ints, n_judges: int, n_pairs: int, values: Floats
) -> tuple[Floats, Floats, Ints]:
    """Sum and number of rows of every (pair, judge) that has any, and its pair."""
    key = pair_code if n_judges == 1 else pair_code * n_judges + judge_code
    size = n_pairs * n_judges
    if size > 4 * values.size + 1024:
        distinct, key = np.unique(key, return_inverse=True)
        return *_group(key, values, distinct.size), distinct // n_judges
    sums, counts = _group(key, values, size)
    used = np.flatnonzero(counts)
    if used.size < size:
        sums, counts = sums[used], counts[used]
    return sums, counts, used // n_judges


def _group(code: Ints, values: Floats, size: int) -> tuple[Floats, Floats]:
    sums = np.bincount(code, weights=values, minlength=size).astype(np.float64, copy=False)
    return sums, np.bincount(code, minlength=size).astype(np.float64)
