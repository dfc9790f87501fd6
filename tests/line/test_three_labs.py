"""A contender and a baseline before three labs' judges, over the real libraries: the leaderboard is the policies' own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Result

from brie_bench.testing import FakeProvider
from line.panel import ALIKE, LABS, MIXED, board, called_directly, judges, models, over_a_server, policy, write

SUITE = ROOT / "suites" / "comprehensive57"
TABLES = ("suites", "baseline", "standings", "agreement", "panel_agreement", "retest", "position", "length", "ratings")
N_CALLS = 2 * 57 + 3 * 2 * (57 - 8)
"""Texts that were written again, or at another temperature, are the same here: a pair that occurs twice is judged once."""


def soft(cli: Callable[..., Result], runs: str, labs: tuple[str, ...]) -> list[dict[str, Any]]:
    """The standings by graded preferences; probabilities that travelled as JSON may differ in the last digit."""
    (run,) = (path.parent.name for path in Path(runs).glob("*/run.json"))
    text = cli("leaderboard", run, "--runs", runs, "--soft", "--format", "json").out
    found = json.loads(text, parse_float=lambda number: round(float(number), 9))
    return [row for row in found["standings"] if row["judge"] in labs]


def without_labs(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A policy that is called directly comes from no lab."""
    return [finding for finding in findings if finding["code"] != "same-lab"]


@pytest.mark.parametrize(
    "ways", [ALIKE, dict.fromkeys(LABS, "schema"), MIXED], ids=["text", "schema", "choice where there is one"]
)
def test_the_leaderboard_of_three_labs_is_that_of_their_policies(
    cli: Callable[..., Result],
    plugged: Callable[..., None],
    pointed: Callable[[FakeProvider], None],
    ways: Mapping[str, str],
) -> None:
    """Every figure, in all the ways that a lab has; each call once; graded preferences too, where there are any."""
    plugged(models=models(), judges=judges())
    directly = cli("run", SUITE, "-c", write(called_directly(ways)), "--runs", "direct")
    assert 0 == directly.status, directly.err
    with FakeProvider(policy()) as server:
        pointed(server)
        served = cli("run", SUITE, "-c", write(over_a_server(ways)), "--runs", "served")
        assert 0 == served.status, served.err
        assert (N_CALLS, N_CALLS) == (server.counters.calls, server.counters.billed)
    expected, actual = board("direct"), board("served")
    for table in TABLES:
        assert expected[table] == actual[table], table
    assert without_labs(expected["findings"]) == without_labs(actual["findings"])
    graded = tuple(lab for lab, way in ways.items() if way == "choice")
    assert soft(cli, "direct", graded) == soft(cli, "served", graded)
