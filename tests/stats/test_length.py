"""The win rate at equal length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brie_bench import stats

from .examples import quick

NAN = float("nan")


def sample(n: int, pull: float, seed: int = 0) -> tuple[np.ndarray[Any, Any], ...]:
    """Scores that follow the difference in length as strongly as `pull`."""
    rng = np.random.default_rng(seed)
    contender, baseline = rng.integers(300, 3000, n), rng.integers(300, 3000, n)
    delta = contender - baseline
    chance = 1 / (1 + np.exp(-(0.3 + pull * np.tanh(delta / delta.std(ddof=1)))))
    return rng.choice([0.0, 1.0], n) * 0 + (rng.random(n) < chance), contender, baseline


@pytest.mark.parametrize("weighted", [False, True])
def test_an_optimiser_agrees(weighted: bool) -> None:
    """The maximum of ℓ + ½ log|I| − ½c² by scipy, each prompt weighing one."""
    from scipy.optimize import minimize

    score, contender, baseline = sample(80, 1.0)
    prompt = np.arange(80) // 3 if weighted else np.arange(80)
    weights = 1 / np.bincount(prompt)[prompt]
    delta = contender - baseline
    mean = weights @ delta / weights.sum()
    spread = np.sqrt(weights @ (delta - mean) ** 2 / (weights.sum() - 1))
    design = np.column_stack((np.ones(80), np.tanh(delta / spread)))

    def loss(beta: np.ndarray[Any, Any]) -> float:
        eta = design @ beta
        mu = 1 / (1 + np.exp(-eta))
        information = design.T @ ((weights * mu * (1 - mu))[:, None] * design)
        likelihood = weights @ (score * eta - np.logaddexp(0, eta))
        return float(-likelihood - 0.5 * np.linalg.slogdet(information)[1] + 0.5 * beta[1] ** 2)

    found = minimize(loss, np.zeros(2), tol=1e-10).x
    result = stats.length_controlled(score, contender, baseline, prompt if weighted else None)
    assert result.identified
    assert 1 / (1 + np.exp(-found[0])) == pytest.approx(result.controlled, abs=1e-6)
    assert found[1] == pytest.approx(result.coefficient, abs=1e-5)


def test_a_preference_for_length_is_taken_out() -> None:
    """Judges that only look at length, and a contender that writes more: from far above ½ to near it."""
    rng = np.random.default_rng(1)
    baseline = rng.integers(1000, 2500, 400)
    contender = baseline + rng.integers(-600, 1500, 400)
    delta = contender - baseline
    score = (rng.random(400) < 1 / (1 + np.exp(-3 * np.tanh(delta / delta.std(ddof=1))))).astype(float)
    result = stats.length_controlled(score, contender, baseline)
    assert result.raw > 0.6
    assert 0.5 == pytest.approx(result.controlled, abs=0.1)
    assert result.length_ratio > 1.2


def test_ratio_and_close_rate_by_hand() -> None:
    """Lengths 100 and 95 are within a tenth of the longer, 100 and 80 are not; 300 characters stand against 275."""
    result = stats.length_controlled([1, 0, 0.5], [100, 100, 100], [95, 80, 100])
    assert 300 / 275 == pytest.approx(result.length_ratio)
    assert (0.75, 2, 3) == (result.close_rate, result.n_close, result.n)
    assert 0.5 == result.raw


@pytest.mark.parametrize(
    ("score", "contender", "baseline", "why"),
    [
        ([1.0] * 9 + [0.0] * 20, np.arange(29), np.full(29, 14), "9 wins: fewer than 10"),
        ([0.0] * 9 + [1.0] * 20, np.arange(29), np.full(29, 14), "9 losses: fewer than 10"),
        ([1.0, 0.0] * 15, np.full(30, 50), np.full(30, 40), "does not vary"),
        ([1.0, 0.0] * 15, 1000 + np.arange(30), np.zeros(30), "standard deviations"),
        ([], [], [], "no score"),
        ([NAN], [3], [4], "no score"),
    ],
)
def test_what_cannot_be_known_is_none_with_the_reason(score: Any, contender: Any, baseline: Any, why: str) -> None:
    """Too few wins or losses, lengths that do not vary, or equal length far from all that was seen."""
    result = stats.length_controlled(score, contender, baseline)
    assert (None, None, False) == (result.controlled, result.coefficient, result.identified)
    assert why in result.reason


def test_ten_wins_and_ten_losses_are_counted_in_prompts() -> None:
    """Twenty rows of two prompts are two units."""
    score, contender, baseline = [1.0, 0.0] * 10, np.arange(20), np.full(20, 10)
    assert stats.length_controlled(score, contender, baseline).identified
    assert not stats.length_controlled(score, contender, baseline, [0, 1] * 10).identified


@quick
@given(st.integers(0, 10_000), st.integers(25, 60), st.floats(-2, 2))
def test_exchanging_the_sides_mirrors_it_exactly(seed: int, n: int, pull: float) -> None:
    """Rates become their complements, the coefficient stays."""
    score, contender, baseline = sample(n, pull, seed)
    here = stats.length_controlled(score, contender, baseline)
    there = stats.length_controlled(1.0 - score, baseline, contender)
    assert 1 - here.raw == there.raw
    assert here.coefficient == there.coefficient
    assert here.identified == there.identified
    if here.identified:
        assert 1 - here.controlled == there.controlled


def test_separated_scores_have_a_finite_answer() -> None:
    """The longer always wins: plain logistic regression runs away, the penalised one does not."""
    contender, baseline = np.arange(40) * 10, np.full(40, 195)
    result = stats.length_controlled((contender > baseline).astype(float), contender, baseline)
    assert 0.5 == pytest.approx(result.controlled, abs=1e-6)
    assert 0 < result.coefficient < 10


@pytest.mark.parametrize("n", [490, 500, 700, 1_100])
def test_a_rate_lies_between_0_and_1_to_the_last_bit(n: int) -> None:
    """All lost, by prompts whose weights do not sum to a whole number: none of it is below 0, nor above 1 when all is won."""
    prompt, length = np.arange(20_000) % n, np.full(20_000, 9.0)
    lost = stats.length_controlled(np.zeros(20_000), length, length, prompt=prompt)
    won = stats.length_controlled(np.ones(20_000), length, length, prompt=prompt)
    for rate, expected in ((lost.raw, 0), (lost.close_rate, 0), (won.raw, 1), (won.close_rate, 1)):
        assert rate is not None
        assert 0 <= rate <= 1
        assert pytest.approx(expected, abs=1e-9) == rate
