"""Branches: every leaf that answers a prompt is a conversation, and nothing is told or taken twice."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench.conversations.branches import MOST, Branch, Message, branches
from brie_bench.conversations.turns import Said


def tree(script: str) -> dict[str, Message]:
    """`root>u1 u1>a1`: a message after the other; its first letter says whose it is, x says nothing, ! ends a branch."""
    found = {}
    for link in script.split():
        parent, _, name = link.partition(">")
        role = {"u": "user", "a": "assistant"}.get(name[0])
        said = Said(role, name) if role else None  # type: ignore[arg-type]
        found[name] = Message(parent, said, ("lost",) if name[0] in "x!" else (), ends=name[0] == "!")
    return found


def walk(messages: dict[str, Message]) -> tuple[list[str], list[str]]:
    """The words of each branch, and the reasons."""
    found = list(branches(messages))
    spoken = [each for each in found if isinstance(each, Branch)]
    said = [" ".join(turn.content.replace("\n\n", "+") for turn in each.turns) for each in spoken]
    return said, [each for each in found if isinstance(each, str)]


@pytest.mark.parametrize(
    ("expected", "script"),
    [
        ((["u1 a1"], []), "root>u1 u1>a1"),
        ((["u1 a1", "u1 a2"], []), "root>u1 u1>a1 u1>a2"),
        ((["u1 a1 u2 a2", "u1 a1 u3 a3"], []), "root>u1 u1>a1 a1>u2 u2>a2 a1>u3 u3>a3"),
        ((["u1 a1", "u2 a2"], []), "root>u1 u1>a1 root>u2 u2>a2"),
        ((["u1 a1 u3 a3"], ["a last prompt without a response"]), "root>u1 u1>a1 a1>u2 a1>u3 u3>a3"),
        ((["u1 a1"], ["a last prompt without a response"]), "root>u1 u1>a1 a1>u2"),
        (([], ["a last prompt without a response"]), "root>u1"),
        ((["u1 a1"], ["lost"]), "root>u1 u1>a1 u1>x1"),
        ((["u1 a1+a2"], ["lost", "two turns of one speaker in a row, joined"]), "root>u1 u1>a1 a1>x1 x1>a2"),
        ((["u1 a1"], ["lost"]), "root>u1 u1>a1 a1>!1 !1>a2 a2>u2 u2>a3"),
        (([], ["lost"]), "root>!1 !1>a1"),
        (([], ["a conversation without a response"]), ""),
        (([], ["lost", "a conversation without a response"]), "root>x1"),
        (([], ["messages that follow each other in a circle", "a conversation without a response"]), "u1>a1 a1>u1"),
        ((["u1 a1"], ["lost"]), "a1>u1 u1>a1 a1>x1"),
    ],
)
def test_each_branch_is_taken_and_each_loss_is_told_once(expected: tuple[list[str], list[str]], script: str) -> None:
    """Forks, dead ends, silent messages, ends, circles, and a way out of one."""
    assert expected == walk(tree(script))


def test_what_forks_share_is_told_once() -> None:
    """A response before any prompt, above two branches."""
    said, reasons = walk(tree("root>a0 a0>u1 u1>a1 u1>a2"))
    assert (["u1 a1", "u1 a2"], ["a response before any prompt"]) == (said, reasons)


def test_there_are_not_more_branches_than_a_hundred() -> None:
    """A small file must not become a huge one; the rest is told."""
    said, reasons = walk(tree("root>u1 " + " ".join(f"u1>a{number}" for number in range(MOST + 3))))
    assert (MOST, ["a branch beyond the hundredth"] * 3) == (len(said), reasons)


def test_a_branch_has_its_own_models_and_its_last_day() -> None:
    """Each model that responded in it, in order, and when it ended."""
    days = [datetime.date(2026, 1, day) for day in (1, 2, 3)]
    messages = {
        "u": Message(None, Said("user", "u"), day=days[0]),
        "a": Message("u", Said("assistant", "a"), model="one", day=days[1]),
        "b": Message("u", Said("assistant", "b"), model="two", day=days[2]),
        "v": Message("a", Said("user", "v")),
        "c": Message("v", Said("assistant", "c"), model="three"),
    }
    found = [(each.model, each.day) for each in branches(messages) if isinstance(each, Branch)]
    assert {("two", days[2]), ("one, three", days[1])} == set(found)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 11), st.sampled_from("uax!")), max_size=12))
def test_no_branch_begins_another(links: list[tuple[int, str]]) -> None:
    """Whatever the tree, circles and dangling parents too, and none is taken twice."""
    names = [f"{letter}{number}" for number, (_, letter) in enumerate(links)]
    parents = [names[parent] if 0 <= parent < len(names) else "root" for parent, _ in links]
    said, _ = walk(tree(" ".join(f"{parent}>{name}" for parent, name in zip(parents, names, strict=True))))
    words = [each.split() for each in said]
    assert [] == [(a, b) for a in words for b in words if a is not b and a == b[: len(a)]]
