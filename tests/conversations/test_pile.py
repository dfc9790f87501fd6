"""Validation, splitting, sampling and overlap of whole files, and the commands over them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench.conversations.overlap import overlaps
from brie_bench.conversations.reading import Placed
from brie_bench.conversations.split import public_sample, split
from brie_bench.conversations.validate import validate
from brie_bench.files import read_suite
from brie_bench.shipped import find_suite, shipped

from .pile import conversation, planted, write


def _pile(n: int, seed: int = 0) -> list[Placed]:
    source = random.Random(seed)
    return [Placed("f", number + 1, conversation(number, source)) for number in range(n)]


def test_a_clean_file_is_valid(tmp_path: Path) -> None:
    """Complete conversations give no spot; neither do the shipped ones."""
    path = write(tmp_path / "c.jsonl", [each.conversation for each in _pile(5)])
    assert list(validate([path, shipped("samples") / "conversations.jsonl"])) == []


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("provenance", {"provenance": {"author": "A"}}),
        (
            "consent",
            {"provenance": {"author": "A", "source": "s", "date": "2026-01-01", "licence": "X", "consent": False}},
        ),
        ("duplicate-id", {"id": "c-0", "prompt_group": "other"}),
        ("split-leak", {"prompt_group": "g-0", "split": "validation"}),
    ],
)
def test_each_fault_is_named_with_its_line(expected: str, changes: dict[str, Any], tmp_path: Path) -> None:
    """A fault in the second line is found there, by its code."""
    first = conversation(0, random.Random(1), split="train")
    second = conversation(1, random.Random(2), **changes)
    spots = list(validate([write(tmp_path / "c.jsonl", [first, second])]))
    assert [(expected, 2)] == [(each.code, each.line) for each in spots]


def test_a_broken_line_is_one_spot(tmp_path: Path) -> None:
    """A line that is no conversation is named, and reading goes on."""
    path = write(tmp_path / "c.jsonl", [each.conversation for each in _pile(2)])
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([lines[0], "{broken", lines[1]]), "utf-8")
    assert [(each.code, each.line) for each in validate([path])] == [("schema", 2)]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 30))
def test_a_split_never_divides_a_group_and_additions_move_nothing(seed: int, n: int) -> None:
    """Conversations of one group are on one side, and what is added later moves no conversation."""
    pile = _pile(n, seed)
    twins = [
        Placed("f", 100 + number, each.conversation.model_copy(update={"id": f"{each.conversation.id}-b"}))
        for number, each in enumerate(pile)
    ]
    some = {each.id: each.split for each in split(pile[: n // 2 + 1], share=0.3, seed=seed)}
    everything = {each.id: each.split for each in split([*pile, *twins], share=0.3, seed=seed)}
    assert some == {name: everything[name] for name in some}
    assert [everything[each.conversation.id] for each in pile] == [
        everything[f"{each.conversation.id}-b"] for each in pile
    ]


def test_near_duplicate_prompts_stay_together() -> None:
    """Groups whose prompts differ by a word are on one side, for every seed."""
    pile = _pile(20)
    near = [
        Placed(
            "f",
            100 + number,
            planted(each.conversation, lambda text: text + " Indeed.", turn=1).model_copy(
                update={"id": f"n-{number}", "prompt_group": f"near-{number}"}
            ),
        )
        for number, each in enumerate(pile)
    ]
    for seed in range(5):
        sides = {each.prompt_group: each.split for each in split([*pile, *near], share=0.5, seed=seed)}
        assert [sides[f"g-{number}"] for number in range(20)] == [sides[f"near-{number}"] for number in range(20)]


def test_a_split_gives_about_its_share() -> None:
    """Of 400 groups about a fifth is held out, in both domains."""
    done = split(_pile(400), share=0.2)
    for domain in ("philosophy", "creative"):
        sides = [each.split for each in done if each.domain == domain]
        assert 0.12 < sides.count("validation") / len(sides) < 0.28


def test_a_public_sample_names_no_author() -> None:
    """A sample is of the size that was asked, in proportion to the domains, and its authors are withheld."""
    taken = public_sample(_pile(60), 10)
    assert len(taken) == 10
    assert {domain: [each.domain for each in taken].count(domain) for domain in ("creative", "philosophy")} == {
        "creative": 5,
        "philosophy": 5,
    }
    assert {"withheld"} == {each.provenance.author for each in taken}
    assert "A. Author" not in "".join(each.model_dump_json() for each in taken)


def test_a_suites_prompt_in_the_data_is_found() -> None:
    """A conversation that asks a suite's prompt is found with the passage; the samples hold none."""
    suite = read_suite(find_suite("comprehensive57"))
    prompt = suite.sections[0].prompts[0]
    held = Placed("f", 7, planted(conversation(1, random.Random(1)), lambda _: f"Well: {prompt.text}", turn=1))
    found = list(overlaps(suite, [*_pile(3), held]))
    assert [(prompt.id, 7, 1)] == [(each.prompt, each.line, each.turn) for each in found]
    assert found[0].passage.startswith("you reach for a light switch")


def test_the_commands_go_from_a_pile_to_a_split(cli: Callable[..., Any], tmp_path: Path) -> None:
    """validate, lint --fix, stats, split and overlap work one after the other, and never replace their source."""
    source = random.Random(3)
    pile = [planted(conversation(number, source), lambda text: "Human: " + text) for number in range(10)]
    path = write(tmp_path / "pile.jsonl", pile)
    assert cli("conversations", "validate", path).status == 0
    found = cli("conversations", "lint", path, "--format", "json")
    assert (1, {"role-mark"}) == (found.status, {each["code"] for each in json.loads(found.out)})
    assert cli("conversations", "lint", path, "--fix", "clean.jsonl").status == 0
    assert len((tmp_path / "clean.jsonl.log.jsonl").read_text("utf-8").splitlines()) == 10
    assert "10 conversations answer 10 prompts" in cli("conversations", "stats", "clean.jsonl").out
    assert cli("conversations", "split", "clean.jsonl", "--share", "0.3", "--out", "split.jsonl").status == 0
    assert cli("conversations", "split", "clean.jsonl", "--out", "split.jsonl").status == 2
    assert cli("conversations", "split", "clean.jsonl", "--out", "clean.jsonl", "--force").status == 2
    assert cli("conversations", "overlap", "comprehensive57", "clean.jsonl").status == 0
    assert path.read_text("utf-8").count("Human: ") == 10
