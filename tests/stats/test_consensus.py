"""Majority, Dawid and Skene's model, and a judge that is asked twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brie_bench import stats

from .examples import quick

NAN = float("nan")


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ([1, 1, 0], 1.0), ([1, 0.5, 0], NAN), ([0.5, 0.5, 1], 0.5), ([0, 0, 1], 0.0), ([1, 0], NAN), ([1, 1, 0, 0], NAN),
        ([1, NAN, NAN], 1.0), ([NAN, NAN], NAN), ([0.7, 0.9, 0.1], 1.0),
    ],
)  # fmt: skip
def test_a_majority_is_more_than_half_of_those_who_speak(row: list[float], verdict: float) -> None:
    """Two of three, but not two of four, and not the largest of three minorities."""
    assert [verdict] == pytest.approx(stats.majority([row]).tolist(), nan_ok=True)


def test_three_judges_that_never_differ_are_believed() -> None:
    """Sixty wins and forty losses, one pseudo-count a cell: prevalence 61/102, sensitivity 61/62, specificity 41/42."""
    labels = np.repeat([[1.0] * 3, [0.0] * 3], [60, 40], axis=0)
    result = stats.dawid_skene(labels)
    assert 61 / 102 == pytest.approx(result.prevalence, abs=1e-4)
    assert [61 / 62] * 3 == pytest.approx(result.sensitivity.tolist(), abs=1e-4)
    assert [41 / 42] * 3 == pytest.approx(result.specificity.tolist(), abs=1e-4)
    assert [1] * 60 + [0] * 40 == np.round(result.posterior).tolist()


def test_an_optimiser_agrees_with_dawid_and_skene() -> None:
    """The mode of the penalised likelihood, the true verdicts summed out, by scipy."""
    from scipy.optimize import minimize
    from scipy.special import expit, log_expit, logsumexp

    rng = np.random.default_rng(2)
    truth = rng.random(120) < 0.7
    labels = np.where(rng.random((120, 3)) < [0.9, 0.8, 0.7], truth[:, None], ~truth[:, None]).astype(float)
    labels[rng.random((120, 3)) < 0.1] = NAN

    def loss(free: np.ndarray[Any, Any]) -> float:
        says, misses = log_expit(free), log_expit(-free)
        one, zero = labels == 1, labels == 0
        as_win = says[0] + one @ says[1:4] + zero @ misses[1:4]
        as_loss = misses[0] + zero @ says[4:7] + one @ misses[4:7]
        return float(-logsumexp([as_win, as_loss], axis=0).sum() - says.sum() - misses.sum())

    found = expit(minimize(loss, np.full(7, 0.5), method="BFGS").x)
    result = stats.dawid_skene(labels)
    assert found[0] == pytest.approx(result.prevalence, abs=1e-4)
    assert found[1:4] == pytest.approx(result.sensitivity, abs=1e-4)
    assert found[4:7] == pytest.approx(result.specificity, abs=1e-4)


def test_a_judge_that_errs_is_found_out() -> None:
    """Of three judges the one that answers at random gets the lowest rates."""
    rng = np.random.default_rng(0)
    truth = rng.random(400) < 0.5
    labels = np.where(rng.random((400, 3)) < [0.95, 0.9, 0.5], truth[:, None], ~truth[:, None])
    result = stats.dawid_skene(labels.astype(float))
    assert [0.95, 0.9, 0.5] == pytest.approx(result.sensitivity.tolist(), abs=0.09)
    assert truth.mean() == pytest.approx(result.prevalence, abs=0.05)


def test_exchanging_the_sides_exchanges_sensitivity_and_specificity() -> None:
    """And the prevalence and posterior become their complements."""
    labels = np.random.default_rng(1).choice([0.0, 1.0, NAN], size=(40, 4))
    here, there = stats.dawid_skene(labels), stats.dawid_skene(1 - labels)
    assert here.sensitivity == pytest.approx(there.specificity, abs=1e-9)
    assert here.posterior == pytest.approx(1 - there.posterior, abs=1e-9)
    assert here.prevalence == pytest.approx(1 - there.prevalence, abs=1e-9)


def test_nothing_is_known_without_labels() -> None:
    """No rate, and a posterior of one half for every row."""
    result = stats.dawid_skene(np.full((3, 2), NAN))
    assert (None, None, None) == (result.prevalence, result.sensitivity, result.specificity)
    assert [0.5] * 3 == result.posterior.tolist()


def test_a_judge_asked_twice() -> None:
    """Of five pairs four are repeated; of two in the same order both, of two swapped one; one order is unknown."""
    score = [[1, 1], [0, 0], [1, 0], [0.5, 0.5], [1, 1], [1, NAN]]
    first = [[1, 1], [0, 0], [1, 0], [0, 1], [NAN, 1], [1, 1]]
    result = stats.test_retest(score, first)
    assert (5, 0.8) == (result.n, result.agreement)
    assert (2, 1.0, 2, 0.5) == (result.n_same, result.same_order, result.n_swapped, result.swapped_order)
    assert stats.anchored_ci([1, 1, 0, 1, 1]) == result.interval


def test_the_retest_averages_to_prompts() -> None:
    """Three kept pairs of one prompt and a changed one of another: one half."""
    result = stats.test_retest([[1, 1]] * 3 + [[1, 0]], [[1, 1]] * 4, ["a", "a", "a", "b"])
    assert (4, 0.5, 0.5) == (result.n, result.agreement, result.same_order)
    assert stats.anchored_ci([1.0, 0.0]) == result.interval


@quick
@given(st.lists(st.tuples(*[st.sampled_from([0.0, 0.5, 1.0, NAN])] * 2, *[st.booleans()] * 2), max_size=20))
def test_a_retest_has_no_sides(rows: list[tuple[float, float, bool, bool]]) -> None:
    """Exchanging contender and baseline changes neither verdicts that repeat nor orders that do."""
    score = np.array([row[:2] for row in rows]).reshape(-1, 2)
    first = np.array([row[2:] for row in rows], dtype=float).reshape(-1, 2)
    assert stats.test_retest(score, first) == stats.test_retest(1 - score, 1 - first)


def test_nothing_asked_twice() -> None:
    """No pair, or none with two verdicts: all None."""
    for score in (np.zeros((0, 2)), [], [[1, NAN]]):
        result = stats.test_retest(score, np.ones(np.shape(score)))
        assert (0, None, None, None, None) == (
            result.n, result.agreement, result.interval, result.same_order, result.swapped_order,
        )  # fmt: skip
