"""What `stats.win_rate` and `stats.prompt_means` say of many groups of rows, for all groups at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from brie_bench.report.table import Codes
from brie_bench.stats import prompt_means
from brie_bench.stats.rates import mirrored_rate

Floats = NDArray[np.float64]
Units = tuple[Codes, Codes, Codes]
"""Prompt, pair and judge of each row, as numbers from 0."""

_DECIMALS = 14


@dataclass(frozen=True, slots=True)
class Tally:
    """One group: its prompt means `z`, and the counts and rates of a standing; None where there is no verdict."""

    z: Floats
    n_pairs: int
    n_rows: int
    missing: int
    wins: int
    losses: int
    rate: float | None
    row_rate: float | None
    bounds: tuple[float, float] | None
    """The win rate with every failure as a loss, and as a win; None without a failure."""

    @property
    def n_prompts(self) -> int:
        """Prompts with a verdict."""
        return int(self.z.size)

    @property
    def ties(self) -> int:
        """Verdicts at ½."""
        return self.n_rows - self.wins - self.losses


def tally(units: Units, score: Floats, group: Codes, n_groups: int, *, by_judge: bool = False) -> list[Tally]:
    """A tally for each group 0 … `n_groups` − 1 of the rows.

    `score[N]` is in [0, 1], NaN for a failure; `group[N]` names the group of each row. Rows average within a pair and
    judge, judges within a pair, pairs within a prompt; with `by_judge` a group is one judge's, which spares that step.
    A prompt or pair that occurs in several groups counts in each. A group without a row has zeros and None.
    """
    prompt, pair, judge = units
    n_prompts = int(prompt.max(initial=-1)) + 1
    own = group * n_prompts + prompt

    def means(scores: Floats) -> list[Floats]:
        """The prompt means of each group, less ½."""
        found = prompt_means(own, pair, None if by_judge else judge, scores)
        centred = np.round(found.z - 0.5, _DECIMALS)  # so that 1 − z gives exactly the negative
        ends = np.searchsorted(found.prompts, np.arange(n_groups + 1) * n_prompts).tolist()
        return [centred[start:end] for start, end in pairwise(ends)]

    failed = np.isnan(score)
    n_pairs = int(pair.max(initial=-1)) + 1
    pairs = np.unique((own * n_pairs + pair)[~failed]) // n_pairs // max(1, n_prompts)
    missing = _counts(group[failed], n_groups)
    rows = _counts(group[~failed], n_groups)
    sums = np.bincount(group[~failed], weights=score[~failed] - 0.5, minlength=n_groups).tolist()
    bounds: list[tuple[float, float] | None] = [None] * n_groups
    if failed.any():
        ends = (means(np.where(failed, worth, score)) for worth in (0.0, 1.0))
        bounds = [
            (_rate(low), _rate(high)) if missed else None for low, high, missed in zip(*ends, missing, strict=True)
        ]
    tallies = zip(
        means(score),
        _counts(pairs, n_groups),
        rows,
        missing,
        _counts(group[score > 0.5], n_groups),
        _counts(group[score < 0.5], n_groups),
        sums,
        bounds,
        strict=True,
    )
    return [
        Tally(
            z=0.5 + centred,
            n_pairs=some_pairs,
            n_rows=n_rows,
            missing=missed,
            wins=wins,
            losses=losses,
            rate=_rate(centred) if n_rows else None,
            row_rate=mirrored_rate(total / n_rows) if n_rows else None,
            bounds=ends,
        )
        for centred, some_pairs, n_rows, missed, wins, losses, total, ends in tallies
    ]


def _counts(group: Codes, n_groups: int) -> list[int]:
    return [int(number) for number in np.bincount(group, minlength=n_groups).tolist()]


def _rate(centred: Floats) -> float:
    return mirrored_rate(float(centred.mean()))
