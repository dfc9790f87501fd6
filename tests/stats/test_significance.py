"""Sign flips, families of tests, and two contenders on the same prompts."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brie_bench import stats
from brie_bench.stats.inversion import flip_tail
from brie_bench.stats.lattice import subset_tail

from .examples import graded_scores, prompt_scores, quick

# Darwin's fifteen pairs of maize plants, crossed less self-fertilised, in eighths of an inch (Fisher 1935)
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def enumerated(d: np.ndarray) -> float:
    """All 2^K choices of signs, one by one."""
    signs = np.array(list(product((-1, 1), repeat=d.size)))
    return float(np.mean(np.abs(signs @ d) >= abs(d.sum()) - 1e-9))


def test_fishers_test_of_darwins_maize() -> None:
    """863 of the 32 768 choices of signs give a sum as large: 5.267 % for both sides."""
    assert 2 * 863 / 2**15 == pytest.approx(stats.sign_flip_p(DARWIN), rel=1e-12)


@pytest.mark.parametrize(
    ("d", "p"),
    [
        ([0.5], 1.0),
        ([0.5] * 13, 2 / 2**13),
        ([0.5] * 10 + [-0.5] * 3, 0.09228515625),
        ([0.5, 0.25], 0.5),
        ([0.5, 0.5, -0.25], 0.5),
        ([0.5, -0.5], 1.0),
        ([0.0] * 13, 1.0),
    ],
)
def test_sign_flips_by_hand(d: list[float], p: float) -> None:
    """A lead of ¾ comes up in two of eight ways of signing (½, ½, −¼), and so does a larger one."""
    assert p == pytest.approx(stats.sign_flip_p(d), rel=1e-12)


@quick
@given(st.lists(st.integers(-12, 12).map(lambda k: k / 24), min_size=1, max_size=11))
def test_enumeration_agrees_on_grids(d: list[float]) -> None:
    """Means of win, tie and loss lie on a grid, where the test is exact."""
    assert enumerated(np.array(d)) == pytest.approx(stats.sign_flip_p(d), rel=1e-11)


@quick
@given(st.lists(st.floats(-0.5, 0.5).map(lambda x: round(x, 7)), min_size=1, max_size=10))
def test_enumeration_agrees_off_grids(d: list[float]) -> None:
    """Graded scores, on no grid at all, are compared choice by choice as well."""
    assert enumerated(np.array(d)) == pytest.approx(stats.sign_flip_p(d), rel=1e-12)


def test_scipys_permutation_test_agrees() -> None:
    """The same p-value by permuting samples of size one."""
    from scipy.stats import permutation_test

    d = np.array([0.5, 0.25, -0.125, 0.5, 0.375, -0.25, 0.5, 0.125, 0.0, 0.25])
    theirs = permutation_test(
        (d,), lambda x, axis: x.sum(axis=axis), permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert theirs.pvalue == pytest.approx(stats.sign_flip_p(d), rel=1e-9)


@pytest.mark.parametrize("k", [30, 120, 400, 1000])
@pytest.mark.parametrize("steps", [1, 4, 12])
def test_the_inverted_transform_agrees_with_dynamic_programming(k: int, steps: int) -> None:
    """Two exact routes to the same tail, far into it."""
    rng = np.random.default_rng(k + steps)
    for lead in (0.02, 0.1, 0.3):
        d = np.rint(np.clip(rng.uniform(-1, 1, k) + lead, -1, 1) * steps).astype(int)
        d = d[d != 0]
        sizes, counts = np.unique(np.abs(d), return_counts=True)
        total, unit = abs(int(d.sum())), int(np.gcd.reduce(sizes))
        if total == 0:
            continue
        expected = subset_tail(np.abs(d) // unit, (int(np.abs(d).sum()) - total) // (2 * unit))
        if expected > 1e-25:
            assert expected == pytest.approx(
                flip_tail(sizes.astype(float), counts.astype(float), float(total), 2.0 * unit), rel=1e-9
            )


@pytest.mark.parametrize("k", [60, 150, 1200])
def test_exact_and_resampled_p_values_agree(k: int) -> None:
    """A hundred thousand flips come within their own error, on a grid and off it."""
    rng = np.random.default_rng(k)
    graded = rng.uniform(-0.5, 0.5, k)
    graded += 2.0 * graded.std() / np.sqrt(k) - graded.mean()
    for d in (graded, np.round(graded * 8) / 8):
        exact, resampled = stats.sign_flip_p(d), stats.sign_flip_p(d, method="resample", n_resamples=40_000)
        assert exact == pytest.approx(resampled, abs=5 * np.sqrt(exact / 40_000))


def test_a_drawn_p_value_counts_the_sample_itself() -> None:
    """Sixty prompts all won: no draw reaches it, and p is 1/(1 + B)."""
    assert 1 / 201 == stats.sign_flip_p([0.5] * 60, method="resample", n_resamples=200)
    assert 1.0 == stats.sign_flip_p([0.5], method="resample", n_resamples=200)


def test_a_far_tail_stays_above_zero() -> None:
    """A thousand prompts all won are 2·2⁻¹⁰⁰⁰, and a graded landslide no less certain."""
    assert 2.0**-999 == pytest.approx(stats.sign_flip_p(np.full(1000, 0.5)), rel=1e-9)
    graded = np.random.default_rng(0).uniform(0.2, 0.5, 1000)
    graded[0] = -0.3
    assert 0 < stats.sign_flip_p(graded) < 1e-30
    assert 0 < stats.sign_flip_p(np.full(5000, 0.5)) < 1e-300
    assert 0 < stats.sign_flip_p(np.random.default_rng(0).uniform(0.2, 0.5, 5000) - 0.01) < 1e-300
    assert 0 < stats.sign_test(3000, 1) < 1e-300


@quick
@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_neither_the_side_nor_the_order_matters(d: list[float], random: object) -> None:
    """The same p for −d and for d in any order, to the last bit; zeros and failures drop out."""
    p = stats.sign_flip_p(d)
    assert 0 < p <= 1
    shuffled = list(d)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert p == stats.sign_flip_p([-x for x in d]) == stats.sign_flip_p(shuffled)
    assert p == stats.sign_flip_p([*d, 0.0, float("nan")])


def test_no_prompt_no_p_value() -> None:
    """Nothing to test is None, not 1."""
    assert stats.sign_flip_p([]) is None
    assert stats.sign_flip_p([float("nan")]) is None


def test_holm_by_hand() -> None:
    """.01·4, then .02·3, .03·2 held at .06, and .2 alone."""
    assert [0.06, 0.04, 0.2, 0.06] == pytest.approx(stats.holm([0.03, 0.01, 0.2, 0.02]).tolist())
    assert [] == stats.holm([]).tolist()


@quick
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_statsmodels_agrees_with_holm(p: list[float]) -> None:
    """Adjusted values in the order given, never below the raw ones."""
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    adjusted = stats.holm(p)
    assert multitest.multipletests(p, method="holm")[1] == pytest.approx(adjusted, abs=1e-12)
    assert (adjusted >= np.array(p)).all()


def test_a_paired_difference_by_hand() -> None:
    """Four shared prompts, of which three differ by ½ the same way; one prompt lacks a contender."""
    result = stats.paired_difference(
        [1, 1, 0.5, 0, float("nan"), 0.5, 1], [0.5, 0.5, 0, 0, 1, float("nan"), float("nan")]
    )
    assert 0.375 == result.difference
    assert (4, 3) == (result.n_common, result.n_dropped)
    assert 0.25 == result.p_value
    low, high = stats.anchored_ci([0.75, 0.75, 0.75, 0.5])
    assert (2 * low - 1, 2 * high - 1) == result.interval


@quick
@given(st.data())
def test_exchanging_two_contenders_changes_the_signs(data: st.DataObject) -> None:
    """Difference and interval change sign, p stays; the interval contains the difference."""
    a = data.draw(prompt_scores)
    b = data.draw(st.lists(st.sampled_from([0, 0.25, 1 / 3, 1]), min_size=len(a), max_size=len(a)))
    here, there = stats.paired_difference(a, b), stats.paired_difference(b, a)
    assert -here.difference == there.difference
    assert (-here.interval[1], -here.interval[0]) == there.interval
    assert here.p_value == there.p_value
    assert here.interval[0] <= here.difference <= here.interval[1]


@quick
@given(graded_scores)
def test_a_contender_does_not_differ_from_itself(z: list[float]) -> None:
    """The difference is 0 and p is 1."""
    result = stats.paired_difference(z, z)
    assert (0.0, 1.0) == (result.difference, result.p_value)


def test_no_shared_prompt_no_difference() -> None:
    """Each contender has prompts, but not the same."""
    result = stats.paired_difference([1, float("nan")], [float("nan"), 1])
    assert (None, None, None, 0, 2) == (
        result.difference,
        result.interval,
        result.p_value,
        result.n_common,
        result.n_dropped,
    )
