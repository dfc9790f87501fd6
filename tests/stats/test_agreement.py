"""Agreement between judges."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brie_bench import stats
from brie_bench.stats import coefficients

from .examples import quick, rating_rows, verdicts, verdicts_or_failures

NAN = float("nan")

# Tables of two raters, one in the rows: agreement, κ, and AC1 with two categories, as published
COHEN = ([[20, 5], [10, 15]], 0.70, 0.40, None)
BALANCED = ([[40, 9], [6, 45]], 0.85, 0.70, None)  # Feinstein & Cicchetti (1990)
SKEWED = ([[80, 10], [5, 5]], 0.85, 0.32, 0.81)  # Feinstein & Cicchetti (1990): the same agreement, a low κ
GWET = ([[118, 5], [2, 0]], 0.944, -0.0234, 0.9408)  # Gwet (2002)


@st.composite
def tables(draw: st.DrawFn, *, failures: bool = True) -> np.ndarray[Any, Any]:
    """Up to 25 rows of two to four judges."""
    judges = draw(st.integers(2, 4))
    row = st.lists(verdicts_or_failures if failures else verdicts, min_size=judges, max_size=judges)
    return np.array(draw(st.lists(row, min_size=1, max_size=25)))


def brief(ratings: Any, *args: Any, **kwargs: Any) -> stats.Agreement:
    return stats.agreement(ratings, *args, n_resamples=kwargs.pop("n_resamples", 50), **kwargs)


@pytest.mark.parametrize(("table", "agreed", "kappa", "ac1"), [COHEN, BALANCED, SKEWED, GWET])
def test_published_tables_of_two_raters(table: list[list[int]], agreed: float, kappa: float, ac1: float | None) -> None:
    """Agreement and κ to the printed digits; AC1 in print knows two categories, here a third that never occurs."""
    pair = brief(rating_rows(table)).pairs[0, 1]
    assert agreed == pytest.approx(pair.agreement, abs=5e-4)
    assert kappa == pytest.approx(pair.kappa, abs=5e-3)
    assert np.sum(table) == pair.n
    if ac1 is not None:
        shares = (np.sum(table, axis=0) + np.sum(table, axis=1)) / (2 * np.sum(table))
        assert ac1 == pytest.approx(float(coefficients.gwet_ac1(np.array(agreed), shares)), abs=5e-3)
        assert pair.ac1 > ac1


def test_the_fleiss_table() -> None:
    """Fourteen raters, ten subjects, five categories: κ = .210 (Fleiss 1971, the example of the encyclopaedias)."""
    counts = np.array(
        [
            [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
        ]
    )  # fmt: skip
    agreed = (counts * (counts - 1)).sum(axis=1).mean() / (14 * 13)
    shares = counts.mean(axis=0) / 14
    assert 0.210 == pytest.approx(float(coefficients.fleiss_kappa(agreed, shares)), abs=5e-4)


def test_krippendorffs_example_c() -> None:
    """Four observers, twelve units, five values, some missing: nominal α = .743 (Krippendorff 2011)."""
    units = ["111", "2232", "3333", "3333", "2222", "1234", "4444", "1121", "2222", "555", "11", "3"]
    counts = np.array([[unit.count(value) for value in "12345"] for unit in units if len(unit) > 1])
    sizes = counts.sum(axis=1)
    matching = ((counts * (counts - 1)).sum(axis=1) / (sizes - 1)).sum()
    assert 0.743 == pytest.approx(float(coefficients.krippendorff_alpha(matching, counts.sum(axis=0))), abs=5e-4)


def test_five_pairs_by_hand() -> None:
    """Four of five agree. Marginals .6/.2/.2 and .8/0/.2 give .52 by chance: κ = .28/.48."""
    pair = brief([[1, 1], [1, 1], [1, 1], [0, 0], [0.5, 1]]).pairs[0, 1]
    assert [[3, 0, 0], [1, 0, 0], [0, 0, 1]] == pair.table.tolist()
    assert (5, 5) == (pair.n, pair.n_prompts)
    assert 0.8 == pytest.approx(pair.agreement)
    assert 0.52 == pytest.approx(pair.expected)
    assert 0.28 / 0.48 == pytest.approx(pair.kappa)
    chance = (0.7 * 0.3 + 0.1 * 0.9 + 0.2 * 0.8) / 2
    assert (0.8 - chance) / (1 - chance) == pytest.approx(pair.ac1)


def test_a_constant_judge_has_kappa_zero() -> None:
    """One judge always says win, the other dissents once in twenty: chance is shown to be the whole agreement."""
    pair = brief([[1, 1]] * 19 + [[1, 0]]).pairs[0, 1]
    assert (pytest.approx(0.95), pytest.approx(0.95)) == (pair.agreement, pair.expected)
    assert 0.0 == pytest.approx(pair.kappa, abs=1e-12)
    assert 0.9 < pair.ac1


def test_where_chance_is_certain_kappa_is_undefined() -> None:
    """Two judges that only ever say win: neither 0 nor 1, and no interval either."""
    result = brief([[1, 1]] * 5)
    pair = result.pairs[0, 1]
    assert (1.0, 1.0, None, None, 1.0) == (pair.agreement, pair.expected, pair.kappa, pair.kappa_interval, pair.ac1)
    assert (None, None, None, None) == (result.alpha, result.alpha_interval, result.fleiss, result.fleiss_interval)
    assert pair.interval[0] < 0.7


def test_one_judge_or_none_in_common() -> None:
    """Agreement needs two."""
    assert {} == brief([[1], [0]]).pairs
    assert brief([[1], [0]]).percent is None
    nothing = brief([[1, NAN], [NAN, 0]])
    pair = nothing.pairs[0, 1]
    assert (0, None, None, None, None) == (pair.n, pair.agreement, pair.kappa, pair.interval, nothing.alpha)
    assert (0, None) == (brief(np.zeros((0, 2))).n, brief([]).percent)


def test_unanimity_counts_pairs_with_two_judges_or_more() -> None:
    """Of three such pairs all three, two, and two judges concur: two pairs of three."""
    assert 2 / 3 == pytest.approx(brief([[1, 1, 1], [1, 1, 0], [0, 0, NAN], [NAN, 1, NAN]]).unanimous)


def test_prompts_weigh_alike() -> None:
    """Three agreeing pairs of one prompt and one differing pair of another: one half."""
    result = brief([[1, 1], [1, 1], [1, 1], [1, 0]], ["a", "a", "a", "b"])
    assert 0.5 == result.pairs[0, 1].agreement
    assert (4, 2) == (result.pairs[0, 1].n, result.pairs[0, 1].n_prompts)
    assert [2, 2] == [result.pairs[0, 1].table[0, 0], result.pairs[0, 1].table[0, 2]]
    assert 0.5 == result.percent


def test_several_judgments_of_a_pair_are_combined_in_all_ways() -> None:
    """The first judge said win and loss, the second win: half agreement, whatever rows they share."""
    apart = brief([[1, NAN], [0, NAN], [NAN, 1]], pair=[7, 7, 7])
    together = brief([[1, 1], [0, NAN]], pair=[7, 7])
    for result in (apart, together):
        pair = result.pairs[0, 1]
        assert (1, 0.5, 0.5, 0.5) == (pair.n, pair.agreement, pair.table[0, 0], pair.table[2, 0])


def test_orders_are_not_mixed() -> None:
    """Two judges that both follow the position agree fully within each order, and by half when orders are forgotten."""
    ratings, pair, order = [[1, 1], [0, 0]], [3, 3], ["first", "second"]
    assert 1.0 == brief(ratings, pair=pair, order=order).pairs[0, 1].agreement
    assert 0.5 == brief(ratings, pair=pair).pairs[0, 1].agreement
    assert brief([[1, NAN], [NAN, 0]], pair=pair, order=order).pairs[0, 1].agreement is None


def loops(ratings: np.ndarray[Any, Any]) -> dict[str, float]:
    """The panel's coefficients written out with loops, over units with missing ratings (Gwet 2014)."""
    agreed, shares, pairable, matching = [], [], np.zeros(3), 0.0
    for row in ratings:
        given = [value for value in row if not np.isnan(value)]
        if given:
            shares.append([given.count(value) / len(given) for value in (1.0, 0.5, 0.0)])
        if len(given) > 1:
            pairs = list(combinations(given, 2))
            same = sum(a == b for a, b in pairs)
            agreed.append(same / len(pairs))
            matching += 2 * same / (len(given) - 1)
            pairable += [given.count(value) for value in (1.0, 0.5, 0.0)]
    if not agreed:
        return {}
    percent, pi = np.mean(agreed), np.mean(shares, axis=0)
    chance = (pi * (1 - pi)).sum() / 2
    total = pairable.sum()
    found = {"percent": percent, "ac1": (percent - chance) / (1 - chance)}
    if (pi**2).sum() < 1 - 1e-9:
        found["fleiss"] = (percent - (pi**2).sum()) / (1 - (pi**2).sum())
    different = total**2 - (pairable**2).sum()
    if different > 0:
        found["alpha"] = 1 - (total - matching) * (total - 1) / different
    return found


@quick
@given(tables())
def test_loops_agree(ratings: np.ndarray[Any, Any]) -> None:
    """A second, slow implementation of the panel's coefficients; what it leaves out is None."""
    result, expected = brief(ratings), loops(ratings)
    for name in ("percent", "ac1", "fleiss", "alpha"):
        if name in expected:
            assert expected[name] == pytest.approx(getattr(result, name), abs=1e-10)
        else:
            assert getattr(result, name) is None


@quick
@given(tables())
def test_krippendorffs_package_agrees(ratings: np.ndarray[Any, Any]) -> None:
    """Nominal α with missing ratings."""
    krippendorff = pytest.importorskip("krippendorff")
    alpha = brief(ratings).alpha
    if alpha is not None:
        theirs = krippendorff.alpha(ratings.T, level_of_measurement="nominal", value_domain=[0.0, 0.5, 1.0])
        assert theirs == pytest.approx(alpha, abs=1e-10)


@quick
@given(tables(failures=False))
def test_scikit_learn_and_statsmodels_agree(ratings: np.ndarray[Any, Any]) -> None:
    """Cohen's κ of each two judges, Fleiss' κ of all."""
    metrics = pytest.importorskip("sklearn.metrics")
    inter_rater = pytest.importorskip("statsmodels.stats.inter_rater")
    result = brief(ratings)
    for (i, j), pair in result.pairs.items():
        if pair.kappa is not None:
            labels = ratings[:, [i, j]].astype(str).T
            theirs = metrics.cohen_kappa_score(*labels, labels=["1.0", "0.5", "0.0"])
            assert theirs == pytest.approx(pair.kappa, abs=1e-10)
    if result.fleiss is not None:
        table = np.stack([(ratings == value).sum(axis=1) for value in (1.0, 0.5, 0.0)], axis=1)
        assert inter_rater.fleiss_kappa(table) == pytest.approx(result.fleiss, abs=1e-10)


@quick
@given(tables(), st.booleans(), st.randoms(use_true_random=False))
def test_sides_and_order_of_rows_change_nothing(ratings: np.ndarray[Any, Any], by_prompt: bool, random: Any) -> None:
    """Wins for losses, and rows shuffled: the same coefficients and, to the last bit, the same intervals."""
    prompt = np.arange(len(ratings)) % 4 if by_prompt else None
    here, there = brief(ratings, prompt), brief(1 - ratings, prompt)
    order = list(range(len(ratings)))
    random.shuffle(order)
    shuffled = brief(ratings[order], None if prompt is None else prompt[order])
    for other in (there, shuffled):
        assert (here.n, here.n_prompts, here.percent_interval) == (other.n, other.n_prompts, other.percent_interval)
        for couple, pair in here.pairs.items():
            assert pair.interval == other.pairs[couple].interval
            assert pair.kappa_interval == pytest.approx(other.pairs[couple].kappa_interval, abs=1e-12)
            assert pair.kappa == pytest.approx(other.pairs[couple].kappa, abs=1e-12)
        for name in ("percent", "alpha", "fleiss", "ac1", "unanimous"):
            assert getattr(here, name) == pytest.approx(getattr(other, name), abs=1e-12)
    for couple, pair in here.pairs.items():
        assert pair.table[::-1, ::-1] == pytest.approx(there.pairs[couple].table)


@quick
@given(tables(), st.booleans())
def test_intervals_contain_the_estimate_and_widen_with_the_level(
    ratings: np.ndarray[Any, Any], by_prompt: bool
) -> None:
    """For every coefficient that has one; and none has zero width."""
    prompt = np.arange(len(ratings)) // 2 if by_prompt else None
    narrow, wide = (brief(ratings, prompt, confidence_level=level, n_resamples=400) for level in (0.8, 0.95))
    for inner, outer in ((narrow, wide), *((narrow.pairs[c], wide.pairs[c]) for c in narrow.pairs)):
        for value, bounds in (
            ("alpha", "alpha_interval"), ("fleiss", "fleiss_interval"), ("ac1", "ac1_interval"),
            ("agreement", "interval"), ("kappa", "kappa_interval"),
        ):  # fmt: skip
            estimate = getattr(inner, value, None)
            if estimate is not None:
                low, high = getattr(inner, bounds)
                assert low <= estimate <= high
                assert low < high
                assert getattr(outer, bounds)[0] <= low
                assert high <= getattr(outer, bounds)[1]


def test_rows_that_repeat_a_pair_do_not_narrow_the_interval() -> None:
    """Each pair judged three times alike: the same table and the same interval as once."""
    ratings = np.array([[1, 1], [1, 0], [0, 0], [1, 1], [0.5, 1]])
    pair = np.arange(5)
    once = brief(ratings, pair, pair=pair, n_resamples=300)
    thrice = brief(np.repeat(ratings, 3, axis=0), np.repeat(pair, 3), pair=np.repeat(pair, 3), n_resamples=300)
    assert once.pairs[0, 1].interval == pytest.approx(thrice.pairs[0, 1].interval)
    assert once.alpha_interval == pytest.approx(thrice.alpha_interval)
    assert (5, 5) == (thrice.pairs[0, 1].n, thrice.n_prompts)


def test_the_anchors_stand_in_the_corners() -> None:
    """Raw agreement is Beta(agreed + 1, differed + 1); κ and AC1 are those of Dirichlet tables, drawn here anew."""
    from scipy.stats import beta

    table = np.array([[9, 1, 3], [0, 2, 1], [2, 0, 4]])
    result = stats.agreement(rating_rows(table), n_resamples=40_000)
    pair = result.pairs[0, 1]
    assert beta(16, 8).ppf([0.025, 0.975]) == pytest.approx(pair.interval, abs=5e-3)
    anchored = table + 0.5 * np.array([[1, 0, 1], [0, 0, 0], [1, 0, 1]])
    drawn = np.random.default_rng(9).gamma(np.maximum(anchored, 1e-12), size=(40_000, 3, 3))
    drawn /= drawn.sum(axis=(1, 2), keepdims=True)
    rows, columns = drawn.sum(axis=2), drawn.sum(axis=1)
    agreed, chance = drawn[:, [0, 1, 2], [0, 1, 2]].sum(axis=1), (rows * columns).sum(axis=1)
    kappa = np.quantile((agreed - chance) / (1 - chance), [0.025, 0.975])
    assert kappa == pytest.approx(pair.kappa_interval, abs=0.01)
    shares = (rows + columns) / 2
    chance = (shares**2).sum(axis=1)
    fleiss = np.quantile((agreed - chance) / (1 - chance), [0.025, 0.975])
    assert fleiss == pytest.approx(result.fleiss_interval, abs=0.01)
    chance = (shares * (1 - shares)).sum(axis=1) / 2
    assert np.quantile((agreed - chance) / (1 - chance), [0.025, 0.975]) == pytest.approx(pair.ac1_interval, abs=0.01)


def test_the_panels_intervals_are_those_of_the_two_when_there_are_two() -> None:
    """With two judges mean pairwise agreement is their agreement, and α comes close to Fleiss' κ."""
    result = stats.agreement(rating_rows([[9, 1, 3], [0, 2, 1], [2, 0, 4]]), n_resamples=20_000)
    pair = result.pairs[0, 1]
    assert pair.interval == pytest.approx(result.percent_interval, abs=1e-9)
    assert pair.ac1_interval == pytest.approx(result.ac1_interval, abs=1e-9)
    assert result.fleiss_interval == pytest.approx(result.alpha_interval, abs=0.03)


def test_coverage_under_extreme_prevalence() -> None:
    """Two judges with win rates of .93 on 30 pairs: κ lies within its 95 % interval at least nine times in ten."""
    rng = np.random.default_rng(4)
    both, first, second = 0.89, 0.04, 0.04
    cells = np.array([both, first, second, 1 - both - first - second])
    rate = cells[0] + cells[1]
    chance = rate**2 + (1 - rate) ** 2
    kappa = (cells[0] + cells[3] - chance) / (1 - chance)
    defined, hits = 0, 0
    for _ in range(200):
        table = rng.multinomial(30, cells).reshape(2, 2)
        interval = brief(rating_rows(table), n_resamples=500).pairs[0, 1].kappa_interval
        defined += interval is not None
        hits += interval is not None and interval[0] <= kappa <= interval[1]
    assert defined > 190
    assert hits >= 0.9 * defined


def test_ten_judges_are_fifteen_times_three_pairs() -> None:
    """Every two columns are compared, also where there are too many patterns to tabulate."""
    rng = np.random.default_rng(0)
    ratings = rng.choice([0, 0.5, 1], size=(30, 10))
    result = brief(ratings)
    assert set(combinations(range(10), 2)) == set(result.pairs)
    for i, j in product(range(10), repeat=2):
        if i < j:
            assert np.mean(ratings[:, i] == ratings[:, j]) == pytest.approx(result.pairs[i, j].agreement)


@pytest.mark.parametrize("renamed", [[0, 2, 1], [1, 0, 2], [2, 1, 0]])
def test_names_of_prompts_decide_nothing(renamed: list[int]) -> None:
    """Renumbered prompts give the same coefficients and the same intervals, even where wins and losses are as many."""
    ratings = [[1, 1, 1], [0, 0, 0.5], [0.5, 0.5, 0]]
    assert repr(stats.agreement(ratings, [0, 1, 2], n_resamples=50)) == repr(
        stats.agreement(ratings, renamed, n_resamples=50)
    )
