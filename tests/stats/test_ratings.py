"""Ratings of many contenders."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brie_bench import stats

from .examples import quick

# American League East 1987, wins of the row over the column, 13 games each (Agresti, Categorical Data Analysis)
TEAMS = ["Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore"]
BASEBALL = np.array(
    [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ]
)


def games(wins: Any) -> tuple[list[int], list[int], list[float]]:
    """The table as one row a game."""
    rows = [(i, j) for (i, j), n in np.ndenumerate(np.asarray(wins)) for _ in range(int(n))]
    return [i for i, _ in rows], [j for _, j in rows], [1.0] * len(rows)


@st.composite
def tournaments(draw: st.DrawFn) -> tuple[Any, Any, Any, int]:
    """Up to 40 games of up to five contenders."""
    m = draw(st.integers(2, 5))
    couples = list(combinations(range(m), 2))
    rows = draw(
        st.lists(st.tuples(st.sampled_from(couples), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=40)
    )
    return np.array([c[0] for c, _ in rows]), np.array([c[1] for c, _ in rows]), np.array([s for _, s in rows]), m


def test_baseball_in_1987() -> None:
    """Maximum likelihood, Baltimore at 0: the published coefficients."""
    s = stats.bt_fit(BASEBALL, anchor=0)
    published = [1.581, 1.436, 1.294, 1.248, 1.108, 0.684, 0.0]
    assert published == pytest.approx((s - s[-1]).tolist(), abs=1e-3)
    assert 0 == pytest.approx(s.sum(), abs=1e-12)


def test_three_wins_to_one_are_log_three() -> None:
    """With an anchor the two are drawn together: s solves 3 + ½ = 4·expit(2s) + expit(s)."""
    assert np.log(3) / 2 == pytest.approx(stats.bt_fit([[0, 3], [1, 0]], anchor=0)[0], abs=1e-9)
    s = stats.bt_fit([[0, 3], [1, 0]])[0]
    assert 3.5 == pytest.approx(4 / (1 + np.exp(-2 * s)) + 1 / (1 + np.exp(-s)), abs=1e-9)


def test_games_are_counted_with_ties_as_halves() -> None:
    """A win, a tie and a graded game between 0 and 1; a failure between 1 and 2."""
    table = stats.bt_counts([0, 1, 0, 1], [1, 0, 1, 2], [1, 0.5, 0.8, float("nan")], 3)
    assert [[0, 2.3, 0], [0.7, 0, 0], [0, 0, 0]] == [pytest.approx(row) for row in table.tolist()]


@quick
@given(tournaments())
def test_evalica_agrees(tournament: tuple[Any, Any, Any, int]) -> None:
    """Where all are connected by wins both ways, its scores differ from ours by a factor only."""
    evalica = pytest.importorskip("evalica")
    i, j, score, m = tournament
    table = stats.bt_counts(i, j, score, m)
    if stats.bt_components(table)[1].any():
        return
    winners = [evalica.Winner.X if s == 1 else evalica.Winner.Y if s == 0 else evalica.Winner.Draw for s in score]
    scores = evalica.bradley_terry(i.tolist(), j.tolist(), winners, tolerance=1e-10, limit=10_000).scores
    theirs = np.log([scores[k] for k in range(m)])
    assert theirs - theirs.mean() == pytest.approx(stats.bt_fit(table, anchor=0), abs=1e-4)


@quick
@given(tournaments())
def test_the_anchored_fit_solves_its_equations(tournament: tuple[Any, Any, Any, int]) -> None:
    """Expected wins are the wins, the anchor games included: also for contenders that won or lost everything."""
    i, j, score, m = tournament
    table = stats.bt_counts(i, j, score, m)
    s = stats.bt_fit(table)
    assert np.isfinite(s).all()
    met = table + table.T
    base = min(
        np.linspace(-3, 3, 6001),
        key=lambda c: abs(((1 / (1 + np.exp(-(s + c)))) - 0.5).sum()),
    )  # the fit is centred; the virtual opponent stands where the anchors balance
    expected = (met / (1 + np.exp(s[None, :] - s[:, None]))).sum(axis=1) + 1 / (1 + np.exp(-(s + base)))
    assert table.sum(axis=1) + 0.5 == pytest.approx(expected, abs=2e-3)


@quick
@given(tournaments(), st.randoms(use_true_random=False))
def test_sides_of_a_game_and_its_place_do_not_matter(tournament: tuple[Any, Any, Any, int], random: Any) -> None:
    """(i, j, score) is (j, i, 1 − score), and rows have no order: the same counts, ratings and draws."""
    i, j, score, m = tournament
    order = list(range(len(i)))
    random.shuffle(order)
    prompt = np.arange(len(i)) % 3
    table = stats.bt_counts(i, j, score, m)
    assert (table == stats.bt_counts(j[order], i[order], 1 - score[order], m)).all()
    here = stats.bt_bootstrap(prompt, i, j, score, m, n_resamples=5)
    there = stats.bt_bootstrap(prompt[order], j[order], i[order], 1 - score[order], m, n_resamples=5)
    assert here == pytest.approx(there, abs=1e-9)
    assert here.mean(axis=1) == pytest.approx(np.zeros(5), abs=1e-9)


def test_components() -> None:
    """0 beats 1 beats 2 beats 1; 3 and 4 have only met each other: two weak, four strong components."""
    table = np.zeros((5, 5))
    table[0, 1] = table[1, 2] = table[2, 1] = table[3, 4] = 1
    weak, strong = stats.bt_components(table)
    assert [0, 0, 0, 1, 1] == weak.tolist()
    assert [0, 1, 1, 2, 3] == strong.tolist()


@quick
@given(tournaments())
def test_scipy_agrees_on_components(tournament: tuple[Any, Any, Any, int]) -> None:
    """The same partition by a graph library."""
    from scipy.sparse.csgraph import connected_components

    i, j, score, m = tournament
    table = stats.bt_counts(i, j, score, m)
    for ours, kind in zip(stats.bt_components(table), ("weak", "strong"), strict=True):
        theirs = connected_components(table > 0, directed=True, connection=kind)[1]
        assert (ours[:, None] == ours).tolist() == (theirs[:, None] == theirs).tolist()


def test_a_contender_that_won_everything_stays_finite() -> None:
    """Separated data: the anchor holds it, and the ranks know it is best."""
    i, j, score = games([[0, 10, 9], [0, 0, 5], [0, 5, 0]])
    s = stats.bt_fit(stats.bt_counts(i, j, score, 3))
    assert s[0] < 6
    low, high = stats.rank_sets(stats.bt_bootstrap(np.arange(len(i)), i, j, score, 3))
    assert ([1, 2, 2], [1, 3, 3]) == (low.tolist(), high.tolist())


def test_the_bootstrap_spreads_like_the_likelihood() -> None:
    """Its standard deviations are those of the information matrix, when every game is a prompt of its own."""
    i, j, score = games(BASEBALL)
    draws = stats.bt_bootstrap(np.arange(len(i)), i, j, score, 7, n_resamples=2_000)
    s = stats.bt_fit(BASEBALL, anchor=0)
    chance = 1 / (1 + np.exp(s[None, :] - s[:, None]))
    weights = (BASEBALL + BASEBALL.T) * chance * (1 - chance)
    errors = np.sqrt(np.diag(np.linalg.pinv(np.diag(weights.sum(axis=1)) - weights)))
    assert draws.std(axis=0) == pytest.approx(errors, rel=0.15)


def test_without_games_the_anchors_draw_alone() -> None:
    """Each contender is then the log odds of a Beta(½, ½) draw, and a larger anchor holds it closer."""
    draws = stats.bt_bootstrap([], [], [], [], 2, n_resamples=20_000)
    odds = np.random.default_rng(5).beta(0.5, 0.5, (20_000, 2))
    expected = np.diff(np.log(odds / (1 - odds))).ravel()
    shares = [0.1, 0.25, 0.75, 0.9]
    assert np.quantile(expected, shares) == pytest.approx(np.quantile(draws[:, 1] - draws[:, 0], shares), rel=0.06)
    firm = stats.bt_bootstrap([], [], [], [], 2, n_resamples=500, anchor=20.0)
    assert firm.std() < 0.2 * draws.std()


def test_games_of_one_prompt_are_one_piece_of_evidence() -> None:
    """The same games ten times over within their prompts do not narrow the draws; in prompts of their own they do."""
    i, j, score = (np.array(column) for column in games([[0, 40], [20, 0]]))
    prompt = np.arange(60)
    columns = [np.repeat(x, 10) for x in (i, j, score)]
    once = stats.bt_bootstrap(prompt, i, j, score, 2, anchor=0.01)[:, 0].std()
    within = stats.bt_bootstrap(np.repeat(prompt, 10), *columns, 2, anchor=0.01)[:, 0].std()
    apart = stats.bt_bootstrap(np.arange(600), *columns, 2, anchor=0.01)[:, 0].std()
    assert once == pytest.approx(within, rel=0.1)
    assert once == pytest.approx(apart * np.sqrt(10), rel=0.1)


def test_rank_sets_by_hand() -> None:
    """0 is above 1 and 2 in every draw, which change places; 3 lies below all."""
    draws = np.array([[5, 2, 1, -4], [5, 1, 2, -4]] * 20, dtype=float)
    low, high = stats.rank_sets(draws)
    assert ([1, 2, 2, 4], [1, 3, 3, 4]) == (low.tolist(), high.tolist())


def test_a_higher_level_rules_out_fewer_ranks() -> None:
    """Rank sets are nested."""
    draws = np.random.default_rng(0).normal([0.0, 0.8, 1.6, 1.7], 0.5, size=(400, 4))
    (low, high), (lower, higher) = (stats.rank_sets(draws, level) for level in (0.5, 0.99))
    assert (lower <= low).all()
    assert (higher >= high).all()
    assert (high - low).sum() < (higher - lower).sum()


def test_davidson_for_two() -> None:
    """Six wins, two losses, four ties: the shares themselves, log 3 apart, ν = 4/√12."""
    result = stats.davidson_fit([0] * 12, [1] * 12, [1] * 6 + [0] * 2 + [0.5] * 4, 2)
    assert np.log(3) == pytest.approx(result.log_strength[0] - result.log_strength[1], abs=1e-9)
    assert 4 / np.sqrt(12) == pytest.approx(result.nu, abs=1e-9)


def test_statsmodels_agrees_with_davidson() -> None:
    """The log-linear form of the model, as a Poisson regression with a free level for every couple."""
    api = pytest.importorskip("statsmodels.api")
    m, rng = 4, np.random.default_rng(6)
    rows, counts, i, j, score = [], [], [], [], []
    for couple, (a, b) in enumerate(combinations(range(m), 2)):
        for outcome, n in enumerate(rng.integers(2, 15, 3)):
            effects = np.zeros(6 + m)
            effects[couple] = 1
            if outcome == 2:
                effects[6 + np.array([a, b])] = 0.5
                effects[6] = 1  # ν takes the place of contender 0, whose strength is the origin
                effects[6 + a] = 0.5 if a else 1
            else:
                winner = (a, b)[outcome]
                effects[6 + winner] = 1 if winner else 0
            rows.append(effects)
            counts.append(n)
            i += [a] * n
            j += [b] * n
            score += [(1.0, 0.0, 0.5)[outcome]] * n
    fit = api.GLM(counts, np.array(rows), family=api.families.Poisson()).fit(tol=1e-12)
    strengths = np.append(0.0, fit.params[7:])
    result = stats.davidson_fit(i, j, score, m)
    assert strengths - strengths.mean() == pytest.approx(result.log_strength, abs=1e-6)
    assert np.exp(fit.params[6]) == pytest.approx(result.nu, rel=1e-6)


def test_davidson_without_a_maximum() -> None:
    """Only ties, or a contender that never loses: None with the reason. No tie at all: ν is 0."""
    assert "decided" in stats.davidson_fit([0], [1], [0.5], 2).reason
    assert "connected" in stats.davidson_fit([0, 1], [1, 2], [1, 0.5], 3).reason
    without = stats.davidson_fit(*games(BASEBALL), 7)
    assert (0.0, None) == (without.nu, without.reason)
    assert stats.bt_fit(BASEBALL, anchor=0) == pytest.approx(without.log_strength)


def test_no_contender_and_no_game() -> None:
    """Empty tables give empty ratings; contenders without games stand at 0."""
    assert 0 == stats.bt_fit(np.zeros((0, 0))).size
    assert [0, 0, 0] == stats.bt_fit(np.zeros((3, 3))).tolist()
    assert [0, 1, 2] == stats.bt_components(np.zeros((3, 3)))[0].tolist()
    assert 0 == stats.bt_components([])[0].size
    assert (2, 3) == stats.bt_bootstrap([], [], [], [], 3, n_resamples=2).shape
