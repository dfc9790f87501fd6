"""What the records say of the judges: with each other, with themselves, with the order, with length, with their own lab."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brie_bench import stats
from brie_bench.report.standings import as_interval
from brie_bench.report.table import Codes, Table
from brie_bench.spec.leaderboard import Agreement, Length, PanelAgreement, Position, Retest, SelfPreference

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


def benches(tables: Sequence[Table], *, soft: bool | None) -> Iterator[Bench]:
    """One for each contender of each table."""
    for table in tables:
        rows, prompt = table.rows, table.prompt
        graded = table.score(soft=table.graded if soft is None else soft)
        for contender in range(len(table.contenders)):
            at = np.flatnonzero((rows.contender == contender) & ~np.isnan(rows.score))
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
            )


def agreements(bench: Bench) -> tuple[list[Agreement], PanelAgreement]:
    """Every two judges on the pairs that both judged, and the panel; verdicts, never graded preferences."""
    judges = [judge.name for judge in bench.table.judges]
    if len(judges) < 2:
        reason = "one judge: agreement needs two"
        nothing = dict.fromkeys(("alpha", "alpha_interval", "fleiss_kappa", "ac1", "unanimous"))
        return [], PanelAgreement(n_pairs=0, reason=reason, **bench.who, **nothing)
    ratings = np.full((bench.score.size, len(judges)), np.nan)
    ratings[np.arange(bench.score.size), bench.judge] = bench.score
    order = None
    if bench.table.both_orders and not np.isnan(bench.shown).any():
        order = bench.shown.astype(np.intp)
    draws = draws_for(np.unique(bench.prompt).size)
    found = stats.agreement(ratings, bench.prompt, pair=bench.pair, order=order, n_resamples=draws)
    method = "anchored bootstrap over prompts"
    rows = [
        Agreement(
            **bench.who,
            judges=(judges[i], judges[j]),
            n_pairs=two.n,
            n_prompts=two.n_prompts,
            agreement=two.agreement,
            agreement_interval=as_interval(two.interval, method),
            expected=two.expected,
            kappa=two.kappa,
            kappa_interval=as_interval(two.kappa_interval, method),
            ac1=two.ac1,
            ac1_interval=as_interval(two.ac1_interval, method),
            reason=_agreement_reason(two.n, two.kappa),
        )
        for (i, j), two in found.pairs.items()
    ]
    panel = PanelAgreement(
        **bench.who,
        alpha=found.alpha,
        alpha_interval=as_interval(found.alpha_interval, method),
        fleiss_kappa=found.fleiss,
        ac1=found.ac1,
        unanimous=found.unanimous,
        n_pairs=found.n,
        reason=None if found.n else "no pair was judged by two judges",
    )
    return rows, panel


def _agreement_reason(n: int, kappa: float | None) -> str | None:
    if not n:
        return "no pair was judged by both"
    return "both gave one verdict throughout: chance alone would agree always" if kappa is None else None


def retests(bench: Bench) -> Iterator[Retest]:
    """Every judge with itself, over all couples of its judgments of one pair; prompts weigh alike."""
    for judge, player in enumerate(bench.table.judges):
        at = _asked(bench, judge, once_for_both=True)
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
            reason=_retest_reason(n_pairs, bool(same.all.any()), bool(swapped.all.any())),
        )


class _Couples(NamedTuple):
    """For each pair, how many couples of judgments there are, and how many agree."""

    agreeing: NDArray[np.float64]
    all: NDArray[np.float64]


def _asked(bench: Bench, judge: int, *, once_for_both: bool) -> NDArray[np.intp]:
    """The judge's rows that stand for a judging of their own: a verdict that serves a pair several times was asked for
    once. Where both texts are the same words, one presentation is both orders: one row, or one for each order."""
    at = bench.of(judge)
    order = at[np.lexsort((bench.shown[at], bench.verdict[at], bench.pair[at]))]
    keys = [bench.pair[order], bench.verdict[order]]
    if not once_for_both:
        keys.append(np.nan_to_num(bench.shown[order], nan=2.0).astype(np.int64))
    first = np.ones(order.size, dtype=np.bool_)
    first[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return order[first]


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


def positions(bench: Bench) -> Iterator[Position]:
    """What being shown first is worth to every judge."""
    for judge, player in enumerate(bench.table.judges):
        at = _asked(bench, judge, once_for_both=False)
        prompt, shown, score = bench.prompt[at], bench.shown[at], bench.score[at]
        found = stats.position_bias(prompt, score, shown, n_resamples=draws_for(np.unique(prompt).size))
        flips = stats.swap_consistency(
            _mean_by(bench.pair[at], score, shown == 1), _mean_by(bench.pair[at], score, shown == 0)
        )
        yield Position(
            **bench.who,
            judge=player.name,
            bias=found.bias,
            interval=as_interval(found.interval_bias),
            adjusted_win_rate=found.adjusted,
            flip_rate=flips.flip_rate,
            n_prompts=found.n_prompts,
            reason=_position_reason(shown, found.bias, flips.flip_rate),
        )


def _position_reason(shown: NDArray[np.float64], bias: float | None, flips: float | None) -> str | None:
    if not shown.size:
        return "no verdict"
    if np.isnan(shown).all():
        return "the records do not say who was shown first"
    if bias is None:
        return "every pair was shown in one order"
    return "no pair was shown in both orders: flips are unknown" if flips is None else None


def _mean_by(pair: Codes, score: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The mean score of each pair over the `chosen` rows, NaN where there is none."""
    size = int(pair.max(initial=-1)) + 1
    n = np.bincount(pair[chosen], minlength=size)
    total = np.bincount(pair[chosen], weights=score[chosen], minlength=size)
    means = np.full(size, np.nan)
    np.divide(total, n, out=means, where=n > 0)
    return means


def lengths(bench: Bench) -> Iterator[Length]:
    """The win rate at equal length, for every judge. A pair is one unit, however often it was judged."""
    for judge, player in enumerate(bench.table.judges):
        at = bench.of(judge)
        pairs, first = np.unique(bench.pair[at], return_index=True)
        score = _mean_by(bench.pair[at], bench.soft[at], np.ones(at.size, dtype=np.bool_))[pairs]
        one = at[first]
        found = stats.length_controlled(score, bench.lengths[0][one], bench.lengths[1][one], bench.prompt[one])
        yield Length(
            **bench.who,
            judge=player.name,
            raw=found.raw,
            length_controlled=found.controlled,
            identified=found.identified,
            reason=found.reason,
            length_ratio=found.length_ratio,
            close_rate=found.close_rate,
            n_close=found.n_close,
        )


def self_preferences(bench: Bench) -> Iterator[SelfPreference]:
    """For a side of some judge's lab, what that judge gives it beyond what other labs' judges give it."""
    sides = (bench.table.contenders[bench.contender].lab, bench.table.baseline.lab)
    labs = [judge.lab for judge in bench.table.judges]
    for judge, player in enumerate(bench.table.judges):
        others = [index for index, lab in enumerate(labs) if lab is not None and lab != player.lab]
        if player.lab is None or player.lab not in sides or not others:
            continue
        means = [
            stats.prompt_means(bench.prompt[rows], bench.pair[rows], bench.judge[rows], bench.soft[rows])
            for rows in (bench.judge == judge, np.isin(bench.judge, others))
        ]
        shared, a, b = np.intersect1d(means[0].prompts, means[1].prompts, return_indices=True)
        own, theirs = means[0].z[a], means[1].z[b]
        contender = player.lab == sides[0]
        found = stats.paired_difference(own, theirs) if contender else stats.paired_difference(theirs, own)
        reason = None if shared.size else "no prompt was judged by both"
        if sides[0] == sides[1]:
            reason = "both sides are of this lab: it has none to prefer"
        yield SelfPreference(
            **bench.who,
            judge=player.name,
            lab=player.lab,
            side="contender" if contender else "baseline",
            excess=None if reason else found.difference,
            interval=None if reason else as_interval(found.interval),
            n_prompts=int(shared.size),
            reason=reason,
        )
