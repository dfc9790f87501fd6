"""Does a judge agree with itself?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brie_bench.report.judges.bench import Bench
from brie_bench.report.table import Codes
from brie_bench.spec.leaderboard import Retest


def retests(bench: Bench) -> Iterator[Retest]:
    """Every judge with itself, over all couples of its judgments of one pair; prompts weigh alike."""
    for judge, player in enumerate(bench.table.judges):
        at = bench.asked(judge, once_for_both=True)
        counts, prompt = _counts(bench, at)
        orders = counts.sum(axis=2)
        same = _Couples(
            agreeing=(counts[:, :2] * (counts[:, :2] - 1)).sum(axis=(1, 2)) / 2,
            all=(orders[:, :2] * (orders[:, :2] - 1)).sum(axis=1) / 2,
        )
        swapped = _Couples(agreeing=(counts[:, 0] * counts[:, 1]).sum(axis=1), all=orders[:, 0] * orders[:, 1])
        n_pairs = int(np.count_nonzero(orders.sum(axis=1) > 1))
        yield Retest(
            **bench.who,
            judge=player.name,
            n_pairs=n_pairs,
            same_order=_share(same, prompt),
            swapped_order=_share(swapped, prompt),
            n_same=int(same.all.sum()),
            n_swapped=int(swapped.all.sum()),
            n_prompts=int(np.unique(prompt[orders.sum(axis=1) > 1]).size),
            n_same_prompts=int(np.unique(prompt[same.all > 0]).size),
            n_swapped_prompts=int(np.unique(prompt[swapped.all > 0]).size),
            n_judgments=int(orders[orders.sum(axis=1) > 1].sum()),
            n_failures=bench.failures[judge],
            reason=_retest_reason(n_pairs, bool(same.all.any()), bool(swapped.all.any())),
        )


class _Couples(NamedTuple):
    """For each pair, how many couples of judgments there are, and how many agree."""

    agreeing: NDArray[np.float64]
    all: NDArray[np.float64]


def _counts(bench: Bench, at: NDArray[np.intp]) -> tuple[NDArray[np.float64], Codes]:
    """[pairs, orders, verdicts] over the rows `at`, orders being second, first and unknown; and each pair's prompt."""
    _, first, pair = np.unique(bench.pair[at], return_index=True, return_inverse=True)
    order = np.where(np.isnan(bench.shown[at]), 2, bench.shown[at]).astype(np.intp)
    verdict = np.sign(bench.score[at] - 0.5).astype(np.intp) + 1
    cells = np.bincount((pair * 3 + order) * 3 + verdict, minlength=first.size * 9)
    return cells.reshape(-1, 3, 3).astype(np.float64), bench.prompt[at][first]


def _share(couples: _Couples, prompt: Codes) -> float | None:
    """The mean over prompts of the share of couples that agree."""
    n = np.bincount(prompt, weights=couples.all)
    agreeing = np.bincount(prompt, weights=couples.agreeing)
    return float((agreeing[n > 0] / n[n > 0]).mean()) if couples.all.any() else None


def _retest_reason(n_pairs: int, same: bool, swapped: bool) -> str | None:
    if not n_pairs:
        return "no pair was judged twice"
    if not same and not swapped:
        return "the records do not say who was shown first"
    if not same:
        return "no pair was judged twice in the same order"
    return None if swapped else "no pair was judged in both orders"
