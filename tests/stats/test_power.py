"""What a sample can tell."""

from __future__ import annotations

from math import comb, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brie_bench import stats

from .examples import quick

PLANNING = [(13, 0.88), (15, 0.84), (25, 0.77), (57, 0.69), (100, 0.65), (200, 0.60), (805, 0.55)]


def enumerated_power(n: int, p: float, alpha: float) -> float:
    """Every outcome, its p-value in whole numbers, and its probability."""
    total = 0.0
    for wins in range(n + 1):
        fewer = min(wins, n - wins)
        p_value = min(1, 2 * sum(comb(n, k) for k in range(fewer + 1)) / 2**n)
        if p_value <= alpha:
            total += comb(n, wins) * p**wins * (1 - p) ** (n - wins)
    return total


@quick
@given(st.integers(0, 60), st.floats(0, 1), st.sampled_from([0.01, 0.05, 0.1]))
def test_power_is_enumerated(n: int, p: float, alpha: float) -> None:
    """The sum over all outcomes that the test rejects."""
    assert enumerated_power(n, p, alpha) == pytest.approx(stats.sign_test_power(n, p, alpha), abs=1e-12)


@pytest.mark.parametrize(("n", "rate"), PLANNING)
def test_the_planning_table(n: int, rate: float) -> None:
    """The rate that n prompts detect at 80 % power, and that it is the smallest such."""
    detectable = stats.detectable_rate(n)
    assert rate == pytest.approx(detectable, abs=0.006)
    assert 0.8 == pytest.approx(stats.sign_test_power(n, detectable), abs=1e-9)
    assert stats.sign_test_power(n, detectable - 1e-4) < 0.8


@pytest.mark.parametrize("n", range(6))
def test_below_six_prompts_nothing_is_detectable(n: int) -> None:
    """Five wins of five have p = .0625."""
    assert stats.detectable_rate(n) is None
    assert 0.0 == stats.sign_test_power(n, 1.0)


def test_six_prompts_detect_something() -> None:
    """Six of six have p = .03125: the rate must make them all wins four times in five."""
    assert 0.8 ** (1 / 6) == pytest.approx(stats.detectable_rate(6), abs=1e-6)
    assert 1.0 == stats.sign_test_power(6, 1.0)


def test_power_at_a_half_is_the_size_of_the_test() -> None:
    """Never above alpha, and symmetric about ½."""
    for n in range(1, 80):
        assert stats.sign_test_power(n, 0.5) <= 0.05 + 1e-12
        assert stats.sign_test_power(n, 0.3) == pytest.approx(stats.sign_test_power(n, 0.7), rel=1e-12)


@pytest.mark.parametrize(("h", "p", "n"), [(0.1, 0.5, 93), (0.1, 0.9, 37), (0.05, 0.5, 381), (0.05, 0.9, 141)])
def test_prompts_for_a_half_width(h: float, p: float, n: int) -> None:
    """±10 points take 93 prompts at a rate of ½ and 37 at .9."""
    assert n == stats.n_for_half_width(h, p)
    assert n == stats.n_for_half_width(h, 1 - p)


@quick
@given(st.floats(0.01, 0.4), st.floats(0, 1), st.floats(0.5, 5))
def test_that_many_reach_the_half_width_and_one_fewer_do_not(h: float, p: float, effect: float) -> None:
    """Checked against the interval itself."""
    n = stats.n_for_half_width(h, p, design_effect=effect)

    def half_width(count: int) -> float:
        low, high = stats.wilson_ci(p * count / effect, count / effect)
        return (high - low) / 2

    assert half_width(n) <= h + 1e-9
    assert n == 1 or half_width(n - 1) > h - 1e-9


def test_ties_and_repeats() -> None:
    """Ties lower the variance; four runs at an ICC of ½ still need 62 % of the prompts."""
    assert stats.n_for_half_width(0.1, 0.5, tie=0.5) < stats.n_for_half_width(0.1, 0.5)
    z = 1.959963984540054
    n = stats.n_for_half_width(0.1, 0.5, tie=0.4)
    width = [z / (1 + z * z / k) * sqrt(0.15 / k + (z / (2 * k)) ** 2) for k in (n - 1, n)]
    assert width[1] <= 0.1 < width[0]
    assert 0.62 == pytest.approx(stats.n_for_half_width(0.05, 0.5, design_effect=2.5 / 4) / 381, abs=0.01)


@pytest.mark.parametrize("rate", [0.1, 0.4, 0.9])
def test_no_more_prompts_can_tie_than_the_rate_allows(rate: float) -> None:
    """At a win rate of 10 or 90 % at most a fifth of the prompts can be ties: twice what is lost or won."""
    most = 2 * min(rate, 1 - rate)
    assert 0 < stats.n_for_half_width(0.1, rate, tie=most * 0.999)
    with pytest.raises(ValueError, match=rf"with a win rate of {rate} at most {most:g} of the prompts can tie"):
        stats.n_for_half_width(0.1, rate, tie=most + 0.001)
