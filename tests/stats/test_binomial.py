"""Named intervals of a rate, and the sign test."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brie_bench import stats

from .examples import mirrored, quick

NEWCOMBE = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]


@pytest.mark.parametrize(("wins", "n", "wilson", "exact"), NEWCOMBE)
def test_newcombe_1998_table_i(wins: int, n: int, wilson: tuple[float, float], exact: tuple[float, float]) -> None:
    """The score interval and the exact one, as printed."""
    assert wilson == pytest.approx(stats.wilson_ci(wins, n), abs=5e-5)
    assert exact == pytest.approx(stats.clopper_pearson_ci(wins, n), abs=5e-5)


@quick
@given(st.integers(1, 300), st.floats(0, 1), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_statsmodels_agrees(n: int, share: float, level: float) -> None:
    """All three named intervals, at any count and level."""
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    wins = round(share * n)
    for ours, theirs in (("wilson_ci", "wilson"), ("clopper_pearson_ci", "beta"), ("jeffreys_ci", "jeffreys")):
        expected = proportion.proportion_confint(wins, n, alpha=1 - level, method=theirs)
        assert tuple(map(float, expected)) == pytest.approx(getattr(stats, ours)(wins, n, level), abs=1e-9)


@quick
@given(st.integers(1, 300), st.floats(0, 1))
def test_they_mirror_exactly(n: int, share: float) -> None:
    """n − wins in place of wins gives [1 − high, 1 − low]."""
    wins = round(share * n)
    for interval in (stats.wilson_ci, stats.clopper_pearson_ci, stats.jeffreys_ci):
        assert mirrored(interval(wins, n)) == interval(n - wins, n)


def test_wilson_takes_an_effective_number() -> None:
    """Half a win and a fraction of a prompt are allowed: halving both widens the interval."""
    low, high = stats.wilson_ci(28.5, 40.7)
    assert low < 28.5 / 40.7 < high
    wider = stats.wilson_ci(14.25, 20.35)
    assert wider[0] < low < high < wider[1]


def test_no_trial_no_interval() -> None:
    """0 of 0 is undefined."""
    for interval in (stats.wilson_ci, stats.clopper_pearson_ci, stats.jeffreys_ci):
        assert interval(0, 0) is None


@pytest.mark.parametrize(
    ("wins", "losses", "p"), [(10, 3, 0.09228515625), (5, 0, 0.0625), (1, 0, 1.0), (0, 0, 1.0), (13, 0, 2 / 2**13)]
)
def test_sign_tests_by_hand(wins: int, losses: int, p: float) -> None:
    """Ten heads and three tails: 2·(1 + 13 + 78 + 286)/8192."""
    assert p == pytest.approx(stats.sign_test(wins, losses), rel=1e-13)


@pytest.mark.parametrize(("wins", "losses"), [(600, 500), (1100, 1000), (7000, 7000), (50_300, 50_000)])
def test_large_samples_are_summed_by_logarithms(wins: int, losses: int) -> None:
    """Beyond a thousand decisions, too, scipy finds the same."""
    from scipy.stats import binomtest

    assert binomtest(wins, wins + losses).pvalue == pytest.approx(stats.sign_test(wins, losses), rel=1e-8)


def test_arbuthnott_1710() -> None:
    """More boys than girls were christened in London in each of 82 years: the first significance test, 2·2⁻⁸²."""
    assert 2.0**-81 == pytest.approx(stats.sign_test(82, 0), rel=1e-12)


@quick
@given(st.integers(0, 400), st.integers(0, 400))
def test_scipy_agrees_with_the_sign_test(wins: int, losses: int) -> None:
    """And so do whole numbers, which make no rounding error at all."""
    from scipy.stats import binomtest

    p = stats.sign_test(wins, losses)
    assert p == stats.sign_test(losses, wins)
    if wins + losses:
        assert binomtest(wins, wins + losses).pvalue == pytest.approx(p, rel=1e-9)
    n = wins + losses
    tail = sum(comb(n, k) for k in range(min(wins, losses) + 1))
    assert min(1.0, 2 * tail / 2**n) == pytest.approx(p, rel=1e-11)
