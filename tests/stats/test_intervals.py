"""Intervals of a mean of prompt scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from brie_bench import stats

from .examples import graded_scores, mirrored, prompt_scores, quick


def sweep(n: int, level: float = 0.95) -> float:
    return float(((1 - level) / 2) ** (1 / n))


def test_a_clean_sweep_has_the_exact_binomial_bound() -> None:
    """Thirteen of thirteen: [.025^(1/13), 1]."""
    assert (pytest.approx(0.752947361999529, abs=1e-12), 1.0) == stats.anchored_ci(np.ones(13))
    assert (0.0, pytest.approx(1 - 0.752947361999529, abs=1e-12)) == stats.anchored_ci(np.zeros(13))


@pytest.mark.parametrize(
    ("z", "low", "high"),
    [([1.0], 0.025, 1.0), ([5 / 6], 0.025 * 5 / 6, 1 - 0.025 / 6), ([0.5] * 13, 0.5 * sweep(13), 1 - 0.5 * sweep(13))],
)
def test_one_prompt_and_all_ties_have_wide_intervals(z: list[float], low: float, high: float) -> None:
    """The floor speaks where the prompts themselves say nothing about their spread."""
    assert (low, high) == pytest.approx(stats.anchored_ci(z), abs=1e-11)


@pytest.mark.parametrize("n", [1, 2, 13, 57, 805, 100_000])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_wins_and_losses_give_jeffreys_interval_with_the_floor(n: int, level: float) -> None:
    """With z in {0, 1} the anchored bootstrap is Beta(S + ½, K − S + ½)."""
    for wins in {1, n // 3, n // 2, n - 1} & set(range(n + 1)):
        z = np.repeat([1.0, 0.0], [wins, n - wins])
        low, high = stats.jeffreys_ci(wins, n, level)
        floor = sweep(n, level)
        expected = min(low, wins / n * floor), max(high, 1 - (1 - wins / n) * floor)
        assert expected == pytest.approx(stats.anchored_ci(z, level), abs=1e-10)


def gil_pelaez(z: np.ndarray, x: float) -> float:
    """P(θ* ≤ x) straight from the definition, by scipy's adaptive quadrature."""
    from scipy.integrate import quad

    values, counts = np.unique(np.concatenate((z, [0.0, 1.0])), return_counts=True)
    masses = counts - np.where((values == 0) | (values == 1), 0.5, 0.0)

    def integrand(t: float) -> float:
        d = t * (values - x)
        return float(np.sin(masses @ np.arctan(d)) * np.exp(-0.5 * (masses @ np.log1p(d * d))) / t)

    pieces = [quad(integrand, a, b, limit=400)[0] for a, b in ((1e-12, 1), (1, 10), (10, 100), (100, 1e4))]
    return 0.5 - sum(pieces) / np.pi


@pytest.mark.parametrize(
    "z",
    [
        np.repeat([1.0, 0.5, 0.0], [9, 1, 3]),
        np.repeat([1.0, 0.875, 0.75, 0.25], [18, 3, 1, 1]),
        np.linspace(0.05, 0.9, 40),
        np.repeat([0.5, 0.51], [20, 3]),
        np.array([0.999, 0.002]),
    ],
)
def test_the_bounds_are_quantiles_of_the_dirichlet_mean(z: np.ndarray) -> None:
    """At the bounds the distribution function is .025 and .975, unless the floor took over."""
    low, high = stats.anchored_ci(z)
    floor = sweep(z.size)
    if low < z.mean() * floor - 1e-9:
        assert 0.025 == pytest.approx(gil_pelaez(z, low), abs=2e-7)
    if high > 1 - (1 - z.mean()) * floor + 1e-9:
        assert 0.975 == pytest.approx(gil_pelaez(z, high), abs=2e-7)
    assert 0.025 >= gil_pelaez(z, low) - 2e-7
    assert 0.975 <= gil_pelaez(z, high) + 2e-7


@quick
@given(prompt_scores)
def test_exact_and_resampled_intervals_agree(z: list[float]) -> None:
    """Forty thousand draws come within a hundredth."""
    exact = stats.anchored_ci(z)
    resampled = stats.anchored_ci(z, method="resample", n_resamples=40_000)
    assert exact == pytest.approx(resampled, abs=0.012)


@pytest.mark.parametrize("seed", [0, 1])
def test_many_distinct_values_are_as_exact_as_few(seed: int) -> None:
    """Beyond 256 values they are grouped; bounds shift by less than 1e-9, as the same prompts taken whole show."""
    from brie_bench.stats import intervals

    z = np.random.default_rng(seed).beta(0.4, 0.3, 900)
    low, high = stats.anchored_ci(z)
    rounded = np.round(z, 12)
    values, counts = np.unique(rounded, return_counts=True)
    points, masses = intervals._with_anchors(values, counts.astype(float))
    assert low == pytest.approx(intervals._dirichlet_quantile(points, masses, 0.025), abs=1e-9)
    assert high == pytest.approx(1 - intervals._dirichlet_quantile(1 - points[::-1], masses[::-1], 0.025), abs=1e-9)


@quick
@given(graded_scores, st.sampled_from([0.5, 0.8, 0.95, 0.99]), st.sampled_from(["exact", "resample"]))
def test_exchanging_the_sides_mirrors_the_interval_exactly(z: list[float], level: float, method: str) -> None:
    """[l, h] becomes [1 − h, 1 − l], to the last bit, by either method."""
    here = stats.anchored_ci(z, level, method=method, n_resamples=500)
    there = stats.anchored_ci(1 - np.array(z), level, method=method, n_resamples=500)
    assert mirrored(here) == there
    assert mirrored(there) == here
    percentile = stats.percentile_ci(z, level, n_resamples=200)
    assert mirrored(percentile) == stats.percentile_ci(1 - np.array(z), level, n_resamples=200)


@quick
@given(graded_scores, st.randoms(use_true_random=False))
def test_the_order_of_the_prompts_does_not_matter(z: list[float], random: object) -> None:
    """Neither exact nor resampled bounds know it."""
    shuffled = list(z)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for method in ("exact", "resample"):
        assert stats.anchored_ci(z, method=method, n_resamples=200) == stats.anchored_ci(
            shuffled, method=method, n_resamples=200
        )


@quick
@given(graded_scores, st.floats(0.05, 0.99), st.floats(0.05, 0.99))
def test_it_contains_the_mean_and_widens_with_the_level(z: list[float], one: float, other: float) -> None:
    """A higher level never gives a narrower interval, and none has zero width."""
    assume(abs(one - other) > 1e-6)
    low, high = sorted((one, other))
    inner, outer = stats.anchored_ci(z, low), stats.anchored_ci(z, high)
    mean = np.mean(z)
    assert 0 <= outer[0] <= inner[0] <= mean + 1e-12
    assert mean - 1e-12 <= inner[1] <= outer[1] <= 1
    assert inner[0] < inner[1]


@quick
@given(prompt_scores)
def test_more_of_the_same_prompts_narrow_it(z: list[float]) -> None:
    """Four times the prompts, the same mean: a narrower interval."""
    few, many = stats.anchored_ci(z), stats.anchored_ci(z * 4)
    assert many[1] - many[0] < few[1] - few[0]


def test_a_prompt_without_a_score_is_dropped() -> None:
    """NaN is no evidence; nothing but NaN is no interval."""
    assert stats.anchored_ci([1, 0, 1]) == stats.anchored_ci([1, float("nan"), 0, 1])
    for empty in ([], [float("nan")] * 3):
        assert stats.anchored_ci(empty) is None
        assert stats.percentile_ci(empty) is None


def test_the_percentile_interval_is_that_of_scipy() -> None:
    """On 12 of 20 both find the same step of the lattice."""
    from scipy.stats import bootstrap

    z = np.repeat([1.0, 0.5, 0.0], [12, 3, 5])
    theirs = bootstrap((z,), np.mean, method="percentile", n_resamples=9_999, rng=0).confidence_interval
    assert tuple(theirs) == pytest.approx(stats.percentile_ci(z), abs=1 / 40)


def test_the_percentile_interval_of_a_sweep_has_no_width() -> None:
    """Which is why it is offered for comparison only."""
    assert (1.0, 1.0) == stats.percentile_ci(np.ones(13))


@pytest.mark.parametrize("n", [3, 57])
def test_another_seed_moves_resampled_bounds_and_leaves_exact_ones(n: int) -> None:
    """Only a random method may depend on the seed; the same seed gives the same bounds."""
    z = np.linspace(0, 1, n)
    assert stats.anchored_ci(z, seed=0) == stats.anchored_ci(z, seed=1)
    bounds = [stats.anchored_ci(z, method="resample", n_resamples=100, seed=seed) for seed in (0, 0, 1)]
    assert bounds[0] == bounds[1]
    assert bounds[0] != bounds[2]


def test_global_random_state_is_left_alone() -> None:
    """Resampling neither reads nor moves numpy's global generator."""
    np.random.seed(5)
    before = np.random.get_state()[1].tolist()
    stats.anchored_ci([0.1, 0.9], method="resample", n_resamples=10)
    stats.percentile_ci([0.1, 0.9], n_resamples=10)
    assert before == np.random.get_state()[1].tolist()


def test_draws_do_not_depend_on_the_size_of_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by drawing in blocks, which changes no number; all the draws asked for are made."""
    from brie_bench.stats import intervals, resampling, significance, trend

    z = np.linspace(0, 1, 23)
    rows, prompt = np.arange(40), np.arange(40) // 2
    score, shown = np.resize([1.0, 0.5, 0.0, 1.0, 1.0], 40), rows % 2

    def drawn() -> list[object]:
        return [
            stats.anchored_ci(z, method="resample", n_resamples=50),
            stats.percentile_ci(z, n_resamples=50),
            stats.sign_flip_p(z - 0.4, method="resample", n_resamples=50),
            stats.position_bias(prompt, score, shown, n_resamples=50).interval_bias,
            stats.trend_test(np.column_stack([z] * 3 + [z[::-1]] * 4), range(7), n_resamples=50).p_value,
        ]

    whole = drawn()
    for module in (intervals, resampling, significance, trend):
        monkeypatch.setattr(module, "_CHUNK", 100)
    assert whole == drawn()
    assert (50, 2) == resampling.weighted_sums(np.ones((3, 2)), np.ones(3), 50, 0).shape
