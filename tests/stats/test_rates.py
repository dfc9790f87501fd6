"""From rows to the win rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brie_bench import stats

from .examples import Rows, judgments, quick

NAN = float("nan")

# Two judges, three prompts. Prompt a: pair 1 is judged twice by ann (1, 0) and once by bob (1), pair 2 by ann alone (0).
# Prompt b: one pair, ann ½, bob failed. Prompt c: bob alone, a loss.
SMALL = Rows(
    prompt=np.array(["a", "a", "a", "a", "b", "b", "c"]),
    pair=np.array(["a1", "a1", "a1", "a2", "b1", "b1", "c1"]),
    judge=np.array(["ann", "ann", "bob", "ann", "ann", "bob", "bob"]),
    score=np.array([1.0, 0.0, 1.0, 0.0, 0.5, NAN, 0.0]),
)


def rate(rows: Rows, weight: str = "prompt") -> stats.WinRate:
    return stats.win_rate(rows.prompt, rows.pair, rows.judge, rows.score, weight)


def test_rows_average_to_judges_judges_to_pairs_and_pairs_to_prompts() -> None:
    """Pair a1 is (½ + 1)/2 = ¾, pair a2 is 0: prompt a is ⅜."""
    means = stats.prompt_means(SMALL.prompt, SMALL.pair, SMALL.judge, SMALL.score)
    assert ["a", "b", "c"] == means.prompts.tolist()
    assert [0.375, 0.5, 0.0] == means.z.tolist()
    assert [4, 1, 1] == means.n_rows.tolist()


@pytest.mark.parametrize(
    ("weight", "estimate", "units"),
    [
        ("prompt", 7 / 24, [0.375, 0.5, 0]),
        ("pair", 1.25 / 4, [0.75, 0, 0.5, 0]),
        ("row", 2.5 / 6, [1, 0, 1, 0, 0.5, 0]),
    ],
)
def test_the_weight_says_what_counts_once(weight: str, estimate: float, units: list[float]) -> None:
    """The standard error is that of the mean over the same units."""
    result = rate(SMALL, weight)
    assert estimate == pytest.approx(result.estimate, abs=1e-15)
    assert np.std(units, ddof=1) / np.sqrt(len(units)) == pytest.approx(result.standard_error, abs=1e-15)


def test_everything_is_counted() -> None:
    """Failures are counted and drop out of every denominator."""
    result = rate(SMALL)
    assert (6, 4, 3) == (result.n_rows, result.n_pairs, result.n_prompts)
    assert (2, 1, 3, 1) == (result.wins, result.ties, result.losses, result.missing)
    assert result.decisive_rate == pytest.approx(0.4)


def test_a_pair_label_belongs_to_its_prompt() -> None:
    """Pairs numbered within prompts are as good as pairs numbered throughout."""
    score = [1, 1, 0, 0]
    throughout = stats.win_rate([0, 0, 1, 1], [0, 1, 2, 3], None, score)
    within = stats.win_rate([0, 0, 1, 1], [0, 1, 0, 1], None, score)
    assert throughout == within
    assert 4 == within.n_pairs


@pytest.mark.parametrize("labels", [[7, 7, 9, 9], [10**12, 10**12, -5, -5], ["x", "x", "a", "a"], [0.5, 0.5, 2.5, 2.5]])
def test_labels_are_whole_numbers_or_strings_of_any_kind(labels: list[object]) -> None:
    """Large gaps, negative numbers and text name prompts equally well."""
    assert 0.75 == stats.win_rate(labels, [1, 2, 3, 4], ["j"] * 4, [1, 0, 1, 1]).estimate


def test_nothing_gives_none() -> None:
    """No row, or failures only: no estimate, and no number in its place."""
    for score in ([], [NAN, NAN]):
        labels = [0] * len(score)
        result = stats.win_rate(labels, labels, labels, score)
        assert (None, None, None) == (result.estimate, result.decisive_rate, result.standard_error)
        assert (0, 0, 0, len(score)) == (result.n_rows, result.n_pairs, result.n_prompts, result.missing)
        assert 0 == stats.prompt_means(labels, labels, None, score).z.size


def test_a_single_prompt_has_no_standard_error_and_ties_no_decisive_rate() -> None:
    """One unit has no spread; without a decision there is nothing to take a rate of."""
    assert stats.win_rate([0], [0], None, [1.0]).standard_error is None
    assert stats.win_rate([0, 1], [0, 1], None, [0.5, 0.5]).decisive_rate is None


def test_graded_scores_count_by_the_side_of_a_half_they_lie_on() -> None:
    """A preference of .51 is a win, one of .5 a tie."""
    result = stats.win_rate([0, 1, 2], [0, 1, 2], None, [0.51, 0.5, 0.1])
    assert (1, 1, 1) == (result.wins, result.ties, result.losses)


@quick
@given(judgments(failures=True), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: Rows, random: object) -> None:
    """Shuffled rows give the same numbers, to the last bit."""
    order = np.arange(rows.score.size)
    random.shuffle(order)  # type: ignore[attr-defined]
    for weight in ("prompt", "pair"):
        assert rate(rows, weight) == rate(rows.taken(order), weight)


@quick
@given(judgments(), st.integers(2, 4))
def test_duplicated_rows_cannot_move_the_rate(rows: Rows, times: int) -> None:
    """Each row several times over is the same evidence: estimate and prompt means stay."""
    again = rows.taken(np.repeat(np.arange(rows.score.size), times))
    assert rate(rows).estimate == rate(again).estimate
    assert rate(rows).standard_error == rate(again).standard_error
    before, after = (stats.prompt_means(r.prompt, r.pair, r.judge, r.score).z.tolist() for r in (rows, again))
    assert before == after


@quick
@given(judgments(failures=True), st.sampled_from(["prompt", "pair", "row"]))
def test_exchanging_the_sides_mirrors_the_rate_exactly(rows: Rows, weight: str) -> None:
    """e becomes 1 − e, wins and losses change places, and the standard error stays."""
    here, there = rate(rows, weight), rate(Rows(rows.prompt, rows.pair, rows.judge, 1 - rows.score), weight)
    assert (here.wins, here.losses, here.ties) == (there.losses, there.wins, there.ties)
    assert here.standard_error == there.standard_error
    for mine, yours in ((here.estimate, there.estimate), (here.decisive_rate, there.decisive_rate)):
        assert yours == (None if mine is None else 1 - mine)


@quick
@given(judgments(failures=True))
def test_pandas_agrees(rows: Rows) -> None:
    """The same nested means by a library for tables."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"k": rows.prompt, "i": rows.pair, "j": rows.judge, "y": rows.score}).dropna()
    if frame.empty:
        return
    pairs = frame.groupby(["k", "i", "j"]).y.mean().groupby(level=[0, 1]).mean()
    prompts = pairs.groupby(level=0).mean()
    means = stats.prompt_means(rows.prompt, rows.pair, rows.judge, rows.score)
    assert prompts.to_numpy() == pytest.approx(means.z, abs=1e-15)
    assert prompts.index.tolist() == means.prompts.tolist()
    assert frame.groupby("k").size().tolist() == means.n_rows.tolist()
    assert pairs.mean() == pytest.approx(rate(rows, "pair").estimate, abs=1e-15)
    assert frame.y.mean() == pytest.approx(rate(rows, "row").estimate, abs=1e-15)


def test_a_million_identical_rows_are_one_prompt() -> None:
    """Size alone is no evidence."""
    n = 1_000_000
    result = stats.win_rate(np.zeros(n, int), np.zeros(n, int), np.zeros(n, int), np.ones(n))
    assert (1.0, 1, n) == (result.estimate, result.n_prompts, result.n_rows)
    assert result.standard_error is None


def test_a_crowd_of_judges_who_each_saw_one_pair_weigh_as_a_few_do() -> None:
    """Four hundred judges on three hundred pairs: rows average to judges, judges to pairs, however thin the table."""
    pair = np.repeat(np.arange(300), 3)
    judge = np.column_stack((np.arange(300), np.arange(300), 300 + np.arange(300) % 100)).ravel()
    score = np.tile([1.0, 0.0, 1.0], 300)  # one judge in two minds, another who is not
    result = stats.win_rate(pair % 50, pair, judge, score)
    assert (0.75, 50, 300) == (result.estimate, result.n_prompts, result.n_pairs)
    first, few = pair < 3, np.tile([0, 0, 1], 3)
    assert 0.75 == stats.win_rate(pair[first], pair[first], few, score[first]).estimate
