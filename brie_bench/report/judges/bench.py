"""One contender's verdicts, as every statement about judges takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brie_bench.report.table import Codes, Table

N_RESAMPLES = 10_000
"""Draws of the secondary intervals where prompts are few."""
FEWEST_RESAMPLES = 1_000


def draws_for(n_prompts: int) -> int:
    """How many draws keep the ends of an interval within half a point: its width shrinks with the prompts, and so does
    the error of an end, so that many prompts need fewer draws."""
    return max(FEWEST_RESAMPLES, min(N_RESAMPLES, 60 * N_RESAMPLES // max(1, n_prompts)))


@dataclass(frozen=True)
class Bench:
    """One contender's rows of a table, verdicts only."""

    table: Table
    contender: int
    judge: Codes
    prompt: Codes
    pair: Codes
    score: NDArray[np.float64]
    soft: NDArray[np.float64]
    shown: NDArray[np.float64]
    lengths: tuple[NDArray[np.float64], NDArray[np.float64]]
    verdict: NDArray[np.int64]
    failures: tuple[int, ...]
    """Each judge's planned judgments of this contender that have no verdict."""

    @property
    def who(self) -> dict[str, str]:
        """Suite, contender and baseline, by name: what every row about judges begins with."""
        table = self.table
        return {
            "suite": table.suite.name,
            "contender": table.contenders[self.contender].name,
            "baseline": table.baseline.name,
        }

    def of(self, judge: int) -> NDArray[np.intp]:
        """The rows of one judge."""
        return np.flatnonzero(self.judge == judge)

    def asked(self, judge: int, *, once_for_both: bool) -> NDArray[np.intp]:
        """The judge's rows that stand for a judging of their own: a verdict that serves a pair several times was asked
        for once. Where both texts are the same words, one presentation is both orders: one row, or one for each order."""
        at = self.of(judge)
        order = at[np.lexsort((self.shown[at], self.verdict[at], self.pair[at]))]
        keys = [self.pair[order], self.verdict[order]]
        if not once_for_both:
            keys.append(np.nan_to_num(self.shown[order], nan=2.0).astype(np.int64))
        first = np.ones(order.size, dtype=np.bool_)
        first[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
        return order[first]

    def counts(self, at: NDArray[np.intp]) -> dict[str, int]:
        """Distinct prompts, distinct pairs and verdicts of the rows `at`, by name."""
        n_prompts, n_pairs = (int(np.unique(codes[at]).size) for codes in (self.prompt, self.pair))
        return {"n_prompts": n_prompts, "n_pairs": n_pairs, "n_judgments": int(at.size)}


def benches(tables: Sequence[Table], *, soft: bool | None) -> Iterator[Bench]:
    """One for each contender of each table."""
    for table in tables:
        rows, prompt = table.rows, table.prompt
        graded = table.score(soft=table.graded if soft is None else soft)
        n_judges, failed = len(table.judges), np.isnan(rows.score)
        missing = np.bincount(
            (rows.contender * n_judges + rows.judge)[failed], minlength=len(table.contenders) * n_judges
        ).reshape(-1, n_judges)
        for contender in range(len(table.contenders)):
            at = np.flatnonzero((rows.contender == contender) & ~failed)
            yield Bench(
                table=table,
                contender=contender,
                judge=rows.judge[at],
                prompt=prompt[at],
                pair=rows.pair[at],
                score=rows.score[at],
                soft=graded[at],
                shown=rows.shown[at],
                lengths=(rows.contender_length[at], rows.baseline_length[at]),
                verdict=rows.verdict[at],
                failures=tuple(missing[contender].tolist()),
            )


def mean_by(pair: Codes, score: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The mean score of each pair over the `chosen` rows, NaN where there is none."""
    size = int(pair.max(initial=-1)) + 1
    n = np.bincount(pair[chosen], minlength=size)
    total = np.bincount(pair[chosen], weights=score[chosen], minlength=size)
    means = np.full(size, np.nan)
    np.divide(total, n, out=means, where=n > 0)
    return means
