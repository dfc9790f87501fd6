"""Decisions and their replay: the same log makes the same file, and what it was not about stays as it is."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from brie_bench.conversations.draft import draft, read_draft, write_draft
from brie_bench.conversations.reading import Placed
from brie_bench.conversations.review import Decision, Review, Words, decide
from brie_bench.conversations.review_log import Log, replay
from brie_bench.errors import SpecError
from brie_bench.spec.conversation import Conversation, Turn

from .pile import conversation, planted


def pile(n: int = 3, **changes: Any) -> list[Placed]:
    """Some conversations and their places."""
    return [Placed("in.jsonl", k + 1, conversation(k, random.Random(k), **changes)) for k in range(n)]


def words(*texts: str) -> Words:
    """User and assistant in turn."""
    roles = ("user", "assistant") * len(texts)
    return Words(messages=tuple(Turn(role=role, content=text) for role, text in zip(roles, texts, strict=False)))


def logged(path: Path, review: Review, *decisions: Decision) -> Path:
    """A log of decisions that are applied as they are made."""
    log = Log(path)
    for decision in decisions:
        log.append(decision)
        assert review.apply(decision) is None
    log.close()
    return path


def test_each_decision_does_what_it_says() -> None:
    """Keep and drop decide what stays, the last one counts; the rest changes one thing each."""
    review = Review.of(pile(4))
    first, second, third, _ = review.all
    for one, action in ((first, "keep"), (second, "drop"), (third, "drop"), (third, "keep")):
        assert review.apply(decide(one, action)) is None
    review.apply(decide(first, "tag", tag=["wit"]))
    review.apply(decide(first, "phase", phase="curated"))
    review.apply(decide(first, "edit", edit=words("Why?", "Because.")))
    assert ["c-0", "c-2", "c-3"] == [each.id for each in review.remaining()]
    assert ["c-0", "c-2"] == [each.id for each in review.remaining(kept_only=True)]
    assert [3] == review.undecided()
    expected = first.placed.conversation.replace(
        patterns=("wit",), phase="curated", messages=words("Why?", "Because.").messages
    )
    assert expected == review.remaining()[0]
    assert review.all[3].placed.conversation == review.remaining()[2]


def test_an_edit_is_what_later_decisions_are_about() -> None:
    """They name the words as they were then; a decision about the earlier words is not applied."""
    review = Review.of(pile(1))
    (one,) = review.all
    before = decide(one, "drop")
    assert review.apply(decide(one, "edit", edit=words("Why?", "Because."))) is None
    assert review.apply(decide(one, "keep")) is None
    assert "changed" == review.apply(before)
    assert one.kept is True


def test_a_decision_about_other_words_is_told_and_not_applied(tmp_path: Path) -> None:
    """Changed words, a conversation that is not here, a line that is no decision: each with its line."""
    decided = Review.of(pile(3))
    log = logged(tmp_path / "log.jsonl", decided, *(decide(each, "drop") for each in decided.all))
    with log.open("a") as file:
        file.write('{"action": "ke')
    changed = Placed("in.jsonl", 1, planted(pile(1)[0].conversation, lambda text: text + " Or not."))
    review = Review.of([changed, pile(3)[2]])
    assert [(1, "changed"), (2, "absent"), (4, "not valid JSON")] == [
        (each.line, each.reason.partition(":")[0]) for each in replay(review, log)
    ]
    assert [None, False] == [each.kept for each in review.all]


def test_a_conversation_is_known_by_its_words_and_its_id(tmp_path: Path) -> None:
    """Of two that say the same the one with the id is meant; under another id, all that say it."""
    (one,) = pile(1)
    twin = Placed("in.jsonl", 2, one.conversation.replace(id="twin"))
    dropped = decide(Review.of([one]).all[0], "drop")
    for there, expected in (([one, twin], [False, None]), ([twin], [False]), ([twin, twin], [False, False])):
        review = Review.of(there)
        assert review.apply(dropped) is None
        assert expected == [each.kept for each in review.all]


def test_other_fields_may_change_between_review_and_replay() -> None:
    """A split or a provenance that was added since is no reason to decide again, and stays."""
    (one,) = pile(1)
    later = Placed("in.jsonl", 1, one.conversation.replace(split="train", domain="creative"))
    review = Review.of([later])
    assert review.apply(decide(Review.of([one]).all[0], "phase", phase="validated")) is None
    assert later.conversation.replace(phase="validated") == review.remaining()[0]


@pytest.mark.parametrize(
    ("message", "changes"),
    [
        ("the action 'edit' needs key 'edit'", {"action": "edit"}),
        ("the action 'keep' has no key 'tag'", {"action": "keep", "tag": ["wit"]}),
        ("the action 'tag' has no key 'phase'", {"action": "tag", "tag": ["wit"], "phase": "curated"}),
        ("the last turn must be the assistant's", {"action": "edit", "edit": {"messages": []}}),
    ],
)
def test_a_decision_says_one_thing(message: str, changes: dict[str, Any]) -> None:
    """A line with too little or too much is no decision."""
    with pytest.raises(ValidationError, match=message):
        Decision.model_validate({"id": "c-1", "content": "x", **changes})


def test_a_log_goes_on_behind_a_line_that_was_cut_off(tmp_path: Path) -> None:
    """A crash in the middle of a line costs that line alone."""
    review = Review.of(pile(2))
    log = logged(tmp_path / "log.jsonl", review, decide(review.all[0], "keep"))
    log.write_text(log.read_text() + '{"action":"dr')
    logged(log, review, decide(review.all[1], "drop"))
    again = Review.of(pile(2))
    assert [2] == [each.line for each in replay(again, log)]
    assert [True, False] == [each.kept for each in again.all]


def test_a_decision_is_on_the_disk_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is waited for, the whole line is in the file."""
    path = tmp_path / "log.jsonl"
    seen: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(path.read_text()))
    log = Log(path)
    log.append(decide(Review.of(pile(1)).all[0], "keep"))
    assert [True] == [each.endswith("}\n") and '"action":"keep"' in each for each in seen]
    log.close()


def test_other_responses_are_those_to_the_same_prompt() -> None:
    """Not the conversation itself."""
    review = Review.of([*pile(1, prompt_group="g"), *pile(3)[1:2], *pile(3, prompt_group="g")[2:]])
    assert ["c-2"] == [each.conversation.id for each in review.others(review.all[0])]


ACTIONS = st.one_of(
    st.sampled_from([{"action": "keep"}, {"action": "drop"}]),
    st.lists(st.sampled_from(["wit", "irony"]), max_size=2).map(lambda tags: {"action": "tag", "tag": tags}),
    st.sampled_from(["curated", "validated"]).map(lambda phase: {"action": "phase", "phase": phase}),
    st.sampled_from(["Because.", "So it is."]).map(lambda text: {"action": "edit", "edit": words("Why?", text)}),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), ACTIONS), max_size=12))
def test_a_replay_makes_what_the_review_made(decided: list[tuple[int, dict[str, Any]]]) -> None:
    """Whatever was decided in whatever order: applied anew, the log leaves the same conversations."""
    review, log = Review.of(pile()), []
    for position, action in decided:
        decision = decide(review.all[position], **action)
        assert review.apply(decision) is None
        log.append(Decision.model_validate_json(decision.model_dump_json()))
    again = Review.of(pile())
    assert [None] * len(log) == [again.apply(each) for each in log]
    for kept_only in (False, True):
        assert review.remaining(kept_only=kept_only) == again.remaining(kept_only=kept_only)


AWKWARD = st.text(alphabet="a \n\t:-#|>'\"%\\é—😀\r\x1b\u2028\x85\ufeff", min_size=1, max_size=30)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.text(min_size=1, max_size=30), AWKWARD).filter(str.strip), min_size=2, max_size=2))
def test_a_draft_reads_as_it_was_meant(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """Whatever the words are, white space at their ends included."""
    path = tmp_path_factory.getbasetemp() / "draft.yaml"
    try:
        meant = words(*texts)
    except ValidationError:  # what this project calls white space is a little more than Python does
        return
    write_draft(path, "c-1", meant)
    assert meant == read_draft(path)


def test_a_draft_shows_texts_as_they_stand() -> None:
    """Lines and margins as they are; a text with characters that no editor shows is escaped in quotes."""
    text = draft("c-1", words('Why —\n\n  "so"?  \n', "Say \x1b[2J"))
    assert '  content: |2+\n    Why —\n\n      "so"?  \n- role: assistant\n  content: "Say \\u001b[2J"\n' in text


@pytest.mark.parametrize(
    ("message", "old", "new"),
    [
        (r"draft\.yaml:7: key 'messages\.1\.role': input should be 'system', 'user' or 'assistant'", "assistant", "me"),
        (r"draft\.yaml:3: turn 2 is the user's where the assistant's belongs", "role: assistant", "role: user"),
        (r"draft\.yaml:9: not valid YAML", "content: |2-\n    Be", "content: 'Be"),
        (r"draft\.yaml:8: key 'messages\.1\.content': must not be empty", "    Because.", "    "),
        (r"draft\.yaml:3: key 'mesages' is not known\. Did you mean 'messages'", "messages:", "mesages:"),
    ],
)
def test_a_draft_that_is_no_conversation_is_told_with_its_line(
    message: str, old: str, new: str, tmp_path: Path
) -> None:
    """A role, an order, broken YAML, an empty turn, a wrong key."""
    path = tmp_path / "draft.yaml"
    write_draft(path, "c-1", words("Why?", "Because."))
    head, _, body = path.read_text().partition("messages:")
    path.write_text(head + ("messages:" + body).replace(old, new))
    with pytest.raises(SpecError, match=message):
        read_draft(path)


def test_conversations_are_not_changed_by_a_review() -> None:
    """A conversation that nothing was decided about is the same object."""
    (one,) = pile(1)
    assert isinstance(one.conversation, Conversation)
    assert one.conversation is Review.of([one]).remaining()[0]
