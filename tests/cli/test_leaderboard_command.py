"""`brie-bench leaderboard` and `brie-bench runs`: what is recorded, rendered."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Result
from jsonschema import Draft202012Validator

from brie_bench.spec.leaderboard import Leaderboard

from .conftest import export_line

Cli = Callable[..., Result]
Suite = Callable[..., Path]

TOP = {"schema_version", "suites", "runs", "baseline", "records", "standings", "agreement", "panel_agreement", "retest"}
TOP |= {"position", "length", "ratings", "findings"}
ROWS = {
    "suites": "name digest n_prompts n_items",
    "standings": "suite contender baseline judge section soft n_prompts n_pairs n_judgments n_failures wins ties losses win_rate"
    " interval failure_bounds row_rate strict_rate p_value p_adjusted detectable_rate verdict reason",
    "agreement": "suite contender judges n_pairs agreement agreement_interval expected kappa kappa_interval"
    " ac1 ac1_interval reason",
    "panel_agreement": "suite contender alpha alpha_interval fleiss_kappa ac1 unanimous n_pairs",
    "retest": "suite contender judge n_pairs same_order swapped_order",
    "position": "suite contender judge bias interval adjusted_win_rate flip_rate n_prompts",
    "length": "suite contender judge raw length_controlled identified reason",
    "ratings": "contender rating interval rank_low rank_high component",
    "findings": "code severity message count examples",
}


def test_a_recorded_leaderboard_is_recomputed_to_the_byte(cli: Cli, recorded: str) -> None:
    """From the ledger alone, in every form that the run left."""
    folder = Path("runs") / recorded
    assert (folder / "leaderboard.md").read_text() == cli("leaderboard", recorded).out
    assert (folder / "leaderboard.json").read_text() == cli("leaderboard", recorded, "--format", "json").out


def test_the_json_satisfies_its_schema_and_has_every_key_of_the_contract(cli: Cli, suite: Suite) -> None:
    """For a run with three judges."""
    cli("run", suite(8))
    (folder,) = Path("runs").glob("*/")
    done = cli("leaderboard", folder.name, "--format", "json")
    board = json.loads(done.out)
    Draft202012Validator(json.loads((ROOT / "schemas" / "leaderboard.schema.json").read_text())).validate(board)
    Leaderboard.model_validate(board)
    assert set() == TOP - board.keys()
    for key, names in ROWS.items():
        for row in board[key] or []:
            assert set() == set(names.split()) - row.keys()
    assert 4 == len([row for row in board["standings"] if row["section"] is None])
    assert board["agreement"]
    assert board["standings"][0]["interval"].keys() == {"low", "high", "confidence_level", "method"}


@pytest.mark.parametrize("key", ROWS)
def test_the_schema_has_every_key_of_the_contract(key: str) -> None:
    """Whether or not a board has such a row."""
    schema = json.loads((ROOT / "schemas" / "leaderboard.schema.json").read_text())
    assert set() == TOP - schema["properties"].keys()
    reference = re.search(r"#/\$defs/(\w+)", json.dumps(schema["properties"][key]))
    assert reference is not None
    assert set() == set(ROWS[key].split()) - schema["$defs"][reference[1]]["properties"].keys()


def test_the_csv_has_a_row_for_every_standing(cli: Cli, suite: Suite) -> None:
    """With full precision, and nothing where there is no number."""
    cli("run", suite(3), "--judge", "coin", "--judge", "first")
    (folder,) = Path("runs").glob("*/")
    board = json.loads((folder / "leaderboard.json").read_text())
    rows = list(csv.DictReader(io.StringIO(cli("leaderboard", folder.name, "--format", "csv").out)))
    assert len(board["standings"]) == len(rows)
    for standing, row in zip(board["standings"], rows, strict=True):
        assert (standing["win_rate"], standing["interval"]["low"]) == (float(row["win_rate"]), float(row["low"]))
        assert ("", str(standing["wins"])) == (row["p_value"], row["wins"])


def test_a_leaderboard_can_be_written_to_a_file(cli: Cli, recorded: str) -> None:
    """Then nothing is printed; missing folders are made."""
    printed = cli("leaderboard", recorded, "--format", "json").out
    done = cli("leaderboard", recorded, "--format", "json", "--out", "a/b/board.json")
    assert Result(0, "", "") == done
    assert printed == Path("a/b/board.json").read_text()
    done = cli("leaderboard", recorded, "--out", "runs")
    assert (2, "") == (done.status, done.out)


def test_one_run_named_twice_is_one_run(cli: Cli, recorded: str) -> None:
    """By its id or by the beginning of it."""
    assert cli("leaderboard", recorded).out == cli("leaderboard", recorded, recorded, recorded[:6]).out


def test_an_unknown_run_is_told_with_the_known_ones(cli: Cli, recorded: str) -> None:
    """In one line."""
    assert Result(1, "", f"brie-bench: no run 'nope' in runs. Known: {recorded}.\n") == cli("leaderboard", "nope")


@pytest.mark.parametrize("command", [["runs"], ["leaderboard", "x"], ["judge", "x", "--judge", "coin"], ["audit", "x"]])
def test_without_a_ledger_there_is_nothing_to_show(cli: Cli, command: list[str]) -> None:
    """And none is made."""
    done = cli(*command)
    expected = "brie-bench: runs/ledger.sqlite: no ledger here yet. Run something first, or name --runs DIR.\n"
    assert (Result(1, "", expected), False) == (done, Path("runs").exists())


def test_the_runs_are_listed_oldest_first(cli: Cli, recorded: str) -> None:
    """With who met whom, who judged, and the parent of a run that judged again."""
    cli("judge", recorded, "--judge", "first", "--judge", "longer")
    done = cli("runs")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.out.splitlines()[2:]]
    assert (0, "", 2) == (done.status, done.err, len(rows))
    assert [recorded, "authored / plain", "coin", "4"] == rows[0][:4]
    assert ["first, longer", "8", recorded] == [rows[1][2], rows[1][3], rows[1][5]]


def test_an_imported_run_is_listed_too(cli: Cli) -> None:
    """Under the name it was given."""
    Path("study.jsonl").write_text(export_line(1))
    cli("import", "brie-exports", "study.jsonl", "--run", "study")
    assert "| study | brie / baseline" in re.sub(" +", " ", cli("runs").out)
