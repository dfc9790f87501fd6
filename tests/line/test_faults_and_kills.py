"""The whole line where everything goes wrong now and then: nothing is lost, nothing is paid twice, nothing is made up."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Result

from brie_bench.engine import settings
from brie_bench.engine.ledger import Ledger
from brie_bench.testing import Counters, FakeProvider
from line.faulty import TIMEOUT, Command, faults, impatient
from line.panel import ALIKE, LABS, MIXED, board, labels, over_a_server, policy, write

Cli = Callable[..., Result]
Suite = Callable[..., Path]
Pointed = Callable[[FakeProvider], None]

PRICES = {"input": 2.0, "output": 5.0}
"""US dollars for a million tokens, whatever the model."""
CONNECTIONS = 4
KILLS = 2


def cost(counters: Counters) -> float:
    """What the server billed, in dollars."""
    return (counters.usage.input * PRICES["input"] + counters.usage.output * PRICES["output"]) / 1e6


def records(runs: Path | str = "runs") -> list[dict[str, Any]]:
    """Every recorded completion, verdict and failure."""
    with Ledger(Path(runs), create=False) as ledger:
        assert [("ok",)] == ledger.select("PRAGMA integrity_check")
        return [
            json.loads(text)
            for (text,) in ledger.select("SELECT record FROM completion UNION ALL SELECT record FROM prose")
        ]


def noted(runs: str = "runs") -> float:
    """What the run may have spent, as its ledger says; 0 where nothing was asked yet."""
    if not (Path(runs) / "ledger.sqlite").exists():
        return 0.0
    with Ledger(Path(runs), create=False) as ledger:
        return float(ledger.select("SELECT coalesce(sum(dollars), 0) FROM spending")[0][0])


def tokens(record: dict[str, Any], name: str) -> int:
    """How many of these a record says that it took; 0 where that is not known."""
    return record.get("usage", {}).get(name) or 0


def tables(runs: Path | str) -> dict[str, Any]:
    """A leaderboard without what it cost to get there."""
    return {name: value for name, value in board(runs).items() if name != "costs"}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "Patience", impatient)


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """A price for every model."""
    names = ["google/plain", "openai/rich", *(f"{lab}/judge-{lab}" for lab in LABS)]
    path = tmp_path / "prices.yaml"
    path.write_text(json.dumps({"prices": dict.fromkeys(names, PRICES)}))
    return path


def test_what_is_recorded_is_what_the_server_counted(cli: Cli, suite: Suite, pointed: Pointed, prices: Path) -> None:
    """Under 5 % of each fault: attempts and calls, answers, tokens and dollars."""
    with FakeProvider(policy(), faults(0.05, seed=3)) as server:
        pointed(server)
        config = write(over_a_server(MIXED, timeout=TIMEOUT))
        done = cli("run", suite(8), "-c", config, "--prices", prices)
        counters = server.counters
    assert 0 == done.status, done.err
    found = records()
    assert counters.calls == sum(record.get("attempts", 1) for record in found)
    assert counters.billed == sum(tokens(record, "input_tokens") > 0 for record in found)
    assert counters.usage.input == sum(tokens(record, "input_tokens") for record in found)
    assert counters.usage.output == sum(tokens(record, "output_tokens") for record in found)
    assert 0 < sum(row["dollars"] or 0 for row in board("runs")["costs"]) <= cost(counters)  # no guess is a cost
    assert 15 < len(counters.faults)
    kinds = Counter(record["kind"] for record in found if "kind" in record)
    assert {"error", "refused"} <= set(kinds)
    assert not {"fatal", "timeout"} & set(kinds)


@pytest.fixture
def commands() -> Iterator[list[Command]]:
    """Commands whose processes do not outlive the test."""
    made: list[Command] = []
    yield made
    for each in made:
        each.clear()


def killed_and_repeated(
    cli: Cli,
    folder: Path,
    pointed: Pointed,
    prices: Path,
    commands: list[Command],
    *,
    seed: int,
    step: int,
    limited: float | None = None,
) -> None:
    """Kill the run at random moments, under a cost limit that it reaches; let it end; raise the limit; heal the server."""
    source = random.Random(seed)
    args = ("run", folder, "-c", write(over_a_server(ALIKE, timeout=TIMEOUT)), "--prices", prices)
    args += ("--max-connections", CONNECTIONS)
    with FakeProvider(policy(), faults(0.05, seed=seed, limited=limited), keep=None) as server:
        pointed(server)
        commands.append(command := Command(Path.cwd(), server, args))
        limit = 0.05
        for _ in range(KILLS):
            command.kill_after(source.randrange(1, step), "--cost-limit", limit)
            assert cost(server.counters) <= noted() <= limit
        done = cli(*args, "--cost-limit", limit)
        assert cost(server.counters) <= noted() <= limit
        assert 1 == done.status
        assert "the cost limit of $0.05 leaves no room for another call" in done.err
        done = cli(*args, "--cost-limit", 50)
        assert 0 == done.status, done.err
        assert "Traceback" not in done.err
        counters = server.counters
        billed = Counter((entry.path, entry.body) for entry in server.log if entry.billed)
    found = records()
    n_recorded = sum(tokens(record, "input_tokens") > 0 for record in found)
    lost = counters.billed - n_recorded
    assert 0 <= lost <= KILLS * len(LABS) * CONNECTIONS  # what was in flight when it was killed
    assert sum(times - 1 for times in billed.values()) <= lost
    disturbed = labels("runs")
    with FakeProvider(policy(), port=int(server.url.rpartition(":")[2])) as healthy:
        again = cli(*args, "--retry-failures")
        assert (0, healthy.counters.calls) == (again.status, healthy.counters.billed)
        undisturbed = cli(*args, "--runs", "undisturbed")
    assert 0 == undisturbed.status
    expected = labels("undisturbed")
    judged = {place: label for place, (label, kind) in disturbed.items() if kind is None}
    assert len(judged) > len(expected) / 5
    assert judged == {place: expected[place][0] for place in judged}
    assert expected == labels("runs")
    assert tables("undisturbed") == tables("runs")
    assert undisturbed.out == again.out


@pytest.mark.slow
def test_a_run_that_is_killed_twice_under_faults_ends_as_an_undisturbed_one(
    cli: Cli, suite: Suite, pointed: Pointed, prices: Path, commands: list[Command]
) -> None:
    """Every judgment once; what was paid for and lost was in flight; the limit is kept; the leaderboard is the same."""
    killed_and_repeated(cli, suite(5), pointed, prices, commands, seed=1, step=25)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_the_whole_suite_killed_twice_under_faults_ends_as_an_undisturbed_one(
    cli: Cli, pointed: Pointed, prices: Path, commands: list[Command], seed: int
) -> None:
    """The same with all of comprehensive57."""
    folder = ROOT / "suites" / "comprehensive57"
    killed_and_repeated(cli, folder, pointed, prices, commands, seed=seed, step=60, limited=0.05)
