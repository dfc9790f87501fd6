"""What a contender was trained on is compared with the suite, recorded without its path, and told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brie_bench.conversations.training import training_of
from brie_bench.errors import SpecError
from brie_bench.files import read_suite
from brie_bench.shipped import find_suite
from brie_bench.spec.config import Contender

SUITE = read_suite(find_suite("comprehensive57"))
PROMPT = SUITE.sections[0].prompts[0]


def line(number: int, question: str, **provenance: Any) -> str:
    """A conversation of one exchange."""
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": "It depends, as most things do."}]
    names = {"id": f"c-{number}", "prompt_group": f"g-{number}", "domain": "philosophy"}
    return json.dumps({**names, "messages": turns, "provenance": {"author": "A. Author", **provenance}}) + "\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three conversations: one asks a prompt of the suite, two had the help of a model."""
    path = tmp_path / "data.jsonl"
    helped = [line(2, "What is a day?", model="claude-5"), line(3, "What is a night?", model="m", lab="north")]
    path.write_text(line(1, PROMPT.text) + "".join(helped))
    return path


def config(data: Path | None, judge: dict[str, Any]) -> dict[str, Any]:
    """Two n-gram models, one of which may say what it was trained on."""
    learnt = {} if data is None else {"trained_on": str(data)}
    return {
        "baseline": {"name": "plain", "model": "ngram/plain"},
        "contenders": {"tuned": {"model": "ngram/authored", **learnt}},
        "judges": [judge],
        "limit": 2,
    }


def run(cli: Callable[..., Any], folder: Path, data: Path | None, judge: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The record of a run of two items, and its findings."""
    (folder / "c.json").write_text(json.dumps(config(data, judge)))
    before = {*folder.glob("runs/*/run.json")}
    assert cli("run", "comprehensive57", "--config", "c.json").status == 0
    (path,) = {*folder.glob("runs/*/run.json")} - before
    found = cli("audit", path.parent.name, "--format", "json")
    return json.loads(path.read_text("utf-8")), json.loads(found.out)


def test_a_file_is_described_by_digest_counts_and_labs(data: Path) -> None:
    """A lab that is not declared is told from the model; the passage stands by the prompt's id."""
    contender = Contender.model_validate({"name": "tuned", "model": "first", "trained_on": str(data)})
    found = training_of(SUITE, [contender, Contender.model_validate({"name": "other", "model": "first"})])
    assert {"tuned"} == {*found}
    assert {
        "sha256": hashlib.sha256(data.read_bytes()).hexdigest(),
        "n_conversations": 3,
        "labs": ["anthropic", "north"],
        "n_overlapping": 1,
        "n_prompts": 1,
    } == {name: value for name, value in found["tuned"].items() if name != "examples"}
    assert found["tuned"]["examples"][PROMPT.id].startswith("you reach for a light switch")


def test_a_run_records_and_tells_it(cli: Callable[..., Any], tmp_path: Path, data: Path) -> None:
    """A warning for the overlap, a note for the judge of a lab that helped; no path in the record."""
    record, findings = run(cli, tmp_path, data, {"name": "ann", "judge": "longer", "lab": "north"})
    assert 1 == record["contenders"][0]["training"]["n_prompts"]
    assert str(tmp_path) not in json.dumps(record["contenders"])
    told = {each["code"]: each for each in findings}
    assert ("warning", 1) == (told["training-overlap"]["severity"], told["training-overlap"]["count"])
    assert told["training-overlap"]["examples"][0].startswith(f"{PROMPT.id}: you reach")
    assert "helped to write what tuned was trained on (north)" in told["same-lab"]["message"]


def test_a_judge_of_another_lab_is_not_told(cli: Callable[..., Any], tmp_path: Path, data: Path) -> None:
    """South helped nobody."""
    _, findings = run(cli, tmp_path, data, {"name": "ann", "judge": "longer", "lab": "south"})
    assert "same-lab" not in {each["code"] for each in findings}


def test_saying_it_later_asks_nothing_again(cli: Callable[..., Any], tmp_path: Path, data: Path) -> None:
    """It is another run, whose completions have the keys of the first."""
    judge = {"name": "ann", "judge": "longer"}
    first, findings = run(cli, tmp_path, None, judge)
    second, _ = run(cli, tmp_path, data, judge)
    assert "training-overlap" not in {each["code"] for each in findings}
    assert first["run"] != second["run"]
    assert [each["digest"] for each in first["contenders"]] == [each["digest"] for each in second["contenders"]]


def test_data_that_cannot_be_read_stops_the_run(tmp_path: Path) -> None:
    """With file and line, before anything is asked."""
    path = tmp_path / "broken.jsonl"
    path.write_text("{broken\n")
    contender = Contender.model_validate({"name": "tuned", "model": "first", "trained_on": str(path)})
    with pytest.raises(SpecError) as raised:
        training_of(SUITE, [contender])
    assert f"{path}:1" in str(raised.value)
