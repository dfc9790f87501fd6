"""Several tables on one leaderboard: equal names mean equal things."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from brie_bench.report.leaderboard import make_leaderboard
from brie_bench.report.naming import distinguish
from brie_bench.report.table import Player, Table, merge
from brie_bench.spec.leaderboard import Records

from .records import record, records
from .runs import Bench
from .tables import WIN, Row, rows_of, table_of


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "runs")


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
    """Judges without a digest of two runs are two, as those of two files of one import are."""
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


def test_sections_of_one_name_and_two_kinds_are_kept_apart() -> None:
    """Over the same prompts; of different suites they may be called alike."""
    tables = [
        table_of([Row("p", WIN)], kinds={"all": kind}, run=run, digest=digest)
        for run, kind, digest in (("r1", "in_domain", "x"), ("r2", "out_of_domain", "x"), ("r3", "length", "y"))
    ]
    assert ["all", "all@r2", "all"] == [each.sections[0].name for each in distinguish(tables)]
    grounds = [
        (row.kind, row.sections, row.n_judgments) for row in make_leaderboard([merge(distinguish(tables[:2]))]).grounds
    ]
    assert [("in_domain", ("all",), 1), ("out_of_domain", ("all@r2",), 1)] == grounds


# sides that were imported


def sides(run: str, texts: dict[str, set[str]], file: str = "") -> Table:
    """An import in which `tuned` and `base` wrote these texts, by prompt."""
    files = (Records(path=file, sha256=file),) if file else ()
    wrote = {"tuned": texts, "base": texts}
    return table_of(rows_of([WIN]), run=run, imported=True, records=files, texts=wrote)


@pytest.mark.parametrize(
    ("same", "one", "two"),
    [
        (True, sides("r1", {"p": {"x"}}), sides("r2", {"p": {"x"}})),
        (True, sides("r1", {"p": {"x"}, "q": {"y"}}), sides("r2", {"p": {"x", "z"}, "r": {"w"}})),
        (False, sides("r1", {"p": {"x"}, "q": {"y"}}), sides("r2", {"p": {"x"}, "q": {"z"}})),
        (False, sides("r1", {"p": {"x"}}), sides("r2", {"q": {"x"}})),
        (False, sides("r1", {}), sides("r2", {})),
        (False, sides("r1", {}, "a"), sides("r2", {}, "b")),
        (True, sides("r1", {}, "a"), sides("r2", {}, "a")),
        (False, sides("r1", {"p": {"x"}}, "a"), sides("r2", {"p": {"y"}}, "a")),
    ],
    ids=["one text", "one of several", "one differs", "no prompt", "no text", "two files", "one file", "other texts"],
)
def test_imported_sides_are_told_by_what_they_wrote(same: bool, one: Table, two: Table) -> None:
    """On every prompt that both imports hold, and by their files where no prompt is shared; never by the name alone."""
    first, second = distinguish([one, two])
    names = ("base", "tuned") if same else ("base@r2", "tuned@r2")
    assert ("base", "tuned") == (first.baseline.name, first.contenders[0].name)
    assert names == (second.baseline.name, second.contenders[0].name)


def test_what_a_third_import_shares_with_either_of_two_is_theirs() -> None:
    """What is known to be one thing is known by all of its texts."""
    tables = [sides("r1", {"p": {"x"}}), sides("r2", {"p": {"x"}, "q": {"y"}}), sides("r3", {"q": {"y"}})]
    assert ["tuned"] * 3 == [each.contenders[0].name for each in distinguish(tables)]


def test_two_models_of_one_name_are_two(bench: Bench) -> None:
    """Two imports over the same prompts, whose baselines wrote the same: one table, two contenders."""
    bench.records(records(8), "large")
    bench.records([record(n, source="b", texts=(f"Else: {n}.", f"Briefly: {n}.")) for n in range(8)], "small")
    board = bench.board("large", "small")
    rates = {row.contender: row.n_pairs for row in board.standings if row.judge is None and row.section is None}
    assert ({"tuned": 8, "tuned@small": 8}, "base") == (rates, board.baseline)


def test_one_model_before_two_judges_is_one(bench: Bench) -> None:
    """Two imports of the same texts are one contender on one panel; so are an import and its own judging anew."""
    bench.records(records(8), "ann")
    bench.records(records(8, source="b", judge="bob"), "bob")
    again = bench.judge("ann", "longer")
    board = bench.board("ann", "bob", again)
    assert {("tuned", "base")} == {(row.contender, row.baseline) for row in board.standings}
    assert {None, "ann", "bob", "longer"} == {row.judge for row in board.standings}
    assert ["pass.jsonl", "b"] == [each.path for each in board.records]
