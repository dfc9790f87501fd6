"""Tables: columns over lists, several of them merged, equal names kept apart where they mean different things."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from brie_bench.report.leaderboard import make_leaderboard
from brie_bench.report.table import Player, Table, distinguish, merge

from .tables import FAILED, LOSS, TIE, WIN, Row, rows_of, standing, table_of


def seen(table: Table) -> list[tuple[Any, ...]]:
    """Every row by name: prompt, section, contender, judge, pair, score."""
    rows = table.rows
    return [
        (
            table.prompts[table.prompt[n]],
            table.sections[table.section[n]].name,
            table.contenders[rows.contender[n]].name,
            table.judges[rows.judge[n]].name,
            table.pairs[rows.pair[n]],
            rows.score[n].item(),
        )
        for n in range(rows.score.size)
    ]


def test_a_row_knows_its_prompt_and_section_through_its_item() -> None:
    """One prompt in two sections is one prompt."""
    table = table_of([Row("p", WIN, section="a"), Row("q", TIE, section="b"), Row("p", LOSS, section="b")])
    assert ("p", "q") == table.prompts
    assert [0, 1, 0] == table.prompt.tolist()
    assert [0, 1, 1] == table.section.tolist()


def test_a_table_without_rows_has_columns_without_rows() -> None:
    """And a leaderboard without numbers."""
    table = table_of([], contenders=["tuned"], judges=["ann"])
    assert (0, 0) == (table.prompt.size, table.section.size)
    assert standing(make_leaderboard([table])).win_rate is None


def test_soft_scores_are_preferences_where_there_are_any() -> None:
    """Elsewhere the verdict's."""
    table = table_of([Row("p", WIN, preference=0.75), Row("q", LOSS)])
    assert [1.0, 0.0] == table.score(soft=False).tolist()
    assert [0.75, 0.0] == table.score(soft=True).tolist()


def test_one_table_is_merged_with_nothing() -> None:
    """It is itself."""
    table = table_of([Row("p", WIN)])
    assert table is merge([table])


def test_merged_rows_mean_what_they_meant() -> None:
    """Whatever the order of either table's names."""
    one = table_of([Row("p", WIN, section="a"), Row("q", LOSS, judge="bob", section="b")])
    two = table_of([Row("q", TIE, judge="bob", section="b"), Row("r", WIN, judge="eve", who="other", section="a")])
    merged = merge([one, two])
    assert seen(one) + seen(two) == seen(merged)
    assert ("ann", "bob", "eve") == tuple(judge.name for judge in merged.judges)
    assert (3, 3) == (merged.suite.n_prompts, merged.suite.n_items)


def test_equal_pairs_of_two_runs_are_one_pair() -> None:
    """Two judges of two runs judged the same pair: it is one pair of one prompt, and they agree on it."""
    tables = [table_of([Row("p", WIN, judge=judge)], run=judge) for judge in ("ann", "bob")]
    board = make_leaderboard([merge(tables)])
    assert ("ann", "bob") == board.runs
    assert (1, 1, 2) == tuple(getattr(standing(board), name) for name in ("n_prompts", "n_pairs", "n_judgments"))
    assert [1.0] == [row.agreement for row in board.agreement]


@pytest.mark.parametrize(
    ("flag", "values", "merged"),
    [
        ("graded", (True, True), True),
        ("graded", (True, False), False),
        ("both_orders", (True, True), True),
        ("both_orders", (True, False), False),
        ("imported", (False, False), False),
        ("imported", (True, False), True),
    ],
)
def test_what_holds_of_merged_tables(flag: str, values: tuple[bool, bool], merged: bool) -> None:
    """Graded and both orders where all are, imported where any is."""
    tables = [table_of([Row("p", WIN)], **{flag: value}) for value in values]
    assert merged == getattr(merge(tables), flag)


def test_a_judge_whose_judgments_all_count_elsewhere_is_left_out() -> None:
    """A merged table has no judge without a row; a table of its own keeps those who were planned."""
    one, two = table_of([Row("p", WIN)]), table_of([Row("q", WIN, judge="bob")], judges=["idle"])
    assert ("idle", "bob") == tuple(judge.name for judge in two.judges)
    merged = merge([one, two])
    assert ("ann", "bob") == tuple(judge.name for judge in merged.judges)
    assert seen(one) + seen(two) == seen(merged)


# names


def named(run: str, *, who: str = "", judge: str = "", base: str = "", **more: Any) -> Table:
    """A table of one row whose players have these digests."""
    players = {"tuned": Player("tuned", who), "ann": Player("ann", judge), "base": Player("base", base)}
    return table_of(rows_of([WIN]), players=players, run=run, **more)


def names(tables: list[Table]) -> list[tuple[str, str, str]]:
    return [(each.baseline.name, each.contenders[0].name, each.judges[0].name) for each in distinguish(tables)]


def test_equal_names_with_equal_digests_are_one() -> None:
    """Nothing is renamed."""
    tables = [named("r1", who="t", judge="j", base="b"), named("r2", who="t", judge="j", base="b")]
    assert [("base", "tuned", "ann")] * 2 == names(tables)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("who", ("base", "tuned@r2", "ann")),
        ("judge", ("base", "tuned", "ann@r2")),
        ("base", ("base@r2", "tuned", "ann")),
    ],
)
def test_equal_names_with_different_digests_are_kept_apart(changed: str, expected: tuple[str, str, str]) -> None:
    """The later one is called name@run."""
    same = {"who": "t", "judge": "j", "base": "b"}
    tables = [named("r1", **same), named("r2", **{**same, changed: "another"})]  # type: ignore[arg-type]
    assert [("base", "tuned", "ann"), expected] == names(tables)


def test_a_third_run_with_the_second_ones_player_shares_its_name() -> None:
    """One thing has one name, whatever lies between."""
    tables = [named("r1", judge="x"), named("r2", judge="y"), named("r3", judge="x"), named("r4", judge="y")]
    assert ["ann", "ann@r2", "ann", "ann@r2"] == [judge for _, _, judge in names(tables)]


def test_a_contender_may_be_the_baseline_of_another_run() -> None:
    """Then both have one name; a baseline that is something else gets another."""
    one = table_of([Row("p", WIN)], players={"tuned": Player("tuned", "t")}, run="r1")
    two, three = (
        table_of([Row("p", WIN, who="other")], baseline="tuned", players={"tuned": Player("tuned", digest)}, run="r2")
        for digest in ("t", "u")
    )
    assert "tuned" == distinguish([one, two])[1].baseline.name
    assert "tuned@r2" == distinguish([one, three])[1].baseline.name


def test_a_judge_on_no_record_is_not_known_to_be_the_same() -> None:
    """Imported judges of two runs are two, as two files of one import are; imported contenders are what their name says."""
    tables = [named("r1"), named("r2")]
    assert [("base", "tuned", "ann"), ("base", "tuned", "ann@r2")] == names(tables)


def test_different_suites_of_one_name_are_kept_apart() -> None:
    """The later one carries its digest."""
    tables = [named("r1", digest="1234567890"), named("r2", digest="abcdefghij"), named("r3", digest="1234567890")]
    assert ["tiny", "tiny@abcdefgh", "tiny"] == [each.suite.name for each in distinguish(tables)]


def test_a_name_that_is_taken_is_not_given_again() -> None:
    """Somebody may already be called ann@r2."""
    first = table_of(
        rows_of([WIN], judge="ann@r2") + rows_of([WIN]),
        players={"ann@r2": Player("ann@r2", "z"), "ann": Player("ann", "x")},
        run="r1",
    )
    tables = distinguish([first, named("r2", judge="y")])
    assert ["ann@r2", "ann", "ann@r2@r2"] == [judge.name for each in tables for judge in each.judges]


def test_boards_tell_equal_names_apart() -> None:
    """Standings of two suites of one name, and of a contender against two baselines of one name, cannot be mixed up."""
    tables = distinguish(
        [
            named("r1", base="b1", digest="1" * 9),
            replace(named("r2", base="b2", digest="1" * 9)),
            named("r3", base="b1", digest="2" * 9),
        ]
    )
    keys = [(r.suite, r.contender, r.baseline, r.judge, r.section) for r in make_leaderboard(tables).standings]
    assert len(set(keys)) == len(keys)


def test_missing_verdicts_survive_a_merge() -> None:
    """They are rows too, counted as failures."""
    merged = merge([table_of([Row("p", FAILED)]), table_of([Row("p", WIN, judge="bob")])])
    assert np.isnan(merged.rows.score).sum() == 1
    assert 1 == standing(make_leaderboard([merged])).n_failures
