"""`brie-bench judge`: recorded completions, judged again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result, judge_class, model_class

from brie_bench import Verdict

from .conftest import export_line

Cli = Callable[..., Result]
Suite = Callable[..., Path]
Plug = Callable[..., None]


def test_judging_again_is_a_new_run_that_names_its_parent(cli: Cli, recorded: str) -> None:
    """With its own folder and leaderboard; the parent stays as it was."""
    before = (Path("runs") / recorded / "leaderboard.json").read_bytes()
    done = cli("judge", recorded, "--judge", "first", "--judge", "mine=longer")
    assert 0 == done.status
    (path,) = [path for path in Path("runs").glob("*/run.json") if path.parent.name != recorded]
    record = json.loads(path.read_text())
    assert (recorded, path.parent.name, ["first", "mine"]) == (
        record["parent"],
        record["run"],
        [each["name"] for each in record["judges"]],
    )
    assert done.out == (path.parent / "leaderboard.md").read_text()
    assert before == (Path("runs") / recorded / "leaderboard.json").read_bytes()


def test_judging_again_calls_no_model(cli: Cli, suite: Suite, plugged: Plug) -> None:
    """And the same command twice calls nothing at all."""
    asked: list[str] = []
    plugged(
        models=(model_class("m", lambda request: asked.append("model") or f"{len(asked)}"),),
        judges=(judge_class("j", lambda shown: asked.append("judge") or Verdict(label="A")),),
    )
    cli("run", suite(2), "--baseline", "b=m", "--contender", "c=m", "--judge", "coin")
    (folder,) = Path("runs").glob("*/")
    asked.clear()
    first = cli("judge", folder.name, "--judge", "j")
    assert ({"judge"}, 0) == (set(asked), first.status)
    asked.clear()
    again = cli("judge", folder.name, "--judge", "j")
    assert ([], first.out) == (asked, again.out)


def test_the_beginning_of_a_runs_id_is_enough(cli: Cli, recorded: str) -> None:
    """As long as only one run begins so."""
    assert 0 == cli("judge", recorded[:7], "--judge", "first").status
    done = cli("judge", "tiny", "--judge", "longer")
    assert (1, 1) == (done.status, done.err.count("\n"))
    assert "'tiny' begins 2 runs. Give more of it: " in done.err


def test_an_imported_run_can_be_judged_again(cli: Cli) -> None:
    """Its texts are judged in both orders, by whoever is named."""
    Path("study.jsonl").write_text("".join(export_line(number) for number in range(3)))
    assert 0 == cli("import", "brie-exports", "study.jsonl", "--run", "study").status
    done = cli("judge", "study", "--judge", "longer", "--judge", "first")
    assert 0 == done.status, done.err
    (path,) = Path("runs").glob("study-*/leaderboard.json")
    rows = {row["judge"]: row for row in json.loads(path.read_text())["standings"] if row["section"] is None}
    assert (6, 6, 1.0) == (rows["longer"]["n_judgments"], rows["longer"]["wins"], rows["longer"]["win_rate"])
    assert (3, 3, 0.5) == (rows["first"]["wins"], rows["first"]["losses"], rows["first"]["win_rate"])


def test_an_imported_run_has_no_drawn_order(cli: Cli) -> None:
    """So it cannot be judged in it."""
    Path("study.jsonl").write_text(export_line(1))
    cli("import", "brie-exports", "study.jsonl", "--run", "study")
    expected = "brie-bench: the records of 'study' were imported: no order was drawn. Use --order both.\n"
    assert Result(2, "", expected) == cli("judge", "study", "--judge", "coin", "--order", "random")


@pytest.mark.parametrize(
    ("status", "expected", "args"),
    [
        (1, "no run 'nope' in runs. Known: tiny-", ["nope", "--judge", "coin"]),
        (1, "no judge 'coinn'. Did you mean 'coin'?", ["tiny", "--judge", "coinn"]),
        (2, "two judges are called 'a'. Write --judge NAME=J.", ["tiny", "--judge", "a=coin", "--judge", "a=first"]),
        (2, "--judge '': key 'name': must not be empty.", ["tiny", "--judge", ""]),
        (
            1,
            "elsewhere/ledger.sqlite: no ledger here yet. Run something first,",
            ["tiny", "--judge", "coin", "--runs", "elsewhere"],
        ),
    ],
)
def test_what_cannot_be_judged_is_one_line(
    cli: Cli, recorded: str, status: int, expected: str, args: list[str]
) -> None:
    """And leaves nothing behind."""
    done = cli("judge", *args)
    assert (status, "", 1) == (done.status, done.out, done.err.count("\n"))
    assert done.err.startswith(f"brie-bench: {expected}")
    assert [recorded] == [path.name for path in Path("runs").glob("*/")]


def test_a_judge_that_is_named_twice_is_asked_once(cli: Cli, recorded: str) -> None:
    """The same words are the same judge."""
    assert 0 == cli("judge", recorded, "--judge", "first", "--judge", "first").status
