"""`brie-bench judge-exam`: a table of what each judge passed, and an exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result, judge_class, model_class

from brie_bench import Failed, Presentation, Verdict, testing

Cli = Callable[..., Result]
Suite = Callable[..., Path]
Plug = Callable[..., None]


def cells(table: str) -> dict[str, list[str]]:
    """The cells of a markdown table by their row's first."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {row[0]: row[1:] for row in rows}


def test_a_table_says_what_each_judge_passed(cli: Cli) -> None:
    """A column a judge, a row a part; who is unfit is said on stderr, with counts; exit 100."""
    done = cli("judge-exam", "variety", "mine=first")
    found = cells(done.out)
    better = "names the better text in both orders"
    assert (100, True) == (done.status, all(line.startswith("|") for line in done.out.splitlines()))
    assert ["the judge", "else", "variety", "mine"] == found["part"]
    assert ["names no one letter for equal texts", "warning", "3 of 3", "0 of 3"] == found["identical"]
    assert ["names the same text in both orders", "unfit", "2 of 2", "0 of 2"] == found["swapped"]
    assert [better, "unfit", "2 of 2", "1 of 2"] == found["choose-me"]
    assert [better, "warning", "2 of 2", "1 of 2"] == found["other-language"]
    assert ["", "", "**fit**", "**unfit**"] == found["**in all**"]
    assert "brie-bench: 'mine' is unfit: swapped 0 of 2, empty 1 of 2, " in done.err
    assert "variety" not in done.err


def test_a_fit_judge_exits_0_and_is_remembered(cli: Cli, plugged: Plug) -> None:
    """The same command again asks nothing and prints the same."""
    calls: list[Presentation] = []

    def decide(shown: Presentation) -> Verdict:
        calls.append(shown)
        return Verdict(label=testing.honest().opinion(shown).label)  # type: ignore[arg-type, union-attr]

    plugged(judges=(judge_class("j", decide),))
    first = cli("judge-exam", "j")
    again = cli("judge-exam", "j")
    assert (0, 0, first.out, "", 21) == (first.status, again.status, again.out, again.err, len(calls))


def test_answers_without_a_verdict_are_counted_by_kind(cli: Cli, plugged: Plug) -> None:
    """A model's name means the rubric judge over it."""
    plugged(models=(testing.model_class("shy", testing.refusing()), testing.model_class("vague", testing.says("Hm."))))
    done = cli("judge-exam", "shy", "vague")
    assert (100, ["0 of 2 (2 refused)", "0 of 2 (2 unparsed)"]) == (done.status, cells(done.out)["empty"][2:])


def test_a_judge_that_cannot_be_asked_is_no_unfit_one(cli: Cli, plugged: Plug) -> None:
    """Exit 1, in one line; nothing hostile in it reaches the terminal."""

    def decide(shown: Presentation) -> Verdict:
        raise Failed("fatal", "set \x1b[31mTHE_KEY")

    plugged(judges=(judge_class("j", decide),))
    done = cli("judge-exam", "j")
    assert (1, "**not examined**") == (done.status, cells(done.out)["**in all**"][-1])
    assert "brie-bench: 'j' could not be examined: set \\x1b[31mTHE_KEY\n" in done.err


@pytest.mark.parametrize(
    ("status", "expected", "args"),
    [
        (1, "no judge 'coinn'. Did you mean 'coin'?", ["coinn"]),
        (2, "two judges are called 'a'. Write --judge NAME=J.", ["a=coin", "a=first"]),
    ],
)
def test_what_cannot_be_examined_is_one_line(cli: Cli, status: int, expected: str, args: list[str]) -> None:
    """And leaves nothing behind."""
    done = cli("judge-exam", *args)
    assert (status, "", False) == (done.status, done.out, Path("runs").exists())
    assert done.err.startswith(f"brie-bench: {expected}")


def test_no_judge_is_wrong_usage(cli: Cli) -> None:
    """Somebody must be named."""
    assert 2 == cli("judge-exam").status


@pytest.fixture
def dear(plugged: Plug) -> None:
    """A model whose calls cost money, and who always answers A."""
    model = model_class("dear", lambda request: "Winner: A")
    model.paid = True
    plugged(models=(model,))


@pytest.mark.usefixtures("dear")
def test_a_run_stops_at_an_unfit_paid_judge(cli: Cli, suite: Suite) -> None:
    """Exit 100 with one line that names the way round; with it, the run goes on and its record says so."""
    folder = suite(1)
    done = cli("run", folder, "--judge", "dear")
    line = done.err.splitlines()[-1]
    assert (100, "") == (done.status, done.out)
    assert line.startswith("brie-bench: failed the judge exam: 'dear' (swapped 0 of 2, ")
    assert "add --skip-exam" in line
    done = cli("run", folder, "--judge", "dear", "--skip-exam")
    [record] = Path("runs").glob("*/run.json")
    assert (0, True) == (done.status, json.loads(record.read_text())["skip_exam"])


@pytest.mark.usefixtures("dear")
def test_judging_again_stops_there_too(cli: Cli, recorded: str) -> None:
    """And can be told not to."""
    assert 100 == cli("judge", recorded, "--judge", "dear").status
    assert 0 == cli("judge", recorded, "--judge", "dear", "--skip-exam").status
