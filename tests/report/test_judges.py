"""What the records say of the judges: with each other, with themselves, with the order, with length, with their lab."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import stats
from brie_bench.report.judges.bench import FEWEST_RESAMPLES, N_RESAMPLES, draws_for
from brie_bench.report.leaderboard import make_leaderboard
from brie_bench.report.table import Player
from brie_bench.spec.leaderboard import Leaderboard

from .tables import FAILED, LOSS, NAN, TIE, WIN, Row, both_orders, only, rows_of, standing, table_of


def board(rows: list[Row], **more: Any) -> Leaderboard:
    return make_leaderboard([table_of(rows, **more)])


def judged(**scores: list[float]) -> list[Row]:
    """Each judge's scores of the same pairs."""
    return [row for judge, given in scores.items() for row in rows_of(given, judge=judge)]


# agreement


def test_agreement_beside_chance() -> None:
    """Nine and nine wins of ten, eight of them shared: 80 %, where chance alone gives 82 %."""
    row = only(board(judged(ann=[WIN] * 9 + [LOSS], bob=[WIN] * 8 + [LOSS, WIN])).agreement)
    assert ("tiny", "tuned", "base", ("ann", "bob")) == (row.suite, row.contender, row.baseline, row.judges)
    assert (10, 10) == (row.n_pairs, row.n_prompts)
    assert pytest.approx((0.8, 0.82)) == (row.agreement, row.expected)
    assert pytest.approx((0.8 - 0.82) / 0.18) == row.kappa
    assert pytest.approx((0.8 - 0.09) / 0.91) == row.ac1
    assert row.reason is None


def test_kappa_is_undefined_where_chance_alone_agrees_always() -> None:
    """Two judges who always prefer the contender: 100 % of 100 %, and no κ."""
    row = only(board(judged(ann=[WIN] * 5, bob=[WIN] * 5)).agreement)
    assert (1.0, 1.0, None, None, 1.0) == (row.agreement, row.expected, row.kappa, row.kappa_interval, row.ac1)
    assert "both gave one verdict throughout: chance alone would agree always" == row.reason


def test_a_constant_judge_has_kappa_zero() -> None:
    """It agrees as often as chance does: 75 %."""
    row = only(board(judged(ann=[WIN] * 4, bob=[WIN, WIN, WIN, LOSS])).agreement)
    assert (0.75, 0.75, 0.0) == (row.agreement, row.expected, row.kappa)


def test_ties_are_a_verdict_of_their_own() -> None:
    """A tie agrees with a tie and with nothing else."""
    row = only(board(judged(ann=[WIN, TIE, TIE, LOSS], bob=[TIE, TIE, LOSS, LOSS])).agreement)
    assert 0.5 == row.agreement


def test_one_judge_has_nobody_to_agree_with() -> None:
    """No row, and the panel's says why."""
    found = board(rows_of([WIN, LOSS]))
    panel = only(found.panel_agreement)
    assert () == found.agreement
    assert (None, None, None, None, 0) == (panel.alpha, panel.fleiss_kappa, panel.ac1, panel.unanimous, panel.n_pairs)
    assert "one judge: agreement needs two" == panel.reason


def test_judges_of_different_pairs_have_nothing_to_agree_on() -> None:
    """None and a reason, for the two and for the panel."""
    found = board([Row("p", WIN, "ann"), Row("q", WIN, "bob")])
    row, panel = only(found.agreement), only(found.panel_agreement)
    assert (None, None, 0, "no pair was judged by both") == (row.agreement, row.kappa, row.n_pairs, row.reason)
    assert (None, "no pair was judged by two judges") == (panel.unanimous, panel.reason)


def test_a_failure_is_no_disagreement() -> None:
    """A pair on which one judge failed is not shared."""
    row = only(board(judged(ann=[WIN, LOSS, WIN], bob=[WIN, FAILED, WIN])).agreement)
    assert (1.0, 2) == (row.agreement, row.n_pairs)


def test_every_two_judges_have_a_row_and_the_panel_one() -> None:
    """Three judges: three rows; all concur on one of four pairs."""
    found = board(judged(ann=[WIN, WIN, WIN, LOSS], bob=[WIN, WIN, LOSS, WIN], eve=[WIN, LOSS, WIN, WIN]))
    assert [("ann", "bob"), ("ann", "eve"), ("bob", "eve")] == [row.judges for row in found.agreement]
    assert [0.5, 0.5, 0.5] == [row.agreement for row in found.agreement]
    panel = only(found.panel_agreement)
    assert (0.25, 4) == (panel.unanimous, panel.n_pairs)
    # of 12 ratings 9 are wins: α = 1 − 11·(3 pairs of 2 + …): by the coincidence matrix, Do = 6/12, De = 54/132
    assert pytest.approx(1 - (6 / 12) / (54 / 132)) == panel.alpha


def test_agreement_is_within_the_same_order() -> None:
    """Two judges who always take the first agree entirely in either order; across orders they would half the time."""
    rows = [row for judge in ("ann", "bob") for row in both_orders([(WIN, LOSS)] * 4, judge=judge)]
    assert 1.0 == only(board(rows, both_orders=True).agreement).agreement
    assert 0.5 == only(board(rows, both_orders=False).agreement).agreement


def test_a_prompt_with_many_pairs_weighs_once_in_agreement() -> None:
    """Three pairs of one prompt agree, the one of another does not: half."""
    rows = [Row("p", WIN, judge, pair=pair) for judge in ("ann", "bob") for pair in "abc"]
    rows += [Row("q", WIN, "ann"), Row("q", LOSS, "bob")]
    row = only(board(rows).agreement)
    assert (0.5, 4, 2) == (row.agreement, row.n_pairs, row.n_prompts)


def test_agreement_does_not_depend_on_who_is_named_first() -> None:
    """The draws are the same, and so every number, to the bit."""
    rows = judged(
        ann=[WIN, WIN, LOSS, WIN, TIE] * 3, bob=[WIN, LOSS, LOSS, WIN, WIN] * 3, eve=[WIN, LOSS, WIN, WIN, TIE] * 3
    )
    here, there = (board(rows, judges=judges) for judges in (("ann", "bob", "eve"), ("eve", "bob", "ann")))
    assert [("eve", "bob"), ("eve", "ann"), ("bob", "ann")] == [row.judges for row in there.agreement]
    by_judges = {frozenset(row.judges): row for row in there.agreement}
    for row in here.agreement:
        assert row == by_judges[frozenset(row.judges)].model_copy(update={"judges": row.judges})
    assert here.panel_agreement == there.panel_agreement


def test_a_panel_says_how_many_pairs_all_of_it_judged() -> None:
    """Three judges, of whom the third judged another pair with the first: two pairs, none judged by all."""
    rows = [*judged(ann=[WIN], bob=[WIN]), Row("q", LOSS, "ann"), Row("q", LOSS, "eve")]
    panel = only(board(rows).panel_agreement)
    assert (1.0, 2, 2, 4, 3, 0) == (
        panel.unanimous,
        panel.n_prompts,
        panel.n_pairs,
        panel.n_judgments,
        panel.n_judges,
        panel.n_complete,
    )
    assert 2 == only(board(judged(ann=[WIN, LOSS], bob=[WIN, WIN])).panel_agreement).n_complete


def test_agreement_counts_what_it_rests_on() -> None:
    """The verdicts of both on the pairs they share, and the failures of both."""
    rows = [*judged(ann=[WIN, LOSS, WIN], bob=[WIN, FAILED, WIN], eve=[WIN] * 3), Row("p-0", WIN, "ann")]
    row = board(rows).agreement[0]
    assert (("ann", "bob"), 2, 2, 5, 1) == (row.judges, row.n_prompts, row.n_pairs, row.n_judgments, row.n_failures)


def test_a_strange_panel_still_has_a_leaderboard() -> None:
    """Where some judged fewer pairs Fleiss' κ can fall below −1: it is what it is."""
    rows = [Row("p", WIN, "ann"), Row("p", LOSS, "bob"), *rows_of([WIN] * 8, judge="ann")]
    assert only(board(rows).panel_agreement).fleiss_kappa < -1.0  # type: ignore[operator]


# one judge twice


def test_retest_counts_couples_in_the_same_order_and_swapped() -> None:
    """p is judged three times one way and once the other, q twice one way: couples average to prompts."""
    rows = [Row("p", score, shown=1.0) for score in (WIN, WIN, LOSS)]
    rows += [Row("p", WIN, shown=0.0), Row("q", WIN, shown=1.0), Row("q", WIN, shown=1.0), Row("r", LOSS, shown=1.0)]
    row = only(board(rows).retest)
    assert (2, 4, 3) == (row.n_pairs, row.n_same, row.n_swapped)
    assert (2, 2, 1, 6) == (row.n_prompts, row.n_same_prompts, row.n_swapped_prompts, row.n_judgments)
    assert pytest.approx((1 / 3 + 1) / 2) == row.same_order
    assert pytest.approx(2 / 3) == row.swapped_order
    assert row.reason is None


def test_retest_is_the_statistic_over_all_couples() -> None:
    """The same as listing every couple, for a judge asked a dozen times."""
    random = np.random.default_rng(5)
    rows = [
        Row(f"p-{number % 3}", score, shown=shown, pair=f"{number % 5}")
        for number, (score, shown) in enumerate(
            zip(random.choice([WIN, TIE, LOSS], 60).tolist(), random.choice([0.0, 1.0], 60).tolist(), strict=True)
        )
    ]
    couples = [(a, b) for a, b in combinations(rows, 2) if (a.prompt, a.pair) == (b.prompt, b.pair)]
    expected = stats.test_retest(
        [[a.score, b.score] for a, b in couples],
        [[a.shown, b.shown] for a, b in couples],
        [a.prompt for a, _ in couples],
    )
    row = only(board(rows).retest)
    assert (expected.n_same, expected.n_swapped) == (row.n_same, row.n_swapped)
    assert pytest.approx((expected.same_order, expected.swapped_order)) == (row.same_order, row.swapped_order)


def test_a_verdict_that_serves_twice_is_no_retest() -> None:
    """A presentation that occurs twice is judged once: the judge was not asked again, and repeats nothing."""
    rows = [Row("p", WIN, shown=1.0, pair="a", repeat=repeat, verdict=7) for repeat in (1, 2)]
    row = only(board(rows).retest)
    assert (0, 0, None, "no pair was judged twice") == (row.n_pairs, row.n_same, row.same_order, row.reason)


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        ((1.0, 0.0), "no pair was judged twice in the same order"),
        ((1.0, 1.0), "no pair was judged in both orders"),
        ((NAN, NAN), "the records do not say who was shown first"),
        ((1.0, NAN), "the records do not say who was shown first"),
    ],
)
def test_a_retest_that_cannot_be_told_says_why(shown: tuple[float, float], reason: str) -> None:
    """One missing share, or both."""
    row = only(board([Row("p", WIN, shown=each) for each in shown]).retest)
    assert (1, reason) == (row.n_pairs, row.reason)
    assert row.same_order is None or row.swapped_order is None


# position


def test_a_judge_who_always_takes_the_first() -> None:
    """50 %, a bias of +50 points, and every verdict flips."""
    found = board(both_orders([(WIN, LOSS)] * 8), both_orders=True)
    row = only(found.position)
    assert 0.5 == standing(found).win_rate
    assert (0.5, 0.5, 1.0, 8) == (row.bias, row.adjusted_win_rate, row.flip_rate, row.n_prompts)
    assert 0.5 == row.interval.high  # type: ignore[union-attr]


def test_an_honest_judge_has_no_position_bias() -> None:
    """0, and no verdict flips."""
    row = only(board(both_orders([(WIN, WIN)] * 5 + [(LOSS, LOSS)] * 3), both_orders=True).position)
    assert (0.0, 0.625, 0.0) == (row.bias, row.adjusted_win_rate, row.flip_rate)
    assert row.interval.low < 0.0 < row.interval.high  # type: ignore[union-attr]


def test_the_order_adjusted_rate_balances_unequal_orders() -> None:
    """Shown first it wins 3 of 3, second 1 of 4: half the difference is the bias, their mean the rate."""
    rows = [*rows_of([WIN] * 3, shown=1.0), *[Row(f"q-{n}", score, shown=0.0) for n, score in enumerate([1, 0, 0, 0])]]
    row = only(board(rows).position)
    assert (0.375, 0.625) == (row.bias, row.adjusted_win_rate)
    assert (None, "no pair was shown in both orders: flips are unknown") == (row.flip_rate, row.reason)


def test_with_both_orders_of_every_pair_the_order_adjusted_rate_is_the_win_rate() -> None:
    """Two prompts with six pairs each and eight with one: prompts weigh alike in both, to the last digit shown."""
    rows = [
        Row(f"p-{number}", LOSS if number < 2 else WIN, pair=str(pair), shown=shown)
        for number in range(10)
        for pair in range(6 if number < 2 else 1)
        for shown in (1.0, 0.0)
    ]
    found = board(rows, both_orders=True)
    row = only(found.position)
    assert 0.8 == standing(found).win_rate == pytest.approx(row.adjusted_win_rate, abs=1e-11)
    assert (0.0, 0.0) == (row.bias, row.flip_rate)
    assert (10, 20, 40, 20, 20, 20) == (
        row.n_prompts,
        row.n_pairs,
        row.n_judgments,
        row.n_contender_first,
        row.n_baseline_first,
        row.n_both,
    )


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), *[st.sampled_from([WIN, TIE, LOSS])] * 2), min_size=1))
def test_so_it_is_whatever_the_verdicts(judgments: list[tuple[int, int, float, float]]) -> None:
    """As long as each pair was shown as often in one order as in the other."""
    rows = [
        Row(f"p-{prompt}", score, pair=str(pair), shown=shown)
        for prompt, pair, *scores in judgments
        for score, shown in zip(scores, (1.0, 0.0), strict=True)
    ]
    found = board(rows, both_orders=True)
    assert pytest.approx(standing(found).win_rate, abs=1e-11) == only(found.position).adjusted_win_rate


def test_a_flip_is_a_win_that_becomes_a_loss() -> None:
    """One of four: a tie that becomes a win is none."""
    row = only(board(both_orders([(WIN, LOSS), (WIN, WIN), (LOSS, LOSS), (TIE, WIN)]), both_orders=True).position)
    assert 0.25 == row.flip_rate


def test_a_failure_in_one_order_leaves_no_flip_to_see() -> None:
    """The pair counts in the other order's rate alone."""
    row = only(board(both_orders([(WIN, FAILED), (WIN, LOSS)]), both_orders=True).position)
    assert 1.0 == row.flip_rate
    assert 0.5 == row.bias
    assert (2, 1, 1, 1) == (row.n_contender_first, row.n_baseline_first, row.n_both, row.n_failures)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (rows_of([WIN, LOSS]), "the records do not say who was shown first"),
        (rows_of([WIN, LOSS], shown=1.0), "every pair was shown in one order"),
        (rows_of([FAILED]), "no verdict"),
    ],
)
def test_a_position_bias_that_cannot_be_told_says_why(rows: list[Row], reason: str) -> None:
    """None, and the reason."""
    row = only(board(rows).position)
    assert (None, None, None, None, reason) == (
        row.bias,
        row.interval,
        row.adjusted_win_rate,
        row.flip_rate,
        row.reason,
    )


def test_one_presentation_counts_once_in_each_order() -> None:
    """A verdict that serves two items is one row of the position; identical texts are one presentation in either order."""
    twice = [Row("p", WIN, shown=1.0, pair="a", repeat=repeat, verdict=1) for repeat in (1, 2)]
    swapped = [Row("q", LOSS, shown=0.0), Row("r", WIN, shown=0.0), Row("s", LOSS, shown=1.0)]
    assert 0.0 == only(board([*twice, *swapped]).position).bias
    same_words = [Row("p", score, shown=shown, verdict=1) for score, shown in ((WIN, 1.0), (LOSS, 0.0))]
    assert 0.5 == only(board(same_words).position).bias


# length


def lengthy(scores: list[float], gaps: list[float]) -> list[Row]:
    """A row a prompt whose contender is so many characters longer than the baseline's 200."""
    return [
        Row(f"p-{number}", score, lengths=(200.0 + gap, 200.0))
        for number, (score, gap) in enumerate(zip(scores, gaps, strict=True))
    ]


def test_the_rate_at_equal_length_where_it_can_be_told() -> None:
    """The statistic on pairs, beside the plain rate, the ratio of lengths and the rate among pairs of near-equal length."""
    random = np.random.default_rng(2)
    gaps = random.normal(30, 50, 60).round().tolist()
    scores = [WIN if gap + noise > 0 else LOSS for gap, noise in zip(gaps, random.normal(0, 40, 60), strict=True)]
    found = board(lengthy(scores, gaps))
    row = only(found.length)
    expected = stats.length_controlled(scores, [200 + gap for gap in gaps], [200.0] * 60)
    assert (True, None) == (row.identified, row.reason)
    assert pytest.approx(expected.controlled) == row.length_controlled
    assert row.length_controlled < row.raw  # type: ignore[operator]
    assert pytest.approx(1 + sum(gaps) / 60 / 200) == row.length_ratio
    near = [score for score, gap in zip(scores, gaps, strict=True) if abs(gap) <= 0.1 * max(200, 200 + gap)]
    assert (len(near), pytest.approx(np.mean(near))) == (row.n_close, row.close_rate)
    assert (60, 60, 60, 0) == (row.n_prompts, row.n_pairs, row.n_judgments, row.n_failures)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (lengthy([WIN] * 9 + [LOSS] * 20, list(range(29))), "9 wins: fewer than 10"),
        (lengthy([WIN] * 20 + [LOSS] * 9, list(range(29))), "9 losses: fewer than 10"),
        (lengthy([WIN, LOSS] * 12, [50] * 24), "the difference in length does not vary"),
        (rows_of([WIN, LOSS] * 12), "no score with both lengths"),
    ],
)
def test_a_rate_at_equal_length_that_cannot_be_told_says_why(rows: list[Row], reason: str) -> None:
    """Not identified, None, and the reason."""
    row = only(board(rows).length)
    assert (False, None, reason) == (row.identified, row.length_controlled, row.reason)


def test_equal_length_out_of_reach_is_not_extrapolated_to() -> None:
    """Everything far longer than the baseline: how many standard deviations."""
    row = only(board(lengthy([WIN, LOSS] * 12, [300 + number for number in range(24)])).length)
    assert not row.identified
    assert "standard deviations from equal length" in (row.reason or "")


def test_the_plain_rate_beside_it_is_the_judges_win_rate() -> None:
    """A pair that was judged five times is one pair there too."""
    rows = [Row("p", WIN, pair="a", lengths=(9, 9)), *[Row("p", LOSS, pair="b", lengths=(5, 9))] * 5]
    found = board([*rows, Row("q", WIN, lengths=(9, 9))])
    assert 0.75 == only(found.length).raw == standing(found, judge="ann").win_rate


# labs

LABS = {
    "ann": Player("ann", lab="north"),
    "bob": Player("bob", lab="south"),
    "tuned": Player("tuned", lab="north"),
    "base": Player("base", lab="west"),
}


def test_what_a_judge_gives_its_own_labs_contender_beyond_the_others() -> None:
    """Three wins against one of three: two thirds of a point a prompt."""
    row = only(board(judged(ann=[WIN] * 3, bob=[WIN, LOSS, LOSS]), players=LABS).self_preference)
    assert ("ann", "north", "contender", 3) == (row.judge, row.lab, row.side, row.n_prompts)
    assert pytest.approx(2 / 3) == row.excess
    assert (3, 6, 0) == (row.n_pairs, row.n_judgments, row.n_failures)
    assert row.interval.low < 2 / 3 < row.interval.high  # type: ignore[operator, union-attr]


def test_a_judge_may_prefer_its_own_labs_baseline() -> None:
    """Then the excess is what it gives the baseline."""
    players = {**LABS, "base": Player("base", lab="north"), "tuned": Player("tuned")}
    row = only(board(judged(ann=[LOSS] * 4, bob=[WIN, LOSS, LOSS, LOSS]), players=players).self_preference)
    assert ("ann", "baseline", 0.25) == (row.judge, row.side, row.excess)


def test_a_judge_has_no_side_where_both_are_of_its_lab() -> None:
    """None, and the reason."""
    players = {**LABS, "base": Player("base", lab="north")}
    row = only(board(judged(ann=[WIN] * 3, bob=[LOSS] * 3), players=players).self_preference)
    assert (None, None, "both sides are of this lab: it has none to prefer") == (row.excess, row.interval, row.reason)


@pytest.mark.parametrize("missing", ["tuned", "ann", "bob"])
def test_without_two_labs_there_is_no_self_preference(missing: str) -> None:
    """The contender's, its judge's and another judge's lab must be known."""
    assert () == board(judged(ann=[WIN], bob=[LOSS]), players={**LABS, missing: Player(missing)}).self_preference


def test_judges_of_one_lab_are_no_measure_of_each_other() -> None:
    """The others are those of other labs; one judge of two of its lab is compared with the third alone."""
    players = {**LABS, "amy": Player("amy", lab="north")}
    found = board(judged(ann=[WIN, WIN], amy=[LOSS, LOSS], bob=[WIN, LOSS]), players=players)
    assert {"ann": 0.5, "amy": -0.5} == {row.judge: row.excess for row in found.self_preference}


def test_self_preference_is_over_shared_prompts() -> None:
    """A prompt that only one of them judged says nothing; without a shared one there is a reason."""
    rows = [Row("p", WIN, "ann"), Row("p", WIN, "bob"), Row("q", LOSS, "ann"), Row("r", WIN, "bob")]
    row = only(board(rows, players=LABS).self_preference)
    assert (0.0, 1) == (row.excess, row.n_prompts)
    row = only(board(rows[2:], players=LABS).self_preference)
    assert (None, 0, "no prompt was judged by both") == (row.excess, row.n_prompts, row.reason)


# draws


def test_few_prompts_get_more_draws() -> None:
    """As many as keep an interval's ends within half a point, within bounds."""
    assert [N_RESAMPLES, N_RESAMPLES, N_RESAMPLES // 2, FEWEST_RESAMPLES] == [draws_for(n) for n in (0, 57, 120, 900)]


def test_fewer_draws_for_more_prompts_keep_the_ends_within_half_a_point() -> None:
    """The ends at the least number of draws, against those of twenty times as many."""
    random = np.random.default_rng(3)
    prompts, shown = np.arange(600) // 2, np.arange(600) % 2
    scores = (random.random(600) < 0.6).astype(float)
    few, many = (
        stats.position_bias(prompts, scores, shown, n_resamples=draws).interval_bias
        for draws in (draws_for(300), 20 * draws_for(300))
    )
    assert few is not None
    assert many is not None
    assert np.allclose(few, many, atol=0.005)
