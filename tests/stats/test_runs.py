"""The same prompts in several runs, and across the levels of a sweep."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brie_bench import stats

from .examples import quick, verdicts

NAN = float("nan")


@st.composite
def tables(draw: st.DrawFn, columns: int | None = None, rows: int = 6) -> np.ndarray[Any, Any]:
    width = columns or draw(st.integers(2, 4))
    return np.array(draw(st.lists(st.lists(verdicts, min_size=width, max_size=width), min_size=1, max_size=rows)))


def test_shrout_and_fleiss_1979() -> None:
    """Six targets rated by four judges, out of ten: mean squares 11.24 and 6.26, ICC(1, 1) = .17."""
    ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    result = stats.variance_components(np.array(ratings) / 10)
    assert 0.1124 == pytest.approx(result.ms_between, abs=5e-5)
    assert 0.0626 == pytest.approx(result.ms_within, abs=5e-5)
    assert 0.17 == pytest.approx(result.icc, abs=5e-3)


def test_cochran_1950() -> None:
    """Growth of 69 specimens on four media: Q = 8.05 with three degrees of freedom, p = .045."""
    rows = [[1, 1, 1, 1]] * 4 + [[1, 1, 0, 1]] * 2 + [[0, 1, 1, 1]] * 3 + [[0, 1, 0, 1]] + [[0, 0, 0, 0]] * 59
    result = stats.variance_components(rows)
    assert 8.05 == pytest.approx(result.cochran_q, abs=5e-3)
    assert 0.045 == pytest.approx(result.cochran_q_p, abs=5e-4)


def test_three_prompts_in_two_runs_by_hand() -> None:
    """Run rates ⅔ and ⅓; one prompt of three changes its verdict."""
    result = stats.variance_components([[1, 1], [1, 0], [0, 0], [1, NAN]])
    assert (3, 2, 1, 0.5) == (result.n_prompts, result.n_runs, result.n_dropped, result.rate)
    assert [2 / 3, 1 / 3] == pytest.approx(result.per_run.tolist())
    assert [1, 0.5, 0] == result.per_prompt.tolist()
    assert (pytest.approx(1 / 3), pytest.approx(np.sqrt(2) / 6)) == (result.run_range, result.run_sd)
    assert (pytest.approx(0.5), pytest.approx(0.5 / 3)) == (result.ms_between, result.ms_within)
    assert 0.5 == pytest.approx(result.icc)
    assert np.sqrt(0.5 / 9) == pytest.approx(result.expected_run_sd)
    assert 1 / 3 == pytest.approx(result.rerun_disagreement)
    assert stats.anchored_ci([0, 1, 0]) == result.interval_disagreement


@quick
@given(tables())
def test_scipy_and_statsmodels_agree(x: np.ndarray[Any, Any]) -> None:
    """One-way analysis of variance, and Cochran's Q where it is defined (decided scores)."""
    from scipy.stats import f_oneway

    tools = pytest.importorskip("statsmodels.stats.contingency_tables")
    result = stats.variance_components(x)
    if len(x) > 1 and result.ms_within > 1e-12:
        assert f_oneway(*x).statistic == pytest.approx(result.ms_between / result.ms_within, rel=1e-9)
    decided = (x > 0.5).astype(float)
    ours = stats.variance_components(decided)
    if ours.cochran_q is not None:
        theirs = tools.cochrans_q(decided)
        assert (theirs.statistic, theirs.pvalue) == pytest.approx((ours.cochran_q, ours.cochran_q_p), rel=1e-9)


@quick
@given(tables(), st.randoms(use_true_random=False))
def test_sides_prompts_and_runs_have_no_order(x: np.ndarray[Any, Any], random: Any) -> None:
    """Mirrored scores have the same spread; shuffled prompts and runs too."""
    here = stats.variance_components(x)
    rows, columns = list(range(x.shape[0])), list(range(x.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    for other in (stats.variance_components(1 - x), stats.variance_components(x[rows][:, columns])):
        for name in ("run_sd", "run_range", "ms_between", "ms_within", "icc", "rerun_disagreement", "cochran_q"):
            assert getattr(here, name) == pytest.approx(getattr(other, name), abs=1e-12)
        assert here.interval_disagreement == other.interval_disagreement


def test_what_a_small_table_cannot_tell_is_none() -> None:
    """No prompt, one prompt, one run, and a table where nothing varies."""
    empty = stats.variance_components([])
    assert (0, None, None, None) == (empty.n_prompts, empty.rate, empty.icc, empty.cochran_q_p)
    single = stats.variance_components([[1.0]])
    assert (1.0, None, None, None) == (single.rate, single.run_sd, single.ms_within, single.rerun_disagreement)
    one_prompt = stats.variance_components([[1, 0, 1]])
    assert (None, None) == (one_prompt.ms_between, one_prompt.icc)
    assert 2 / 3 == pytest.approx(one_prompt.rerun_disagreement)
    constant = stats.variance_components(np.ones((4, 3)))
    assert (None, None, 0.0, 0.0) == (constant.icc, constant.cochran_q_p, constant.run_sd, constant.rerun_disagreement)
    assert 4 == stats.variance_components(np.full((4, 3), NAN)).n_dropped


def test_a_prompt_at_two_levels_by_hand() -> None:
    """Lost at the low level and won at the high one, by four prompts: slope 1 per unit, p = 2/16."""
    result = stats.trend_test([[0, 1]] * 4, [0, 1])
    assert (1.0, 0.125, 4) == (result.slope, result.p_value, result.n_prompts)
    assert [0, 1] == result.mean_by_level.tolist()
    assert (pytest.approx(2 * 0.025**0.25 - 1), 1.0) == result.interval


@quick
@given(tables(columns=3, rows=4), st.sampled_from([(0.5, 0.75, 1.0), (256, 512, 1024), (1, 2, 4)]))
def test_enumeration_agrees_with_the_trend(x: np.ndarray[Any, Any], levels: tuple[float, ...]) -> None:
    """Every order of every prompt's scores, one by one."""
    centred = np.array(levels) - np.mean(levels)
    rises = [[float(np.dot(order, centred)) for order in permutations(row)] for row in x.tolist()]
    observed = abs((x @ centred).sum())
    count = [abs(sum(choice)) >= observed - 1e-9 * max(levels) for choice in product(*rises)]
    result = stats.trend_test(x, levels)
    assert np.mean(count) == pytest.approx(result.p_value, rel=1e-9)
    fits = [np.polyfit(levels, row, 1)[0] for row in x]
    assert np.mean(fits) == pytest.approx(result.slope, abs=1e-9)


@quick
@given(tables(columns=3), st.randoms(use_true_random=False))
def test_a_trend_has_a_sign_and_no_order_of_prompts(x: np.ndarray[Any, Any], random: Any) -> None:
    """Mirrored scores turn the slope and its interval round and keep p; the interval contains the slope."""
    rows = list(range(len(x)))
    random.shuffle(rows)
    here, there = stats.trend_test(x, [1, 2, 4]), stats.trend_test(1 - x[rows], [1, 2, 4])
    assert (-here.slope, here.p_value) == (there.slope, there.p_value)
    assert (-here.interval[1], -here.interval[0]) == there.interval
    assert here.interval[0] - 1e-12 <= here.slope <= here.interval[1] + 1e-12


def test_drawn_orders_agree_with_counted_ones() -> None:
    """Scores off any grid fall back on random orders, seeded."""
    rng = np.random.default_rng(0)
    grid = rng.integers(0, 5, (12, 3)) / 4 * np.array([0.7, 0.85, 1.0])
    nearly = grid + rng.uniform(0, 1e-7, grid.shape) * np.array([-1, 0, 0]) * (grid > 0.1)
    levels = [0.5, 0.75, 1.0]
    graded = stats.trend_test(np.clip(nearly + 1e-7, 0, 1), levels, n_resamples=4_000)
    exact = stats.trend_test(np.round(grid * 40) / 40, levels)
    assert exact.p_value == pytest.approx(graded.p_value, abs=0.03)


def test_seven_levels_are_drawn() -> None:
    """Beyond six levels orders are drawn: a clear trend has the smallest p there is."""
    x = np.tile(np.linspace(0, 1, 7), (6, 1))
    assert 1 / 501 == pytest.approx(stats.trend_test(x, range(7), n_resamples=500).p_value)


def test_no_trend_without_levels_or_prompts() -> None:
    """One level, equal levels, no prompt or none complete: None."""
    for x, levels in (([[1, 0]], [1, 1]), ([[1], [0]], [3]), ([], [1, 2]), ([[1, NAN]], [1, 2])):
        result = stats.trend_test(x, levels)
        assert (None, None, None) == (result.slope, result.interval, result.p_value)
    assert 1.0 == stats.trend_test([[1, 1], [0, 0]], [1, 2]).p_value


def test_no_slope_is_no_evidence() -> None:
    """Two prompts that rise and two that fall as much: slope 0, and every choice of signs is as far from it, p = 1."""
    result = stats.trend_test([[0, 1], [0, 1], [1, 0], [1, 0]], [0.0, 1.0])
    assert (0.0, 1.0) == (result.slope, result.p_value)
