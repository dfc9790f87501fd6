"""Judgments that others recorded and published, imported: the published numbers come out."""

from __future__ import annotations

import csv
import gzip
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brie_bench_alpaca_eval import AlpacaEval
from brie_bench_brie_exports import BrieExports
from brie_bench_fastchat import FastChat
from conftest import Result

from brie_bench import Imported, Judgment
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.records.importing import import_records
from brie_bench.report.publish import leaderboard_of
from brie_bench.report.reading import read_table
from brie_bench.report.table import Table
from brie_bench.spec.leaderboard import Leaderboard
from brie_bench.stats import win_rate

MODELS = (
    "FuseChat-Gemma-2-9B-Instruct",
    "FuseChat-Llama-3.2-3B-Instruct",
    "NullModel",
    "claude",
    "claude-2",
    "gpt-3.5-turbo-0301",
    "gpt-3.5-turbo-1106",
    "gpt-3.5-turbo-1106_concise",
    "gpt-3.5-turbo-1106_verbose",
    "gpt35_turbo_instruct",
    "gpt4_1106_preview",
    "oasst-sft-pythia-12b",
)
REFERENCE = "gpt4_1106_preview"


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The objects of a compressed JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def rows_of(folder: Path, model: str) -> list[dict[str, str]]:
    """A model's annotations, as the recorded set keeps them."""
    with (folder / "annotations" / f"{model}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def completion(row: dict[str, str]) -> dict[str, Any] | None:
    """The judge's raw answer, as AlpacaEval writes it."""
    if not row["raw_label"]:
        return None
    first = float(row["p_first_label_m"])
    listed = [{"token": token, "logprob": math.log(p)} for token, p in (("m", first), ("M", 1.0 - first)) if p > 0.0]
    return {"logprobs": {"content": [{"token": row["raw_label"], "top_logprobs": listed}]}, "text": row["raw_label"]}


def annotations(folder: Path, model: str, asked: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A model's annotations.json, rebuilt from its parts."""
    path = folder / "outputs" / f"{model}.jsonl.gz"
    outputs = {each["index"]: each["output"] for each in (lines_of(path) if path.exists() else [])}
    if model == REFERENCE:
        outputs = {each["index"]: each["output"] for each in asked}
    for row in rows_of(folder, model):
        given = asked[int(row["index"])]
        yield {
            "instruction": given["instruction"],
            "output_1": given["output"],
            "generator_1": given["generator"],
            "dataset": given["dataset"],
            "output_2": outputs.get(given["index"], "one text for all"),
            "generator_2": model,
            "annotator": "weighted_alpaca_eval_gpt4_turbo",
            "preference": float(row["preference"]),
            "raw_completion": completion(row),
        }


@pytest.fixture(scope="module")
def alpaca(shared: Path) -> Path:
    """The folder of twelve models' recorded annotations."""
    return shared / "alpaca_eval_2"


@pytest.fixture(scope="module")
def files(alpaca: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The twelve annotations.json, each in a folder of its model's."""
    asked = lines_of(alpaca / "instructions_and_baseline.jsonl.gz")
    paths = []
    for model in MODELS:
        paths.append(tmp_path_factory.mktemp("results") / model / "annotations.json")
        paths[-1].parent.mkdir()
        paths[-1].write_text(json.dumps(list(annotations(alpaca, model, asked)), indent=2))
    return paths


@pytest.fixture(scope="module")
def judgments(files: list[Path]) -> list[Imported]:
    """All that the importer reads in them."""
    found = list(AlpacaEval().read(files))
    assert [] == [each for each in found if not isinstance(each, Imported)]
    return found


@pytest.fixture(scope="module")
def table(judgments: list[Imported]) -> Iterator[Table]:
    """One import of all twelve."""
    with Ledger.in_memory() as ledger:
        yield read_table(ledger, import_records(judgments, ledger, "alpaca", "alpaca-eval").run)


def test_twelve_files_are_one_judge_on_one_set_of_prompts(table: Table) -> None:
    """Their scores are graded by default."""
    assert (["weighted_alpaca_eval_gpt4_turbo"], REFERENCE) == (
        [judge.name for judge in table.judges],
        table.baseline.name,
    )
    assert list(MODELS) == [contender.name for contender in table.contenders]
    assert (805, 5, True) == (len(table.prompts), len(table.sections), table.graded)


@pytest.mark.parametrize("model", MODELS)
def test_a_model_has_its_published_win_rate(alpaca: Path, table: Table, model: str) -> None:
    """And standard error and counts: soft, every row once."""
    expected = json.loads((alpaca / "expected.json").read_text())["models"][model]
    at = table.rows.contender == MODELS.index(model)
    score = table.score(soft=table.graded)
    found = win_rate(table.prompt[at], table.rows.pair[at], table.rows.judge[at], score[at], weight="row")
    for source in (expected, expected["published"]):
        assert (source["n_total"], source["n_wins"], source["n_draws"], source["n_wins_base"]) == (
            found.n_rows,
            found.wins,
            found.ties,
            found.losses,
        )
        assert found.estimate == pytest.approx(source["win_rate"] / 100, abs=1e-9)
        assert found.standard_error == pytest.approx(source["standard_error"] / 100, abs=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_the_order_is_recovered_wherever_it_is_recorded(alpaca: Path, judgments: list[Imported], model: str) -> None:
    """Row by row, from the judge's raw answers alone; where there is none, nobody knows."""
    expected = [row["first_shown"] for row in rows_of(alpaca, model)]
    shown = [getattr(each.outcome, "shown", "failed") for each in judgments if each.contender == model]
    first = {"contender_first": "model", "baseline_first": "baseline", None: ""}
    assert expected == [first[each] for each in shown]


def test_preferences_and_sections_are_the_recorded_ones(alpaca: Path, table: Table) -> None:
    """By dataset too: the published mean over each."""
    expected = json.loads((alpaca / "expected.json").read_text())["models"]["claude-2"]["by_dataset"]
    names = [section.name for section in table.sections]
    assert set(expected) == set(names)
    score = table.score(soft=True)
    for name, each in expected.items():
        at = (table.rows.contender == MODELS.index("claude-2")) & (table.section == names.index(name))
        assert each["n"] == int(at.sum())
        assert float(np.mean(score[at])) == pytest.approx(each["win_rate"] / 100, abs=1e-9)


def test_the_leaderboard_of_a_model_is_soft_and_says_so(
    alpaca: Path, files: list[Path], cli: Callable[..., Result]
) -> None:
    """Its rate by row is the published win rate."""
    expected = json.loads((alpaca / "expected.json").read_text())["models"]["claude"]
    done = cli("import", "alpaca-eval", files[MODELS.index("claude")], "--run", "claude")
    assert (0, "imported 805 judgments as run claude, 0 of them failures\n") == (done.status, done.err)
    assert "Scores are graded (soft) preferences" in done.out
    rows = json.loads(Path("runs/claude/leaderboard.json").read_text())["standings"]
    assert {True} == {row["soft"] for row in rows}
    panel = rows[0]
    assert panel["row_rate"] == pytest.approx(expected["win_rate"] / 100, abs=1e-9)
    assert (expected["n_wins"], expected["n_draws"], expected["n_wins_base"]) == tuple(
        panel[key] for key in ("wins", "ties", "losses")
    )


@pytest.mark.slow
def test_the_leaderboard_of_all_twelve_is_soft(alpaca: Path, files: list[Path], cli: Callable[..., Result]) -> None:
    """Every model's rate by row is its published win rate."""
    expected = json.loads((alpaca / "expected.json").read_text())["models"]
    assert 0 == cli("import", "alpaca-eval", *files, "--run", "all").status
    board = Leaderboard.model_validate_json(Path("runs/all/leaderboard.json").read_text())
    panels = [row for row in board.standings if row.judge is None and row.section is None]
    assert list(MODELS) == [row.contender for row in panels]
    for row in panels:
        assert row.soft
        assert row.row_rate == pytest.approx(expected[row.contender]["win_rate"] / 100, abs=1e-9)


# GPT-4's pair judgments on MT-Bench


@pytest.fixture(scope="module")
def pairs(shared: Path) -> dict[str, Any]:
    """What is known of them."""
    return dict(json.loads((shared / "mtbench_gpt4_pair" / "expected.json").read_text()))


@pytest.fixture(scope="module")
def games(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Imported]:
    """Both games of every line."""
    path = tmp_path_factory.mktemp("mtbench") / "gpt-4_pair.jsonl"
    path.write_bytes(gzip.decompress((shared / "mtbench_gpt4_pair" / "judgments.jsonl.gz").read_bytes()))
    found = list(FastChat().read([path]))
    assert [] == [each for each in found if not isinstance(each, Imported)]
    return found


@pytest.fixture(scope="module")
def mtbench(games: list[Imported]) -> Iterator[Leaderboard]:
    """The leaderboard of an import."""
    with Ledger.in_memory() as ledger:
        yield leaderboard_of(ledger, [import_records(games, ledger, "mt", "fastchat").run])


def winner_of(game: Imported) -> str:
    """By FastChat's names; model_2 is the baseline."""
    if not isinstance(game.outcome, Judgment):
        return "error"
    return {"contender": "model_1", "baseline": "model_2", "tie": "tie"}[game.outcome.winner]


def test_the_verdicts_of_both_games_are_the_known_ones(games: list[Imported], pairs: dict[str, Any]) -> None:
    """Wins in both orders, ties, failures, and which of the two games said what."""
    both = Counter(f"{winner_of(one)} | {winner_of(two)}" for one, two in zip(games[::2], games[1::2], strict=True))
    assert pairs["pairs_of_verdicts"] == both
    errors = [[game.comparison.item.prompt.id, f"g{number % 2 + 1}_winner"] for number, game in enumerate(games)]
    assert [[f"q{question}-turn1", name] for question, name in pairs["error_rows"]] == [
        error for error, game in zip(errors, games, strict=True) if winner_of(game) == "error"
    ]


def test_the_winners_that_were_written_down_are_what_the_texts_say(
    games: list[Imported], pairs: dict[str, Any]
) -> None:
    """All of them; where the text says nothing none was written down."""
    recorded = {"contender": "model_1", "baseline": "model_2", "tie": "tie", None: "error"}
    assert pairs["unmapping_reproduces_stored_winner"] == sum(
        recorded[game.recorded_winner] == winner_of(game) for game in games
    )


def test_the_pair_judgments_leaderboard_has_the_known_counts(mtbench: Leaderboard, pairs: dict[str, Any]) -> None:
    """Over both games: wins, ties and losses of model_1, and three failures."""
    said = Counter[str]()
    for both, number in pairs["pairs_of_verdicts"].items():
        for winner in both.split(" | "):
            said[winner] += number
    panel = mtbench.standings[0]
    assert (said["model_1"], said["tie"], said["model_2"], pairs["errors"]) == (
        panel.wins,
        panel.ties,
        panel.losses,
        panel.n_failures,
    )
    assert not panel.soft
    assert not {"winner-mismatch", "label-confounded", "order-unbalanced", "duplicate-judgments"} & {
        each.code for each in mtbench.findings
    }


def test_the_pair_judgments_flip_as_is_known(mtbench: Leaderboard, pairs: dict[str, Any]) -> None:
    """Consistent pairs, and wins that turn into losses with the order, over both of the judge's templates."""
    n = [row.n_swapped for row in mtbench.retest]
    assert pairs["pairs_without_error"] == sum(n)
    same = sum(row.swapped_order * row.n_swapped for row in mtbench.retest if row.swapped_order is not None)
    assert same == pytest.approx(pairs["consistent"], abs=1e-9)
    flips = sum((row.flip_rate or 0.0) * size for row, size in zip(mtbench.position, n, strict=True))
    known = pairs["pairs_of_verdicts"]
    assert flips == pytest.approx(known["model_1 | model_2"] + known["model_2 | model_1"], abs=1e-9)


def test_the_original_study_comes_back_from_its_export(shared: Path, cli: Callable[..., Result]) -> None:
    """Four passes, failures and mismatched winners: the same leaderboard from the interchange file."""
    paths = sorted((shared / "brie_3b" / "raw").glob("*CORRECTED*.jsonl"))
    with Ledger(Path("runs")) as ledger:
        before = leaderboard_of(
            ledger, [import_records(BrieExports().read(paths), ledger, "study", "brie-exports").run]
        )
    assert 0 == cli("export", "study", "--out", "study.jsonl").status
    assert 0 == cli("import", "jsonl", "study.jsonl", "--run", "study", "--runs", "back").status
    after = Leaderboard.model_validate_json(Path("back/study/leaderboard.json").read_text())
    assert before.replace(records=(), findings=()) == after.replace(records=(), findings=())
