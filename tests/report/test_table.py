"""Tables: columns over lists, several of them merged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from brie_bench.report.leaderboard import make_leaderboard
from brie_bench.report.table import Table, merge

from .tables import FAILED, LOSS, TIE, WIN, Row, standing, table_of


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


def test_missing_verdicts_survive_a_merge() -> None:
    """They are rows too, counted as failures."""
    merged = merge([table_of([Row("p", FAILED)]), table_of([Row("p", WIN, judge="bob")])])
    assert np.isnan(merged.rows.score).sum() == 1
    assert 1 == standing(make_leaderboard([merged])).n_failures
