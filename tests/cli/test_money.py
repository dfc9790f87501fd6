"""What a run would cost, what it did cost, and where that is said: never in a table that is printed after a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Result, model_class

import brie_bench
from brie_bench import (
    Completion,
    FinishReason,
    Model,
    ModelJudge,
    Presentation,
    Request,
    Sampling,
    Turn,
    Usage,
    Verdict,
)

Cli = Callable[..., Result]
Suite = Callable[..., Path]
Plug = Callable[..., None]


def paid(name: str) -> type[Model]:
    """A paid model that no table knows: a hundred tokens in, ten out."""

    def answer(_: Request) -> Completion:
        usage = Usage(input_tokens=100, output_tokens=10)
        return Completion(text=f"{name}: Winner: A", finish_reason=FinishReason.STOP, usage=usage)

    cls = model_class(name, answer)
    cls.paid = True
    return cls


class Reader(ModelJudge):
    """Asks its model, and prefers A."""

    name = "reader"

    class Options(brie_bench.Options):
        """Whom to ask."""

        model: str

    def ask(self, shown: Presentation) -> Request:
        return Request(messages=(Turn(role="user", content=shown.a + shown.b),), sampling=Sampling(max_tokens=20))

    def read(self, shown: Presentation, answer: Completion) -> Verdict:
        return Verdict(label="A")


@pytest.fixture
def run(cli: Cli, suite: Suite, plugged: Plug, tmp_path: Path) -> Callable[..., Result]:
    """Run `dear` against `plain` on two prompts, read by a judge over `cheap`, with prices for both."""
    plugged(models=(paid("dear"), paid("cheap")), judges=(Reader,))
    folder = suite(2)
    (tmp_path / "prices.yaml").write_text("prices: {dear: {input: 1, output: 10}, cheap: {input: 100, output: 1000}}\n")
    config: dict[str, Any] = {
        "baseline": "ngram/plain",
        "contenders": {"dear": "dear"},
        "judges": [{"name": "cheap", "judge": {"name": "reader", "options": {"model": "cheap"}}}],
    }
    (tmp_path / "run.yaml").write_text(json.dumps(config))

    def call(*args: object, prices: str = "prices.yaml") -> Result:
        more = ("--prices", prices) if prices else ()
        return cli("run", folder, "-c", "run.yaml", "--skip-exam", *more, *args)

    return call


def cells(text: str) -> list[list[str]]:
    """The rows of the tables in a text, without their heads."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines[2:]]


def test_a_dry_run_prices_every_contender_and_judge(run: Callable[..., Result]) -> None:
    """Calls, tokens and costs, and what the figures rest on."""
    done = run("--dry-run")
    rows = cells(done.out)
    assert ["completions by baseline", "completions by dear", "judgments by cheap", "in all"] == [
        row[0] for row in rows
    ]
    # two prompts of 32 bytes, 512 tokens: 8 in and 256 out, at most 32 + 80 in and 512 out; 1 and 10 dollars a million
    assert ["2", "0", "2", "16", "512", "$0.0051", "$0.010"] == rows[1][1:]
    # four judgments of two texts of 256 tokens: 512 in and 10 out; at most 4 096 + 80 in and 20 out
    assert ["4", "0", "4", "2048", "40", "$0.24", "$1.75"] == rows[2][1:]
    assert ["$0.25", "$1.76"] == rows[3][6:]
    assert "Estimated: 4 bytes sent are a token" in done.out
    assert (0, "", False) == (done.status, done.err, Path("runs").exists())


def test_an_unknown_price_is_unknown_and_makes_the_sum_a_lower_bound(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    """Never 0; the reason and the mend stand below."""
    (tmp_path / "prices.yaml").write_text("prices: {dear: {input: 1, output: 10}}\n")
    done = run("--dry-run")
    rows = cells(done.out)
    assert (["unknown", "unknown"], ["at least $0.0051", "at least $0.010"]) == (rows[2][6:], rows[3][6:])
    assert (
        "- judgments by cheap: no table knows what this server charges; name it in a file for --prices: 'cheap'"
        in done.out
    )
    assert ["unknown", "unknown"] == cells(run("--dry-run", prices="").out)[3][6:]


def test_a_run_says_what_it_cost_beside_the_forecast(run: Callable[..., Result]) -> None:
    """On stderr: two completions of 0.0002 dollars, four judgments of 0.02; nothing the second time."""
    done = run()
    assert 0 == done.status
    assert "cost: $0.080; forecast $0.25, at most $1.76\n" in done.err
    assert "cost: $0.00; forecast $0.00, at most $0.00\n" in run().err


def test_what_is_not_known_is_said_after_the_run(run: Callable[..., Result]) -> None:
    """Without any price."""
    err = run(prices="").err
    assert "cost: unknown; forecast unknown, at most unknown; what 6 recorded calls cost is not known\n" in err


def test_the_leaderboards_files_say_what_the_records_cost(run: Callable[..., Result], cli: Cli) -> None:
    """By contender and judge; what is printed holds no cost."""
    done = run()
    (folder,) = Path("runs").glob("*/")
    written = (folder / "leaderboard.md").read_text()
    assert written.startswith(done.out)
    footer = written.removeprefix(done.out)
    assert [["contender dear", "2", "0", "$0.00040"], ["judge cheap", "4", "0", "$0.080"]] == cells(footer)
    assert "These records cost $0.080 in all." in footer
    for printed in (done.out, cli("leaderboard", folder.name).out):
        assert "$" not in printed
    board = json.loads((folder / "leaderboard.json").read_text())
    assert [
        {"role": "contender", "name": "dear", "n_calls": 2, "n_unknown": 0, "dollars": pytest.approx(0.0004)},
        {"role": "judge", "name": "cheap", "n_calls": 4, "n_unknown": 0, "dollars": pytest.approx(0.08)},
    ] == board["costs"]
    assert board == json.loads(cli("leaderboard", folder.name, "--format", "json").out)


def test_a_free_run_speaks_of_no_cost(cli: Cli, suite: Suite) -> None:
    """Neither after the run nor in its files."""
    done = cli("run", suite(2), "--judge", "coin")
    (folder,) = Path("runs").glob("*/")
    assert ("cost" in done.err, done.out) == (False, (folder / "leaderboard.md").read_text())
    assert [] == json.loads((folder / "leaderboard.json").read_text())["costs"]


def test_judging_again_can_be_priced_first(run: Callable[..., Result], cli: Cli) -> None:
    """The recorded texts are judged, so their length is known; nothing is written, and no run is made."""
    run()
    (folder,) = Path("runs").glob("*/")
    (Path("more.yaml")).write_text("prices: {dear: {input: 1, output: 10}}\n")
    again = ("judge", folder.name, "--judge", "dear", "--prices", "more.yaml", "--skip-exam")
    done = cli(*again, "--dry-run")
    assert (0, ["judgments by dear", "4", "0", "4"], 1) == (
        done.status,
        cells(done.out)[0][:4],
        len([*Path("runs").glob("*/")]),
    )
    assert "cost: $0.00080; forecast" in cli(*again).err


@pytest.mark.parametrize("text", ["prices: {x: {input: -1, output: 1}}", "{", "prices: 3"])
def test_a_bad_price_file_ends_the_command_in_one_line(run: Callable[..., Result], text: str) -> None:
    """With its name; nothing is run."""
    Path("bad.yaml").write_text(text)
    done = run(prices="bad.yaml")
    assert (1, "", 1, True) == (done.status, done.out, done.err.count("\n"), "bad.yaml" in done.err)
    assert not Path("runs").exists()
