"""What the records say of the judges: with each other, with themselves, with the order, with length, with their own lab."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from brie_bench import stats
from brie_bench.report.standings import as_interval
from brie_bench.report.table import Codes, Table
from brie_bench.spec.leaderboard import Agreement, Length, PanelAgreement, Position, Retest, SelfPreference

N_RESAMPLES = 4_000
"""Draws of the secondary intervals; their ends move by about half a point at most."""


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

    @property
    def name(self) -> str:
        """The contender's."""
        return self.table.contenders[self.contender].name

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
            )


def agreements(bench: Bench) -> tuple[list[Agreement], PanelAgreement]:
    """Every two judges on the pairs that both judged, and the panel; verdicts, never graded preferences."""
    judges = [judge.name for judge in bench.table.judges]
    suite = bench.table.suite.name
    if len(judges) < 2:
        reason = "one judge: agreement needs two"
        nothing = dict.fromkeys(("alpha", "alpha_interval", "fleiss_kappa", "ac1", "unanimous"))
        return [], PanelAgreement(suite=suite, contender=bench.name, n_pairs=0, reason=reason, **nothing)
    ratings = np.full((bench.score.size, len(judges)), np.nan)
    ratings[np.arange(bench.score.size), bench.judge] = bench.score
    order = None
    if bench.table.both_orders and not np.isnan(bench.shown).any():
        order = bench.shown.astype(np.intp)
    found = stats.agreement(ratings, bench.prompt, pair=bench.pair, order=order, n_resamples=N_RESAMPLES)
    method = "anchored bootstrap over prompts"
    rows = [
        Agreement(
            suite=suite,
            contender=bench.name,
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
        suite=suite,
        contender=bench.name,
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
    """Every judge with itself, over all couples of its judgments of one pair."""
    for judge, player in enumerate(bench.table.judges):
        at = bench.of(judge)
        first, second = _couples(bench.pair[at])
        couples = np.stack([at[first], at[second]], axis=1)
        found = stats.test_retest(bench.score[couples], bench.shown[couples], bench.prompt[couples[:, 0]])
        yield Retest(
            suite=bench.table.suite.name,
            contender=bench.name,
            judge=player.name,
            n_pairs=int(np.unique(bench.pair[couples[:, 0]]).size),
            same_order=found.same_order,
            swapped_order=found.swapped_order,
            n_same=found.n_same,
            n_swapped=found.n_swapped,
            reason=None if found.n else "no pair was judged twice",
        )


_MOST_COUPLES = 8


def _couples(group: Codes) -> tuple[Codes, Codes]:
    """The positions of any two members of a group, at most `_MOST_COUPLES` steps apart."""
    order = np.argsort(group, kind="stable")
    found = []
    for step in range(1, _MOST_COUPLES + 1):
        together = (
            np.flatnonzero(group[order][step:] == group[order][:-step]) if step < group.size else np.zeros(0, np.intp)
        )
        if not together.size:
            break
        found.append((order[together], order[together + step]))
    if not found:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    return np.concatenate([one for one, _ in found]), np.concatenate([two for _, two in found])


def positions(bench: Bench) -> Iterator[Position]:
    """What being shown first is worth to every judge."""
    for judge, player in enumerate(bench.table.judges):
        at = bench.of(judge)
        shown, score = bench.shown[at], bench.score[at]
        found = stats.position_bias(bench.prompt[at], score, shown, n_resamples=N_RESAMPLES)
        flips = stats.swap_consistency(
            _mean_by(bench.pair[at], score, shown == 1), _mean_by(bench.pair[at], score, shown == 0)
        )
        if not at.size:
            reason = "no verdict"
        elif np.isnan(shown).all():
            reason = "the records do not say who was shown first"
        elif found.bias is None:
            reason = "every pair was shown in one order"
        else:
            reason = None
        yield Position(
            suite=bench.table.suite.name,
            contender=bench.name,
            judge=player.name,
            bias=found.bias,
            interval=as_interval(found.interval_bias),
            adjusted_win_rate=found.adjusted,
            flip_rate=flips.flip_rate,
            n_prompts=found.n_prompts,
            reason=reason,
        )


def _mean_by(pair: Codes, score: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The mean score of each pair over the `chosen` rows, NaN where there is none."""
    size = int(pair.max(initial=-1)) + 1
    n = np.bincount(pair[chosen], minlength=size)
    total = np.bincount(pair[chosen], weights=score[chosen], minlength=size)
    means = np.full(size, np.nan)
    np.divide(total, n, out=means, where=n > 0)
    return means


def lengths(bench: Bench) -> Iterator[Length]:
    """The win rate at equal length, for every judge."""
    for judge, player in enumerate(bench.table.judges):
        at = bench.of(judge)
        found = stats.length_controlled(bench.soft[at], bench.lengths[0][at], bench.lengths[1][at], bench.prompt[at])
        yield Length(
            suite=bench.table.suite.name,
            contender=bench.name,
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
    """For a contender of some judge's lab, what that judge gives it beyond what other labs' judges give it."""
    mine = bench.table.contenders[bench.contender].lab
    labs = np.array([judge.lab or "" for judge in bench.table.judges])
    if mine is None or mine not in labs or not any(lab and lab != mine for lab in labs):
        return
    others = np.isin(bench.judge, np.flatnonzero((labs != mine) & (labs != "")))
    for judge, player in enumerate(bench.table.judges):
        if player.lab != mine:
            continue
        own = bench.judge == judge
        means = [
            stats.prompt_means(bench.prompt[rows], bench.pair[rows], bench.judge[rows], bench.soft[rows])
            for rows in (own, others)
        ]
        shared, a, b = np.intersect1d(means[0].prompts, means[1].prompts, return_indices=True)
        found = stats.paired_difference(means[0].z[a], means[1].z[b])
        yield SelfPreference(
            suite=bench.table.suite.name,
            contender=bench.name,
            judge=player.name,
            lab=mine,
            excess=found.difference,
            interval=as_interval(found.interval),
            n_prompts=int(shared.size),
            reason=None if shared.size else "no prompt was judged by both",
        )


def judge_pairs(table: Table) -> Iterator[tuple[int, int]]:
    """Any two judges."""
    yield from combinations(range(len(table.judges)), 2)
