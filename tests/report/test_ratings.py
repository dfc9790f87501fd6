"""Ratings: only where they tell more than the rates, and on one connected graph over one suite."""

from __future__ import annotations

import math

import pytest

from brie_bench.report.leaderboard import make_leaderboard
from brie_bench.report.ratings import ratings_of
from brie_bench.report.table import Table

from .tables import FAILED, LOSS, TIE, WIN, mirrored, rows_of, table_of

STAR = "all games have one opponent in common: ratings would say no more than the win rates"


def met(baseline: str, **scores: list[float]) -> Table:
    """Each contender's scores against that baseline, on the same prompts."""
    rows = [row for who, given in scores.items() for row in rows_of(given, who=who)]
    return table_of(rows, baseline=baseline, run=f"against-{baseline}")


def rated(*tables: Table) -> dict[str, float]:
    ratings, reason = ratings_of(tables, soft=None)
    assert reason is None
    assert ratings is not None
    return {row.contender: row.rating for row in ratings}


@pytest.mark.parametrize(
    "tables",
    [
        [met("base", one=[WIN] * 4)],
        [met("base", one=[WIN] * 4, two=[LOSS] * 4, three=[TIE] * 4)],
        [met("base", one=[WIN] * 4), met("one", two=[WIN] * 4)],
    ],
)
def test_a_star_has_no_ratings(tables: list[Table]) -> None:
    """Somebody is in every game, baseline or contender: None, and why; the board says the same."""
    assert (None, STAR) == ratings_of(tables, soft=None)
    board = make_leaderboard(tables)
    assert (None, STAR) == (board.ratings, board.ratings_reason)


def test_without_a_game_there_is_nothing_to_rate() -> None:
    """All failed: None, and why."""
    assert (None, "no verdict: there is nothing to rate") == ratings_of([met("base", one=[FAILED] * 4)], soft=None)


def test_two_baselines_over_one_suite_connect_the_contenders() -> None:
    """Both contenders met both baselines: four ratings around 0, best first, each in its interval."""
    tables = [
        met("weak", one=[WIN] * 8 + [LOSS] * 2, two=[WIN] * 9 + [LOSS]),
        met("strong", one=[LOSS] * 7 + [WIN] * 3, two=[WIN] * 5 + [LOSS] * 5),
    ]
    ratings, reason = ratings_of(tables, soft=None)
    assert reason is None
    assert ratings is not None
    assert ["strong", "two", "one", "weak"] == [row.contender for row in ratings]
    assert pytest.approx(0.0, abs=1e-9) == sum(row.rating for row in ratings)
    for row in ratings:
        assert row.interval is not None
        assert row.interval.low <= row.rating <= row.interval.high
        assert 1 <= row.rank_low <= row.rank_high <= 4
    assert {0} == {row.component for row in ratings}


def test_a_rating_is_the_anchored_bradley_terry_strength() -> None:
    """x beats y and y beats z, 7 of 10 each, on a line of three: s_y is 0, and s solves 7 + ½ = 10σ(s) + σ(s)."""
    ratings = rated(met("y", x=[WIN] * 7 + [LOSS] * 3), met("z", y=[WIN] * 7 + [LOSS] * 3, x=[TIE]))
    assert pytest.approx(0.0, abs=1e-9) == ratings["y"]
    s = ratings["x"]
    # x: 7 wins over y, half a win over z, half an anchor; its expectation at s_y = 0 and s_z = −s
    assert pytest.approx(7 + 0.5 + 0.5) == 10 / (1 + math.exp(-s)) + 1 / (1 + math.exp(-2 * s)) + 1 / (1 + math.exp(-s))


def test_rank_sets_are_what_the_records_do_not_rule_out() -> None:
    """Forty prompts of one side tell all three apart; four do not."""
    clear = [met("b", a=[WIN] * 40), met("c", a=[WIN] * 40, b=[WIN] * 40)]
    ratings, _ = ratings_of(clear, soft=None)
    assert [("a", 1, 1), ("b", 2, 2), ("c", 3, 3)] == [(r.contender, r.rank_low, r.rank_high) for r in ratings or ()]
    vague = [met("b", a=[WIN, LOSS, WIN, LOSS]), met("c", a=[WIN, LOSS] * 2, b=[LOSS, WIN] * 2)]
    ratings, _ = ratings_of(vague, soft=None)
    assert {(1, 3)} == {(r.rank_low, r.rank_high) for r in ratings or ()}


def test_what_is_not_connected_is_not_rated() -> None:
    """Two stars with different centres."""
    ratings, reason = ratings_of([met("x", a=[WIN] * 3, b=[LOSS] * 3), met("y", c=[WIN] * 3, d=[LOSS] * 3)], soft=None)
    assert ratings is None
    assert reason is not None
    assert "not all connected" in reason


def test_different_suites_are_not_rated_together() -> None:
    """Who met whom on other prompts is another experiment."""
    tables = [
        table_of(rows_of([WIN] * 4, who=who), baseline=baseline, suite=suite)
        for suite, who, baseline in (("one", "a", "x"), ("two", "a", "y"), ("two", "b", "x"))
    ]
    ratings, reason = ratings_of(tables, soft=None)
    assert ratings is None
    assert reason is not None
    assert "different suites" in reason


def test_the_order_of_the_runs_changes_no_rating() -> None:
    """Nor an interval, nor a rank."""
    tables = [met("x", a=[WIN, WIN, LOSS], b=[LOSS, TIE, WIN]), met("y", a=[WIN, LOSS, LOSS], b=[WIN, WIN, LOSS])]
    assert ratings_of(tables, soft=None) == ratings_of(tables[::-1], soft=None)


def test_mirrored_records_turn_the_ratings_round() -> None:
    """Every rating changes its sign, and the ranks their order; interval ends follow, but for the draws."""
    tables = [met("x", a=[WIN] * 6 + [LOSS] * 2), met("y", a=[WIN, LOSS] * 4, b=[WIN] * 3 + [LOSS] * 5)]
    here, _ = ratings_of(tables, soft=None)
    there, _ = ratings_of([mirrored(table) for table in tables], soft=None)
    assert here is not None
    assert there is not None
    turned = {row.contender: row for row in there}
    for row in here:
        other = turned[row.contender]
        assert pytest.approx(-row.rating, abs=1e-9) == other.rating
        assert row.interval is not None
        assert other.interval is not None
        assert pytest.approx((-row.interval.high, -row.interval.low), abs=0.25) == (
            other.interval.low,
            other.interval.high,
        )


def test_graded_games_are_rated_when_soft() -> None:
    """By their preferences: nearly even, where verdicts are all won."""

    def graded(baseline: str, who: str) -> Table:
        return table_of(rows_of([WIN] * 9, who=who, preference=0.5625), baseline=baseline)

    tables = [graded("x", "a"), graded("y", "a"), graded("y", "x")]
    (hard, _), (soft, _) = (ratings_of(tables, soft=soft) for soft in (False, True))
    assert hard is not None
    assert soft is not None
    assert hard[0].rating > 4 * soft[0].rating > 0
