"""From words to turns: what a conversation cannot hold is left out, and told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench.conversations.turns import Said, in_turn
from brie_bench.spec.conversation import check_turns

ROLES = {"s": "system", "u": "user", "a": "assistant"}
EMPTY = "an empty turn"
JOINED = "two turns of one speaker in a row, joined"
UNASKED = "a response before any prompt"
UNANSWERED = "a last prompt without a response"
SYSTEM = "a system turn that is not the first"


def said(script: str) -> list[Said]:
    """One letter a turn, which is also its text; a capital says nothing."""
    return [
        Said(ROLES[letter.lower()], " " if letter.isupper() else f"{letter}{at}") for at, letter in enumerate(script)
    ]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kept", "lost", "script"),
    [
        ("u0 a1", [], "ua"),
        ("s0 u1 a2 u3 a4", [], "suaua"),
        ("u0 a1", [(2, UNANSWERED)], "uau"),
        ("u1 a2", [(0, UNASKED)], "aua"),
        ("u0+u1 a2+a3", [(1, JOINED), (3, JOINED)], "uuaa"),
        ("u0 a1", [(2, SYSTEM)], "uas"),
        ("s0 u2 a3", [(1, SYSTEM)], "ssua"),
        ("u0 a2", [(1, EMPTY)], "uAa"),
        ("u0 a1+a3", [(2, EMPTY), (3, JOINED)], "uaUa"),
        ("", [(0, UNASKED)], "a"),
        ("", [(0, UNANSWERED)], "u"),
        ("", [], "s"),
        ("", [], ""),
    ],
)
def test_what_is_kept_and_what_is_lost(kept: str, lost: list[tuple[int, str]], script: str) -> None:
    """Each rule, with the position of the words it is about."""
    turns, reasons = in_turn(said(script))
    assert kept == " ".join(turn.content.replace("\n\n", "+") for turn in turns)
    assert lost == reasons


@settings(max_examples=100, deadline=None)
@given(st.text("suaSUA", max_size=12))
def test_whatever_was_said_the_turns_are_those_of_a_conversation(script: str) -> None:
    """Or there are none; and no words are lost without a reason."""
    turns, lost = in_turn(said(script))
    if turns:
        check_turns(turns, ends_with="assistant")
        told = {position for position, reason in lost if reason != JOINED}
        kept = {int(word[1:]) for turn in turns for word in turn.content.split()}
        assert set(range(len(script))) == kept | told or UNANSWERED in {reason for _, reason in lost}
