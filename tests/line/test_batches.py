"""`--batch` before each lab's service, the process killed when a batch has just been made: nothing is submitted twice."""

from __future__ import annotations

import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Result

from brie_bench.testing import BatchScript, Endpoint, FakeProvider, at, trickling
from line.faulty import PATIENCE, Command
from line.panel import LABS, board, labels, over_a_server, policy, write

N = 3
POSTED = ("--batch", "--batch-pause", "0.1", "--timeout", "3")


def config(lab: str) -> dict[str, Any]:
    """One lab's models in every part."""
    return over_a_server({lab: "schema"}) | {
        "baseline": {"name": "plain", "model": f"{lab}/plain"},
        "contenders": {"rich": f"{lab}/rich"},
    }


def look(server: FakeProvider) -> None:
    """Somebody looks at anthropic's batches: of one that is only listed, the fake service never says that it has ended."""
    for batch in server.batches:
        if batch.protocol == "anthropic":
            url = f"{server.anthropic_url}/v1/messages/batches/{batch.id}"
            urllib.request.urlopen(urllib.request.Request(url, headers={"x-api-key": "k"})).close()


@pytest.fixture
def commands() -> Iterator[list[Command]]:
    """Commands whose processes do not outlive the test."""
    made: list[Command] = []
    yield made
    for each in made:
        each.clear()


@pytest.mark.parametrize("lab", LABS)
def test_a_batch_that_was_made_when_its_run_was_killed_is_found_and_not_made_again(
    cli: Callable[..., Result],
    suite: Callable[..., Path],
    pointed: Callable[[FakeProvider], None],
    commands: list[Command],
    lab: str,
) -> None:
    """Its name never arrived: the next command finds it by its mark. The leaderboard is that of a run call by call."""
    args = ("run", suite(N), "-c", write(config(lab)))
    slowly = at(trickling(PATIENCE), 2).only(endpoints={Endpoint.BATCH_CREATE})
    with FakeProvider(policy(), slowly, batches=BatchScript(polls=0)) as server:
        pointed(server)
        commands.append(command := Command(Path.cwd(), server, (*args, *POSTED)))
        process = command.start()
        end = time.monotonic() + PATIENCE
        while len(server.batches) < 2:  # the second one's answer is on its way, and will not arrive
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            time.sleep(0.01)
        command.kill(process)
        look(server)
        done = cli(*args, *POSTED)
        assert 0 == done.status, done.err
        assert [N, N, 2 * N] == [len(batch.rows) for batch in reversed(server.batches)]
        rows = Counter(str(row.body) for batch in server.batches for row in batch.rows)
        assert {1} == set(rows.values())
        assert (4 * N, 0) == (server.counters.batch_rows, server.counters.billed)
        called = cli(*args, "--runs", "called")
    assert (0, done.out) == (called.status, called.out)
    assert labels("called") == labels("runs")
    assert board("called")["standings"] == board("runs")["standings"]
