"""The newcomer's path from a chat export to a split works as its document tells it."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Result
from conversations.exports import small

DOCUMENT = ROOT / "docs" / "from-a-chat-export.md"


def commands() -> list[tuple[list[str], list[str]]]:
    """Each command of the document, with the lines that it is said to print; none where nothing is shown."""
    found: list[tuple[list[str], list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ brie-bench "):
                found.append((shlex.split(line)[2:], []))
            else:
                found[-1][1].append(line)
    return found


@pytest.fixture
def walked(cli: Callable[..., Result]) -> list[tuple[str, Result]]:
    """Every command of the document run in its order, in one folder, on a small export."""
    small(Path("export.zip"))
    return [(" ".join(args), cli(*args)) for args, _ in commands()]


def test_every_command_does_what_the_document_says(walked: list[tuple[str, Result]]) -> None:
    """Only the first lint finds an error; what is shown is what is printed."""
    failed = [(command, done.err) for command, done in walked if done.status]
    assert ["conversations lint chats.jsonl"] == [command for command, _ in failed]
    assert 8 == len(walked)
    for (_, done), (_, shown) in zip(walked, commands(), strict=True):
        if shown:
            assert shown == (done.out + done.err).splitlines()


def test_the_path_ends_in_two_sets(walked: list[tuple[str, Result]]) -> None:
    """Every conversation has a split, the two responses to one prompt on one side, and the debris is gone."""
    lines = [json.loads(line) for line in Path("split.jsonl").read_text("utf-8").splitlines()]
    sides = {(each["prompt_group"], each["split"]) for each in lines}
    assert (3, 2) == (len(lines), len(sides))
    assert {1: 1, 2: 1} == Counter(Counter(each["prompt_group"] for each in lines).values())
    assert "Copy code" not in Path("split.jsonl").read_text("utf-8")


def test_the_path_ends_in_two_files_for_a_trainer(walked: list[tuple[str, Result]]) -> None:
    """Every conversation is in one of them, turns and nothing else."""
    texts = [Path(f"{name}.jsonl").read_text("utf-8") for name in ("train", "validation")]
    rows = [json.loads(line) for text in texts for line in text.splitlines()]
    assert (3, {("messages",)}) == (len(rows), {tuple(row) for row in rows})
