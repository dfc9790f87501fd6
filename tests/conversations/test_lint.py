"""Planted faults are found, and clean text is left alone."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from brie_bench.conversations.fix import MENDS, fix
from brie_bench.conversations.lint import CODES, chosen_codes, lint, lint_one
from brie_bench.conversations.reading import Placed
from brie_bench.errors import UsageError
from brie_bench.shipped import shipped

from .pile import conversation, planted, write
from .planting import PLANTS


def test_single_turns_are_noted_only_where_they_are_the_exception(tmp_path: Path) -> None:
    """One exchange is a note in a project of several turns, and nothing in a project mostly of single ones."""
    source = random.Random(6)
    both = [conversation(number, source) for number in range(2)]
    single = both[0].model_copy(update={"messages": both[0].messages[:2]})
    assert [each.code for each in lint([write(tmp_path / "a.jsonl", [single, both[1]])], ["single-turn"])] == [
        "single-turn"
    ]
    other = both[1].model_copy(update={"id": "c-9", "messages": both[1].messages[:2]})
    assert list(lint([write(tmp_path / "b.jsonl", [single, other, both[1]])], ["single-turn"])) == []


def test_the_shipped_samples_are_clean() -> None:
    """Nothing at all is found in our own conversations."""
    assert list(lint([shipped("samples") / "conversations.jsonl"])) == []


@pytest.mark.parametrize("code", sorted(MENDS))
def test_what_is_mended_is_clean_and_stays_as_it_is(code: str) -> None:
    """A mended conversation is no longer objected to, a second mend changes nothing, and every change is logged."""
    source = random.Random(code)
    for number in range(40):
        faulty = planted(conversation(number, source), lambda text: PLANTS[code](text, source))
        mended, changes = fix(Placed("f", 1, faulty), [code])
        if code == "mojibake" and "\ufffd" in faulty.messages[1].content:
            continue  # what was replaced is lost: nobody can tell what it was
        assert list(lint_one(Placed("f", 1, mended), [code])) == []
        assert [(2, code)] == [(each.turn, each.code) for each in changes]
        assert (mended, []) == fix(Placed("f", 1, mended), [code])


def test_clean_text_is_never_changed() -> None:
    """Mending a clean conversation changes nothing."""
    source = random.Random(8)
    for number in range(100):
        clean = conversation(number, source)
        assert (clean, []) == fix(Placed("f", 1, clean), CODES)


def test_wrongly_decoded_characters_are_decoded() -> None:
    """UTF-8 that was read as Windows-1252 is read again."""
    faulty = planted(conversation(1, random.Random(9)), lambda text: "It\u00e2\u20ac\u2122s a caf\u00c3\u00a9. " + text)
    mended, _ = fix(Placed("f", 1, faulty), ["mojibake"])
    assert mended.messages[1].content.startswith("It\u2019s a caf\u00e9. ")


def test_an_unknown_lint_is_refused() -> None:
    """A wrong code names the nearest known one."""
    with pytest.raises(UsageError, match="Did you mean 'boilerplate'"):
        chosen_codes(("boilerplat",), ())
