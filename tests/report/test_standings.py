"""Standings: who stands where, each number with its n, or None and why."""

from __future__ import annotations

import pytest

from brie_bench.report.leaderboard import make_leaderboard
from brie_bench.report.standings import standings_of
from brie_bench.stats import detectable_rate

from .tables import FAILED, LOSS, NAN, TIE, WIN, Row, doubled, only, rows_of, standing, table_of


def board(rows: list[Row], **more):  # type: ignore[no-untyped-def]
    return make_leaderboard([table_of(rows, **more)])


def test_every_prompt_weighs_once() -> None:
    """Rows average within pair and judge, judges within a pair, pairs within a prompt, and prompts weigh alike."""
    rows = [
        Row("p", WIN, "ann", pair="a"),
        Row("p", LOSS, "bob", pair="a"),  # pair a: ½
        Row("p", WIN, "ann", pair="b"),  # pair b: 1, the prompt ¾
        Row("q", WIN, "ann", pair="c"),
        Row("q", WIN, "ann", pair="c"),
        Row("q", WIN, "ann", pair="c"),
        Row("q", LOSS, "bob", pair="c"),  # both judges weigh alike: ½
    ]
    row = standing(board(rows))
    assert 0.625 == row.win_rate
    assert (2, 3, 7, 0) == (row.n_prompts, row.n_pairs, row.n_judgments, row.n_failures)
    assert (5, 0, 2) == (row.wins, row.ties, row.losses)
    assert (pytest.approx(5 / 7), 5 / 7) == (row.row_rate, row.strict_rate)


def test_a_judge_row_is_that_judges_alone() -> None:
    """Its rate, its counts; and the panel's counts are the sums over its judges."""
    rows = [*rows_of([WIN, WIN, TIE], judge="ann"), *rows_of([LOSS, FAILED, WIN], judge="bob")]
    found = board(rows)
    panel, ann, bob = (standing(found, judge=judge) for judge in (None, "ann", "bob"))
    assert (pytest.approx(2.5 / 3), 0.5) == (ann.win_rate, bob.win_rate)
    assert (3, 2, 1, 0, 0) == (ann.n_judgments, ann.wins, ann.ties, ann.losses, ann.n_failures)
    assert (2, 1, 0, 1, 1) == (bob.n_judgments, bob.wins, bob.ties, bob.losses, bob.n_failures)
    assert pytest.approx((0.5 + 1.0 + 0.75) / 3) == panel.win_rate
    for name in ("n_judgments", "wins", "ties", "losses", "n_failures"):
        assert getattr(panel, name) == getattr(ann, name) + getattr(bob, name)
    assert (3, 3) == (panel.n_prompts, panel.n_pairs)


def test_ties_count_half_but_are_no_strict_win() -> None:
    """Two wins, a tie and a loss: 62.5 % with ties half, 50 % strictly."""
    row = standing(board(rows_of([WIN, WIN, TIE, LOSS])))
    assert (0.625, 0.625, 0.5) == (row.win_rate, row.row_rate, row.strict_rate)


def test_the_panel_row_is_there_with_one_judge_too() -> None:
    """And says the same as the judge's own."""
    found = board(rows_of([WIN] * 4 + [LOSS] * 3))
    panel, ann = standing(found), standing(found, judge="ann")
    assert ann == panel.model_copy(update={"judge": "ann", "verdict": None, "p_adjusted": None})


def test_a_sections_row_holds_its_own_prompts() -> None:
    """A prompt in two sections counts once in the whole and in each."""
    rows = [Row("p", WIN, section="one"), Row("p", LOSS, section="two", repeat=2), Row("q", WIN, section="two")]
    found = board(rows)
    whole, one, two = (standing(found, section=section) for section in (None, "one", "two"))
    assert (2, 1, 2) == (whole.n_prompts, one.n_prompts, two.n_prompts)
    assert (0.75, 1.0, 0.5) == (whole.win_rate, one.win_rate, two.win_rate)


def test_failures_are_in_no_denominator() -> None:
    """Neither a tie nor a loss: one win and three failures are 100 % of one judgment."""
    row = standing(board(rows_of([WIN, FAILED, FAILED, FAILED])))
    assert (1.0, 1.0, 1.0) == (row.win_rate, row.row_rate, row.strict_rate)
    assert (1, 1, 1, 3) == (row.n_prompts, row.n_pairs, row.n_judgments, row.n_failures)


def test_the_failure_bounds_count_them_as_losses_and_as_wins() -> None:
    """By the same weights: a prompt that failed altogether is a whole prompt lost, or won."""
    row = standing(board([*rows_of([WIN, LOSS, FAILED]), Row("p-0", FAILED)]))
    assert (pytest.approx(0.5 / 3), pytest.approx(2 / 3)) == row.failure_bounds
    assert 0.5 == row.win_rate


def test_without_a_failure_there_are_no_failure_bounds() -> None:
    """None, not twice the win rate."""
    assert standing(board(rows_of([WIN, LOSS]))).failure_bounds is None


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (rows_of([FAILED] * 7), "no verdict: all 7 judgments failed or were not reached"),
        ([], "no judgment"),
    ],
)
def test_without_a_verdict_there_is_no_number(rows: list[Row], reason: str) -> None:
    """None and a reason; never 0, ½ or 1."""
    row = standing(board(rows, contenders=["tuned"], judges=["ann"]))
    for name in ("win_rate", "interval", "row_rate", "strict_rate", "p_value", "p_adjusted", "detectable_rate"):
        assert getattr(row, name) is None
    assert (0, 0, 0, 0, 0, 0) == (row.n_prompts, row.n_pairs, row.n_judgments, row.wins, row.ties, row.losses)
    assert ("not testable", reason) == (row.verdict, row.reason)


def test_one_prompt_is_not_testable() -> None:
    """Its interval says how little it tells, and the reason what a test needs."""
    row = standing(board([Row("p", WIN)]))
    assert (pytest.approx(0.025, abs=5e-4), 1.0) == (row.interval.low, row.interval.high)
    assert (1.0, None, None, "not testable") == (row.win_rate, row.p_value, row.detectable_rate, row.verdict)
    assert "1 prompt: a test needs 6" == row.reason


def test_one_prompt_with_six_rows_is_one_prompt() -> None:
    """Five wins of six are 83 %, from 2 % to 99.6 %."""
    row = standing(board([*[Row("p", WIN)] * 5, Row("p", LOSS)]))
    assert pytest.approx(5 / 6) == row.win_rate
    assert (pytest.approx(0.021, abs=5e-4), pytest.approx(0.996, abs=5e-4)) == (row.interval.low, row.interval.high)
    assert "not testable" == row.verdict


def test_thirteen_of_thirteen() -> None:
    """Better, p = 2/2¹³, from 75.3 % on."""
    row = standing(board(rows_of([WIN] * 13)))
    assert (2 / 2**13, 2 / 2**13, "better") == (row.p_value, row.p_adjusted, row.verdict)
    assert (pytest.approx(0.753, abs=5e-4), 1.0) == (row.interval.low, row.interval.high)
    assert ("anchored bootstrap over prompts", 0.95) == (row.interval.method, row.interval.confidence_level)
    assert row.reason is None


def test_thirteen_ties_are_inconclusive_at_one_half() -> None:
    """p is 1, the interval from 37.6 to 62.4 %."""
    row = standing(board(rows_of([TIE] * 13)))
    assert (0.5, 1.0, "inconclusive", 13) == (row.win_rate, row.p_value, row.verdict, row.ties)
    assert (pytest.approx(0.376, abs=5e-4), pytest.approx(0.624, abs=5e-4)) == (row.interval.low, row.interval.high)


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [
        ([WIN] * 5, "not testable"),
        ([WIN] * 6, "better"),
        ([LOSS] * 6, "worse"),
        ([WIN] * 6 + [LOSS], "inconclusive"),
        ([WIN] * 8 + [LOSS], "better"),
        ([WIN, LOSS] * 4, "inconclusive"),
    ],
)
def test_verdict_words(scores: list[float], verdict: str) -> None:
    """Better and worse where p ≤ .05, inconclusive elsewhere, not testable below six prompts."""
    assert verdict == standing(board(rows_of(scores))).verdict


def test_an_inconclusive_standing_says_what_could_have_been_found() -> None:
    """Fifteen prompts find 84.3 % four times in five."""
    row = standing(board(rows_of([WIN, LOSS, TIE] * 5)))
    assert pytest.approx(0.843, abs=5e-4) == row.detectable_rate
    assert detectable_rate(15) == row.detectable_rate


def test_among_several_headlines_less_can_be_found() -> None:
    """A headline's rate is the one it finds at its share of 5 %; six prompts find none as one of two."""
    rows = [row for who in ("one", "two") for row in rows_of([WIN, LOSS, TIE] * 5, who=who)]
    found = board(rows)
    assert detectable_rate(15, alpha=0.025) == standing(found, "one").detectable_rate
    assert detectable_rate(15) == standing(found, "one", judge="ann").detectable_rate
    few = board([row for who in ("one", "two") for row in rows_of([WIN] * 6, who=who)])
    assert (None, "inconclusive") == (standing(few, "one").detectable_rate, standing(few, "one").verdict)


def test_only_headlines_have_a_verdict_and_an_adjusted_p() -> None:
    """The panel over all sections; judges and sections carry a p-value that is not adjusted."""
    rows = [
        Row(f"{section}-{number}", WIN, judge=judge, section=section)
        for section in ("one", "two")
        for judge in ("ann", "bob")
        for number in range(7)
    ]
    found = board(rows)
    headline = only(row for row in found.standings if row.verdict is not None)
    assert (None, None) == (headline.judge, headline.section)
    others = [row for row in found.standings if row is not headline]
    assert 8 == len(others)
    assert {None} == {row.p_adjusted for row in others}
    assert {2 / 2**7, 2 / 2**14} == {row.p_value for row in others}


def test_holms_family_is_all_contenders_on_all_suites() -> None:
    """Three headlines of 6, 8 and 13 wins: p-values times 3, 2 and 1 in their order, and no judge or section among them."""
    one = table_of(
        [*rows_of([WIN] * 6, who="six", section="a"), *rows_of([WIN] * 8, who="eight", judge="bob")], suite="one"
    )
    two = table_of(rows_of([WIN] * 13, who="thirteen"), suite="two")
    found = make_leaderboard([one, two])
    adjusted = {row.contender: row.p_adjusted for row in found.standings if row.verdict}
    assert {"six": 2 / 2**6, "eight": 2 * 2 / 2**8, "thirteen": 3 * 2 / 2**13} == adjusted


def test_holm_takes_a_verdict_back() -> None:
    """Six wins of six are better alone, and inconclusive as one of two such headlines."""
    rows = [*rows_of([WIN] * 6, who="one"), *rows_of([WIN] * 6, who="two")]
    found = board(rows)
    assert ["inconclusive", "inconclusive"] == [row.verdict for row in found.standings if row.verdict]
    assert 2 * 2 / 2**6 == standing(found, "one").p_adjusted
    assert "better" == standing(board(rows[:6]), "one").verdict


def test_what_cannot_be_tested_is_not_in_the_family() -> None:
    """A contender with three prompts costs the other nothing."""
    found = board([*rows_of([WIN] * 6, who="one"), *rows_of([WIN] * 3, who="few")])
    assert ("better", 2 / 2**6) == (standing(found, "one").verdict, standing(found, "one").p_adjusted)
    assert ("not testable", None) == (standing(found, "few").verdict, standing(found, "few").p_adjusted)


def test_graded_scores_are_used_when_soft_is_asked_for() -> None:
    """Preferences where there are any, else the verdict; wins and losses count preferences above and below ½."""
    rows = [Row("p", WIN, preference=0.75), Row("q", LOSS, preference=0.5), Row("r", WIN), Row("s", FAILED)]
    table = table_of(rows)
    hard, soft = (only(r for r in standings_of([table], soft=soft) if r.verdict) for soft in (False, True))
    assert (False, 2 / 3, (2, 0, 1)) == (hard.soft, hard.win_rate, (hard.wins, hard.ties, hard.losses))
    assert (True, 0.75, (2, 1, 0)) == (soft.soft, soft.win_rate, (soft.wins, soft.ties, soft.losses))
    assert 1 == soft.n_failures
    assert hard == only(r for r in standings_of([table], soft=None) if r.verdict)


def test_records_that_are_only_graded_are_soft_by_default() -> None:
    """And labelled so; hard is there when it is asked for."""
    table = table_of([Row("p", WIN, preference=0.75)], graded=True)
    default, hard = (standings_of([table], soft=soft)[0] for soft in (None, False))
    assert (True, 0.75) == (default.soft, default.win_rate)
    assert (False, 1.0) == (hard.soft, hard.win_rate)


def test_every_row_twice_changes_counts_and_nothing_else() -> None:
    """Win rates, intervals and p-values stay to the last bit."""
    table = table_of([*rows_of([WIN, LOSS, TIE, WIN, WIN, WIN, FAILED]), *rows_of([WIN, TIE], judge="bob")])
    once, twice = (standings_of([each], soft=None) for each in (table, doubled(table)))
    counts = {"n_judgments", "n_failures", "wins", "ties", "losses"}
    for a, b in zip(once, twice, strict=True):
        assert a.model_dump(exclude=counts) == b.model_dump(exclude=counts)
        assert all(2 * getattr(a, name) == getattr(b, name) for name in counts)


def test_grounds_stand_side_by_side() -> None:
    """Each contender in its domain and out of it, over all sections of that kind; other kinds are neither."""
    rows = [
        Row("p", WIN, section="philosophy"),
        Row("q", WIN, section="poetry"),
        Row("r", LOSS, section="coding"),
        Row("s", LOSS, section="again"),
    ]
    kinds = {"coding": "out_of_domain", "again": "reproducibility"}
    inside, outside = board(rows, kinds=kinds).grounds
    assert ("in_domain", ("philosophy", "poetry"), 2, 1.0) == (
        inside.kind,
        inside.sections,
        inside.n_prompts,
        inside.win_rate,
    )
    assert ("out_of_domain", ("coding",), 1, 0.0) == (
        outside.kind,
        outside.sections,
        outside.n_prompts,
        outside.win_rate,
    )
    assert "1 prompt: a test needs 6" == outside.reason


def test_grounds_join_suites() -> None:
    """In-domain from one suite beside out-of-domain from another; a prompt of both counts once."""
    one = table_of([Row("p", WIN, section="a"), Row("q", LOSS, section="a")], suite="one")
    two = table_of(
        [Row("p", LOSS, section="a", pair="other"), Row("r", FAILED, section="b")],
        suite="two",
        kinds={"b": "out_of_domain"},
    )
    inside, outside = make_leaderboard([one, two]).grounds
    assert (2, 3, 3, 0.25) == (inside.n_prompts, inside.n_pairs, inside.n_judgments, inside.win_rate)
    assert (None, None, 1) == (outside.win_rate, outside.interval, outside.n_failures)
    assert "no verdict: the only judgment failed or was not reached" == outside.reason


def test_grounds_against_different_baselines_are_kept_apart() -> None:
    """A rate against one baseline says nothing of another."""
    tables = [table_of([Row("p", score)], baseline=name) for name, score in (("x", WIN), ("y", LOSS))]
    assert [("x", 1.0), ("y", 0.0)] == [(row.baseline, row.win_rate) for row in make_leaderboard(tables).grounds]


def test_no_number_is_nan() -> None:
    """A table of nothing but failures renders, and its JSON holds no NaN."""
    found = board([Row("p", NAN), Row("q", NAN, judge="bob", section="two")])
    assert "NaN" not in found.model_dump_json()
