"""Does being shown first help?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brie_bench import stats

from .examples import mirrored, quick

NAN = float("nan")
ROWS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from([0.0, 0.5, 1.0]), st.booleans()), min_size=1, max_size=30)


def bias(rows: list[tuple[int, float, bool]], level: float = 0.95, *, swapped: bool = False) -> stats.PositionBias:
    prompt, score, first = (np.array(column) for column in zip(*rows, strict=True))
    if swapped:
        score, first = 1 - score, ~first
    return stats.position_bias(prompt, score, first, confidence_level=level, n_resamples=300)


def test_position_by_hand() -> None:
    """¾ when shown first, ¼ when second: a bias of ¼ about a rate of ½."""
    result = stats.position_bias([1, 2, 3, 4], [1, 0.5, 0.5, 0], [True, True, False, False])
    assert (0.75, 0.25, 0.25, 0.5) == (result.rate_first, result.rate_second, result.bias, result.adjusted)
    assert (2, 2, 4, 0) == (result.n_first, result.n_second, result.n_prompts, result.missing)
    assert 0.75 == result.first_shown_share


def test_a_judge_that_always_takes_the_first_has_the_largest_bias() -> None:
    """A bias of ½, an order-adjusted rate of ½, whatever the number of rows in either order."""
    result = stats.position_bias(np.arange(30), np.repeat([1.0, 0.0], [20, 10]), np.repeat([1, 0], [20, 10]))
    assert (0.5, 0.5, 1.0) == (result.bias, result.adjusted, result.first_shown_share)
    assert result.interval_bias[1] == 0.5
    assert result.interval_bias[0] > 0.3


def test_an_order_that_never_occurs_leaves_the_bias_undefined() -> None:
    """The rate that is known is given, the others are None."""
    result = stats.position_bias([0, 1], [1, 0.5], [1, 1])
    assert (0.75, None, None, None) == (result.rate_first, result.rate_second, result.bias, result.adjusted)
    assert (None, None) == (result.interval_bias, result.interval_adjusted)
    nothing = stats.position_bias([0], [NAN], [1])
    assert (None, None, 1) == (nothing.rate_first, nothing.first_shown_share, nothing.missing)


def test_failures_and_unknown_orders_are_dropped() -> None:
    """Both are counted as missing."""
    result = stats.position_bias([1, 2, 3, 4], [1, NAN, 1, 0], [1, 1, NAN, 0])
    assert (1, 1, 2) == (result.n_first, result.n_second, result.missing)


@quick
@given(ROWS)
def test_exchanging_the_sides_leaves_the_bias_and_mirrors_the_rates(rows: list[tuple[int, float, bool]]) -> None:
    """To the last bit, intervals included."""
    here, there = bias(rows), bias(rows, swapped=True)
    assert here.bias == there.bias
    assert here.first_shown_share == there.first_shown_share
    assert (here.n_first, here.n_second) == (there.n_second, there.n_first)
    for mine, yours in (
        (here.rate_first, there.rate_second), (here.rate_second, there.rate_first), (here.adjusted, there.adjusted)
    ):  # fmt: skip
        assert yours == (None if mine is None else 1 - mine)
    assert here.interval_bias == there.interval_bias
    assert mirrored(here.interval_adjusted) == there.interval_adjusted


@quick
@given(ROWS, st.randoms(use_true_random=False))
def test_intervals_contain_the_estimates_and_ignore_the_order_of_rows(
    rows: list[tuple[int, float, bool]], random: object
) -> None:
    """And a higher level is wider."""
    result, wide = bias(rows, 0.8), bias(rows, 0.99)
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert result == bias(shuffled, 0.8)
    if result.bias is not None:
        for estimate, inner, outer in (
            (result.bias, result.interval_bias, wide.interval_bias),
            (result.adjusted, result.interval_adjusted, wide.interval_adjusted),
        ):
            assert outer[0] <= inner[0] <= estimate <= inner[1] <= outer[1]
            assert inner[0] < inner[1]


def test_a_regression_agrees() -> None:
    """Least squares on the order, coded ±½: intercept the adjusted rate, half the slope the bias, errors by prompt."""
    api = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(3)
    prompt, first = np.repeat(np.arange(60), 3), rng.integers(0, 2, 180)
    score = (rng.random(180) < 0.55 + 0.2 * (first - 0.5) + 0.2 * np.sin(prompt)).astype(float)
    fit = api.OLS(score, api.add_constant(first - 0.5)).fit(cov_type="cluster", cov_kwds={"groups": prompt})
    result = stats.position_bias(prompt, score, first, n_resamples=4_000)
    assert fit.params[0] == pytest.approx(result.adjusted, abs=1e-12)
    assert fit.params[1] / 2 == pytest.approx(result.bias, abs=1e-12)
    for error, (low, high) in ((fit.bse[0], result.interval_adjusted), (fit.bse[1] / 2, result.interval_bias)):
        assert 3.92 * error == pytest.approx(high - low, rel=0.1)


def test_the_anchors_of_position_are_a_win_and_a_loss_in_each_order() -> None:
    """With prompts seen in one order each, the two rates are independent Beta draws with half a win and half a loss."""
    first, second = np.repeat([1.0, 0.0], [9, 3]), np.repeat([1.0, 0.0], [4, 6])
    rows = np.concatenate((first, second))
    result = stats.position_bias(np.arange(22), rows, np.repeat([1, 0], [12, 10]), n_resamples=40_000)
    rng = np.random.default_rng(8)
    m1, m0 = rng.beta(9.5, 3.5, 40_000), rng.beta(4.5, 6.5, 40_000)
    assert np.quantile((m1 - m0) / 2, [0.025, 0.975]) == pytest.approx(result.interval_bias, abs=0.01)
    assert np.quantile((m1 + m0) / 2, [0.025, 0.975]) == pytest.approx(result.interval_adjusted, abs=0.01)


def test_swaps_by_hand() -> None:
    """Six pairs: two kept wins, a kept loss, a flip to each side, a win that becomes a tie, and one failure."""
    result = stats.swap_consistency([1, 1, 0, 1, 0, 1, NAN], [1, 1, 0, 0, 1, 0.5, 1])
    assert (6, 1) == (result.n, result.n_dropped)
    assert (0.5, pytest.approx(2 / 6)) == (result.consistency, result.flip_rate)
    assert (2, 1, 1.0) == (result.first_preferred, result.second_preferred, result.mcnemar_p)
    assert (2, 1) == (result.strict_wins, result.strict_losses)
    assert (pytest.approx(2 / 6), pytest.approx(1 / 6)) == (result.strict_win_rate, result.strict_loss_rate)


@quick
@given(st.lists(st.tuples(*[st.sampled_from([0.0, 0.5, 1.0])] * 2), max_size=25))
def test_swaps_have_two_sides(pairs: list[tuple[float, float]]) -> None:
    """Exchanging contender and baseline exchanges wins and losses, and leaves what concerns the position."""
    first, second = (np.array([pair[k] for pair in pairs]) for k in (0, 1))
    here, there = stats.swap_consistency(first, second), stats.swap_consistency(1 - second, 1 - first)
    assert (here.consistency, here.flip_rate, here.mcnemar_p) == (there.consistency, there.flip_rate, there.mcnemar_p)
    assert (here.first_preferred, here.second_preferred) == (there.first_preferred, there.second_preferred)
    assert (here.strict_wins, here.strict_losses) == (there.strict_losses, there.strict_wins)


def test_statsmodels_agrees_with_mcnemar() -> None:
    """The exact test of eleven against four."""
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    result = stats.swap_consistency([1] * 11 + [0] * 4 + [1] * 9, [0] * 11 + [1] * 4 + [1] * 9)
    assert tables.mcnemar([[9, 11], [4, 0]], exact=True).pvalue == pytest.approx(result.mcnemar_p, rel=1e-10)


def test_no_swapped_pair() -> None:
    """Shares and test are None, counts 0."""
    result = stats.swap_consistency([], [])
    assert (None, None, None, 0) == (result.consistency, result.flip_rate, result.mcnemar_p, result.strict_wins)
