"""From the ledger to tables: labels revealed, missing verdicts counted, several runs joined."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from brie_bench import Completion, Failed, FinishReason, Presentation, Request, Verdict
from brie_bench.errors import LedgerError
from brie_bench.report.labs import lab_of
from brie_bench.report.reading import player_of
from brie_bench.report.table import Table

from .runs import Bench, brief, first, full, longer, section_of, silent, suite_of
from .tables import only, standing


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "runs")


def scores(table: Table) -> list[float]:
    return sorted(table.rows.score.tolist())


def test_a_run_is_a_table(bench: Bench) -> None:
    """Every judging a row, revealed: the honest judge prefers the contender in either order."""
    table = only(bench.tables(bench.run(suite_of(3))))
    assert ("tiny", 3, 3) == (table.suite.name, table.suite.n_prompts, table.suite.n_items)
    assert ("brief", ["full"], ["longer"]) == (
        "brief",
        [each.name for each in table.contenders],
        [each.name for each in table.judges],
    )
    assert [1.0] * 6 == scores(table)
    assert [0.0, 0.0, 0.0, 1.0, 1.0, 1.0] == sorted(table.rows.shown.tolist())
    assert (True, False, False) == (table.both_orders, table.imported, table.graded)
    assert {len("At length, and with care: What is 0 good for?")} == set(table.rows.contender_length.tolist())
    assert {len("Briefly: What is 0 good for?")} == set(table.rows.baseline_length.tolist())


def test_a_judge_of_slots_is_revealed_by_its_labels(bench: Bench) -> None:
    """`first` prefers the contender where it was A and the baseline where that was: 50 %, +50 points, all flips."""
    board = bench.board(bench.run(suite_of(8), judges=["first"]))
    row = only(board.position)
    assert 0.5 == standing(board, "full").win_rate
    assert (0.5, 1.0) == (row.bias, row.flip_rate)


def test_one_order_is_one_row_a_pair(bench: Bench) -> None:
    """Half of the orders each, to within one."""
    table = only(bench.tables(bench.run(suite_of(5), order="random")))
    assert not table.both_orders
    assert 5 == table.rows.score.size
    assert table.rows.shown.sum() in (2.0, 3.0)


def test_a_graded_preference_is_revealed_like_a_verdict(tmp_path: Path) -> None:
    """P(A) is the contender's where it is A, and the baseline's where that is."""
    leaning = {
        "lean": lambda shown: Verdict(label="A", probabilities={"A": 0.75, "tie": 0.125, "B": 0.125}),
    }
    bench = Bench(tmp_path, judges=leaning)
    table = only(bench.tables(bench.run(suite_of(1), judges=["lean"])))
    assert {(1.0, 0.8125), (0.0, 0.1875)} == {
        (shown, preference)
        for shown, preference in zip(table.rows.shown.tolist(), table.rows.preference.tolist(), strict=True)
    }


def test_a_failed_judgment_is_a_row_without_a_score(bench: Bench) -> None:
    """Counted, in no denominator."""
    table = only(bench.tables(bench.run(suite_of(2), judges=["longer", "silent"])))
    assert 8 == table.rows.score.size
    assert 4 == sum(map(math.isnan, table.rows.score.tolist()))


def test_what_was_planned_and_not_reached_is_a_failure(bench: Bench) -> None:
    """A judging without a record is one, as is every planned judging of a comparison that could not be made."""
    run = bench.run(suite_of(3))
    bench.damage("DELETE FROM judging WHERE comparison = 0 AND labels = 'contender_first'")
    bench.damage("DELETE FROM judging WHERE comparison = 1")
    bench.damage("DELETE FROM comparison WHERE number = 1")
    board = bench.board(run)
    row = standing(board, "full")
    assert (2, 2, 3, 3) == (row.n_prompts, row.n_pairs, row.n_judgments, row.n_failures)
    assert (0.5, 1.0) == row.failure_bounds


def test_a_contender_that_fails_leaves_failures(tmp_path: Path) -> None:
    """Without its completion nothing can be judged: all that was planned for it counts."""

    def broken(request: Request) -> str:
        if "1" in request.messages[-1].content:
            raise Failed("refused", "no")
        return full(request)

    bench = Bench(tmp_path, models={"brief": brief, "full": broken})
    row = standing(bench.board(bench.run(suite_of(3))), "full")
    assert (2, 4, 2) == (row.n_prompts, row.n_judgments, row.n_failures)


def test_the_same_words_again_are_the_same_pair_and_verdict(bench: Bench) -> None:
    """A model that repeats itself word for word: two items, one pair, judged once, and no retest."""
    suite = suite_of(2, kind="reproducibility", repeats=2)
    run = bench.run(suite)
    table = only(bench.tables(run))
    assert (8, 2, 4) == (
        table.rows.score.size,
        len(set(table.rows.pair.tolist())),
        len(set(table.rows.verdict.tolist())),
    )
    row = only(bench.board(run).retest)
    assert (0, 2) == (row.n_same, row.n_swapped)


# several runs


def test_judged_again_is_one_panel(bench: Bench) -> None:
    """The parent's judges and the child's on the same pairs: one table, with their agreement."""
    parent = bench.run(suite_of(4))
    child = bench.judge(parent, "first")
    board = bench.board(parent, child)
    assert (parent, child) == board.runs
    row = standing(board, "full")
    assert (4, 4, 16, 0, 0.75) == (row.n_prompts, row.n_pairs, row.n_judgments, row.n_failures, row.win_rate)
    agreed = only(board.agreement)
    assert (("longer", "first"), 4, 0.5) == (agreed.judges, agreed.n_pairs, agreed.agreement)


def test_the_same_judging_counts_once(bench: Bench) -> None:
    """A longer run includes a shorter one's, and judging again by the same judge adds nothing."""
    short, long = bench.run(suite_of(4), limit=2), bench.run(suite_of(4))
    again = bench.judge(long, "longer")
    alone = bench.board(long)
    together = bench.board(short, long, again)
    assert alone.standings == together.standings
    assert alone.retest == together.retest


def test_a_runs_own_rows_never_hide_each_other(bench: Bench) -> None:
    """Repeats that came out word for word the same are two runs of a prompt, alone or beside another run."""
    run = bench.run(suite_of(2, kind="reproducibility", repeats=2))
    other = bench.judge(run, "first")
    assert 2 == only(bench.board(run).reproducibility).n_prompts
    assert 2 == only(bench.board(run, other).reproducibility).n_prompts
    assert standing(bench.board(run), "full").n_judgments * 2 == standing(bench.board(run, other), "full").n_judgments


def test_two_suites_that_share_prompts_keep_them(bench: Bench) -> None:
    """The same pair judged for two experiments counts in both."""
    one, two = suite_of(3, "one"), suite_of(sections=[section_of(3, "elsewhere")], name="two")
    runs = bench.run(one), bench.run(two)
    assert [(3, 6), (3, 6)] == [
        (row.n_prompts, row.n_judgments) for row in bench.board(*runs).standings if row.verdict is not None
    ]


def test_two_contenders_with_the_same_words_both_count(tmp_path: Path) -> None:
    """In two runs as in one: a judgment of one is no judgment of the other."""
    bench = Bench(tmp_path, models={"brief": brief, "full": full, "copy": full})
    runs = bench.run(), bench.run(contenders={"copy": "copy"})
    board = bench.board(*runs)
    assert {"full": 6, "copy": 6} == {row.contender: row.n_judgments for row in board.standings if row.verdict}


def test_runs_against_different_baselines_are_kept_apart(tmp_path: Path) -> None:
    """Both are called `baseline`, and are two: standings, headings and ratings say which."""
    bench = Bench(tmp_path, models={"brief": brief, "full": full, "mute": lambda request: "-"})
    one = bench.run(suite_of(8), baseline="brief", contenders={"full": "full"})
    two = bench.run(suite_of(8), baseline="mute", contenders={"full": "full"})
    board = bench.board(one, two)
    assert [("full", "baseline"), ("full", f"baseline@{two}")] == [
        (row.contender, row.baseline) for row in board.standings if row.verdict
    ]
    assert f"baseline / baseline@{two}" == board.baseline


def test_another_model_under_the_same_name_is_another_contender(tmp_path: Path) -> None:
    """name@run, in one table with the first."""
    bench = Bench(tmp_path, models={"brief": brief, "full": full, "fuller": lambda request: full(request) * 2})
    one = bench.run(contenders={"mine": "full"})
    two = bench.run(contenders={"mine": "fuller"})
    table = only(bench.tables(one, two))
    assert ["mine", f"mine@{two}"] == [each.name for each in table.contenders]


def test_a_later_version_of_a_suite_is_another_suite(bench: Bench) -> None:
    """Equal names, different digests: two tables, and two names."""
    runs = bench.run(suite_of(3)), bench.run(suite_of(4))
    board = bench.board(*runs)
    assert 2 == len({row.suite for row in board.standings})
    assert {row.suite for row in board.standings} == {suite.name for suite in board.suites}


def test_in_domain_beside_out_of_domain(bench: Bench) -> None:
    """Two suites, one leaderboard."""
    home = bench.run(suite_of(7, "home"), judges=["longer"])
    away = bench.run(suite_of(6, "away", kind="out_of_domain", start=100), judges=["first"])
    inside, outside = bench.board(home, away).grounds
    assert ("in_domain", ("all",), 7, 1.0) == (inside.kind, inside.sections, inside.n_prompts, inside.win_rate)
    assert ("out_of_domain", 6, 0.5) == (outside.kind, outside.n_prompts, outside.win_rate)


# players


@pytest.mark.parametrize(
    ("described", "lab"),
    [
        ({"name": "judge", "lab": "north", "configuration": {"options": {"model": "gpt-4o"}}}, "north"),
        ({"name": "judge", "configuration": {"options": {"model": "gpt-4o"}}}, "openai"),
        ({"name": "judge", "configuration": {"model": {"plugin": "x", "options": {"model": "gemini-2.5"}}}}, "google"),
        ({"name": "claude-killer", "configuration": {"options": {"model": "Qwen/Qwen2.5-3B"}}}, "alibaba"),
        ({"name": "anthropic/claude-sonnet-4"}, "anthropic"),
        ({"name": "tuned"}, None),
    ],
)
def test_a_lab_is_declared_or_told_from_the_model(described: dict[str, object], lab: str | None) -> None:
    """What is declared counts; then the model's name, then its own."""
    assert lab == player_of(described).lab


@pytest.mark.parametrize(
    ("name", "lab"),
    [
        ("gpt-4o-2024-08-06", "openai"),
        ("openai/some-name", "openai"),
        ("o3-mini", "openai"),
        ("hf/meta-llama/Llama-3.2-1B", "meta"),
        ("hf/google/gemma-3-270m:adapter", "google"),
        ("mistralai/Mixtral-8x7B", "mistral"),
        ("microsoft/phi-4", "microsoft"),
        ("o4r-judge", None),
        ("foo3", None),
        ("variety", None),
        (None, None),
    ],
)
def test_a_model_family_names_its_lab(name: str | None, lab: str | None) -> None:
    """Where the name begins with it, or after a separator."""
    assert lab == lab_of(name)


# damage


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE judging SET judge = 'ghost'", "name an unknown 'ghost'"),
        ("UPDATE judging SET labels = 'sideways' WHERE labels = 'baseline_first'", "name an unknown"),
        ("UPDATE judging SET shown = 'sideways'", "name an unknown 'sideways'"),
        ("UPDATE verdict SET label = 'C'", "name an unknown"),
        ("UPDATE judging SET comparison = 99 WHERE labels = 'baseline_first'", "name an unknown 99"),
        ("UPDATE comparison SET contender = 'ghost'", "name an unknown 'ghost'"),
        ("UPDATE comparison SET item = 99", "item 99 of run .* is missing"),
        ("DELETE FROM item WHERE number = 0", "item 0 of run .* is missing"),
        ("UPDATE verdict SET preference_a = 1.5", r"a preference outside \[0, 1\]"),
    ],
)
def test_a_damaged_ledger_is_one_clear_error(bench: Bench, statement: str, message: str) -> None:
    """A label, order, judge, contender, comparison or item that is not of the run, a preference that is none."""
    run = bench.run(suite_of(1))
    bench.damage(statement)
    with pytest.raises(LedgerError, match=message):
        bench.tables(run)


def test_a_cut_off_completion_is_judged(tmp_path: Path) -> None:
    """It is the contender's completion all the same."""

    def cut(request: Request) -> Completion:
        return Completion(text=full(request), finish_reason=FinishReason.LENGTH)

    bench = Bench(tmp_path, models={"brief": brief, "full": cut})
    assert (6, 0) == tuple(
        getattr(standing(bench.board(bench.run()), "full"), name) for name in ("n_judgments", "n_failures")
    )


def test_the_scripted_judges_do_what_they_say() -> None:
    """The honest one looks at the texts, `first` at the slot, `silent` says nothing."""
    shown = Presentation.model_validate({"messages": [{"role": "user", "content": "?"}], "a": "aa", "b": "b"})
    assert ("A", "A") == (longer(shown).label, first(shown).label)
    with pytest.raises(Failed):
        silent(shown)
