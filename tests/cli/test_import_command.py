"""`brie-bench import`: recorded judgments in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Result
from pydantic import Field

import brie_bench
from brie_bench import Importer, Unreadable
from brie_bench.cli.import_command import parse_options

from .conftest import export_line

Cli = Callable[..., Result]


def test_an_import_prints_its_leaderboard(cli: Cli) -> None:
    """What was read, on stderr; the leaderboard on stdout and in the run's folder."""
    lines = [export_line(1), export_line(2, "Response B"), export_line(3, "Response B"), export_line(4, "Tie")]
    Path("study.jsonl").write_text("".join(lines))
    done = cli("import", "brie-exports", "study.jsonl", "--run", "study")
    assert (0, "imported 4 judgments as run study, 0 of them failures\n") == (done.status, done.err)
    assert done.out == Path("runs/study/leaderboard.md").read_text()
    panel = json.loads(Path("runs/study/leaderboard.json").read_text())["standings"][0]
    assert (2, 1, 1) == (panel["wins"], panel["ties"], panel["losses"])


def test_unreadable_lines_are_told_and_the_rest_is_read(cli: Cli) -> None:
    """With file, line and reason, in plain text."""
    lines = [export_line(1), "{broken\n", '{"prompt": "x"}\n', export_line(2, judgment=5), export_line(3)]
    name = "st\x1b[31mudy.jsonl"
    Path(name).write_text("".join(lines))
    done = cli("import", "brie-exports", name, "--run", "study")
    told = done.err.splitlines()
    assert (0, 4, "imported 2 judgments as run study, 0 of them failures, 3 lines unreadable") == (
        done.status,
        len(told),
        told[-1],
    )
    assert [f"st\\x1b[31mudy.jsonl:{number}: " for number in (2, 3, 4)] == [
        line[: line.index(": ") + 2] for line in told[:3]
    ]
    assert "\x1b" not in done.err + done.out


def test_only_the_first_unreadable_lines_are_shown(cli: Cli) -> None:
    """And how many there are more."""
    Path("study.jsonl").write_text(export_line(1) + "{\n" * 50)
    told = cli("import", "brie-exports", "study.jsonl", "--run", "study").err.splitlines()
    assert (22, "… and 30 more; all of them are in runs/study/unreadable.jsonl") == (len(told), told[20])
    lines = [json.loads(line) for line in Path("runs/study/unreadable.jsonl").read_text().splitlines()]
    assert [("study.jsonl", number) for number in range(2, 52)] == [(each["source"], each["line"]) for each in lines]
    assert "not valid JSON" in lines[0]["reason"]


def test_what_could_not_be_read_is_on_the_board_and_fails_a_strict_audit(cli: Cli) -> None:
    """As an error above one in twenty; a file without such lines leaves no list of them."""
    Path("study.jsonl").write_text("".join(map(export_line, range(20))) + "{\n" * 2)
    assert "(`unreadable-records`)" in cli("import", "brie-exports", "study.jsonl", "--run", "study").out
    done = cli("audit", "study", "--strict")
    assert (100, True) == (done.status, "- error `unreadable-records` (2): 2 of 22 records" in done.out)
    Path("whole.jsonl").write_text(export_line(1))
    cli("import", "brie-exports", "whole.jsonl", "--run", "whole")
    assert not Path("runs/whole/unreadable.jsonl").exists()


def test_a_copy_is_told(cli: Cli) -> None:
    """With the file it repeats."""
    lines = "".join(map(export_line, range(6)))
    Path("a.jsonl").write_text(lines)
    Path("b.jsonl").write_text(lines + "\n")
    told = cli("import", "brie-exports", "a.jsonl", "b.jsonl", "--run", "study").err.splitlines()
    assert [
        "b.jsonl: 6 of 6 records are those of a.jsonl, and are left out",
        "imported 6 judgments as run study, 0 of them failures",
    ] == told


def test_the_tuned_model_of_an_export_is_called_as_one_says(cli: Cli) -> None:
    """Several models have exports of this form."""
    Path("study.jsonl").write_text(export_line(1))
    cli("import", "brie-exports", "study.jsonl", "--run", "small", "-o", "contender=brie-0.5b")
    assert "brie-0.5b" == json.loads(Path("runs/small/leaderboard.json").read_text())["standings"][0]["contender"]
    done = cli("import", "brie-exports", "study.jsonl", "--run", "x", "-o", "contender=a b")
    assert (1, True) == (done.status, done.err.startswith("brie-bench: importer 'brie-exports': key 'contender': "))
    done = cli("import", "brie-exports", "study.jsonl", "--run", "x", "-o", "contender=baseline")
    assert "study.jsonl:1: 'baseline' is compared with itself, and not on one text" in done.err


def test_what_an_importer_says_is_printed_plainly(cli: Cli, plugged: Callable[..., None]) -> None:
    """Its reasons may quote anybody."""

    class Rude(Importer):
        """Reads nothing, rudely."""

        name = "rude"

        def read(self, paths: Any) -> Iterator[Unreadable]:
            yield Unreadable(source="\x1b]0;x\x07", line=1, reason="\x1b[2J\u202ebad")

    plugged(importers=(Rude,))
    Path("x").write_text("")
    done = cli("import", "rude", "x", "--run", "x")
    assert (1, "", 1) == (done.status, done.out, done.err.count("\n"))
    assert "\x1b" not in done.err
    assert "\u202e" not in done.err


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (1, "x=1"),
        (-2.5, "x=-2.5"),
        (True, "x=true"),
        (None, "x="),
        ("a=b", "x=a=b"),
        ("[1]", "x=[1]"),
        ("{a: b}", "x={a: b}"),
        ("2026-13-45", "x=2026-13-45"),
        ("2026-02-28", "x=2026-02-28"),
        ("!!bool y", "x=!!bool y"),
        ("!!timestamp y", "x=!!timestamp y"),
        ("[1", "x=[1"),
        ("9" * 5000, f"x={'9' * 5000}"),
        ("\x1b", "x=\x1b"),
    ],
)
def test_an_importers_option_is_what_yaml_reads_or_text(expected: object, text: str) -> None:
    """A number, true, false or nothing; whatever is none of these is the text that was written."""
    found = parse_options([text])["x"]
    assert (expected, type(expected)) == (found, type(found))


def test_an_importer_is_given_its_options(cli: Cli, plugged: Callable[..., None]) -> None:
    """As the command names them, checked like any plugin's."""
    given: list[Any] = []

    class Fussy(Importer):
        """Takes one option."""

        name = "fussy"

        class Options(brie_bench.Options):
            """One."""

            column: str = Field(description="Which.")

        def read(self, paths: Any) -> Iterator[Unreadable]:
            given.append(self.options)
            yield Unreadable(source="x", line=1, reason="nothing")

    plugged(importers=(Fussy,))
    cli("import", "fussy", "x", "--run", "x", "-o", "column=y")
    assert ["y"] == [options.column for options in given]
    for expected, option in (
        ("importer 'fussy': key 'colunm' is not known. Did you mean 'column'?", "colunm=y"),
        ("importer 'fussy': key 'column': must be text.", "column=5"),
        ("no plugin reference: key 'options': nan is no JSON number.", "column=.nan"),
    ):
        done = cli("import", "fussy", "x", "--run", "x", "-o", option)
        assert (1, "", True) == (done.status, done.out, done.err.startswith(f"brie-bench: {expected}"))


@pytest.mark.parametrize(
    ("status", "expected", "args"),
    [
        (2, "--option 'x' is no KEY=VALUE.", ["brie-exports", "x.jsonl", "--run", "x", "-o", "x"]),
        (2, "--option '=x' is no KEY=VALUE.", ["brie-exports", "x.jsonl", "--run", "x", "-o", "=x"]),
        (2, "--option 'x' is given twice.", ["brie-exports", "x.jsonl", "--run", "x", "-o", "x=1", "-o", "x=2"]),
        (1, "no importer 'brie-export'. Did you mean 'brie-exports'?", ["brie-export", "x.jsonl", "--run", "x"]),
        (1, "absent.jsonl: no such file.", ["brie-exports", "absent.jsonl", "--run", "x"]),
        (1, ".: this is a folder, a file is needed.", ["brie-exports", ".", "--run", "x"]),
        (1, "no judgment could be read. ", ["brie-exports", "bad.jsonl", "--run", "x"]),
        (
            1,
            "there is a run 'study' already. Choose another --run NAME.",
            ["brie-exports", "x.jsonl", "--run", "study"],
        ),
        (2, "--run 'a/b' is no name:", ["brie-exports", "x.jsonl", "--run", "a/b"]),
        (2, "--run '../x' is no name:", ["brie-exports", "x.jsonl", "--run", "../x"]),
        (2, "--run 'x ' is no name:", ["brie-exports", "x.jsonl", "--run", "x\n"]),
        (2, "Missing option '--run'.", ["brie-exports", "x.jsonl"]),
        (2, "Missing argument 'PATH…'.", ["brie-exports", "--run", "x"]),
    ],
)
def test_what_cannot_be_imported_is_one_line(cli: Cli, status: int, expected: str, args: list[str]) -> None:
    """And nothing of it is kept."""
    Path("x.jsonl").write_text(export_line(1))
    Path("bad.jsonl").write_text("[]\n")
    assert 0 == cli("import", "brie-exports", "x.jsonl", "--run", "study").status
    done = cli("import", *args)
    assert (status, "", 1) == (done.status, done.out, done.err.count("\n"))
    assert done.err.startswith(f"brie-bench: {expected}")
    assert ["study"] == [path.name for path in Path("runs").glob("*/")]
