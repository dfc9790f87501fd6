"""ChatGPT's and Claude's data exports: every branch a conversation, and what was left out, by reason."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from brie_bench_chat_exports import ChatGPT, Claude
from conversations.exports import archive, chatgpt, claude, message, node, talk
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Conversation, Unreadable
from brie_bench.conversations.importing import conversations_in
from brie_bench.conversations.opening import Entry
from brie_bench.errors import SpecError

IMAGE = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"}
NO_IMAGE = "a prompt with an image: the conversation ends before it"
NO_FILE = "a prompt with a file: the conversation ends before it"


def read(importer: type[ChatGPT | Claude], path: Path, **options: Any) -> tuple[list[Conversation], list[Unreadable]]:
    """What is taken and what is left out."""
    found = list(importer(importer.Options(**options)).read([path]))
    taken = [each for each in found if isinstance(each, Conversation)]
    return taken, [each for each in found if isinstance(each, Unreadable)]


def words(conversation: Conversation) -> list[str]:
    """What is said, in order."""
    return [turn.content for turn in conversation.messages]


def imported(tmp_path: Path, importer: type[ChatGPT | Claude], *written: Any) -> tuple[list[list[str]], dict[str, int]]:
    """The words of each conversation, and how often something was left out for which reason."""
    taken, left_out = read(importer, archive(tmp_path / "export.zip", *written))
    return [words(each) for each in taken], dict(Counter(each.reason for each in left_out))


def test_a_conversation_is_taken_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    """Model, lab, day and source from the export; the rest from the options."""
    path = archive(tmp_path / "export.zip", talk("Why?", "Because.", "Is that all?", "Yes."))
    (found,), left_out = read(ChatGPT, path, author="A. Author", licence="CC0-1.0", consent=True, domain="philosophy")
    assert ([], ["Why?", "Because.", "Is that all?", "Yes."]) == (left_out, words(found))
    assert ["user", "assistant", "user", "assistant"] == [turn.role for turn in found.messages]
    assert {
        "author": "A. Author",
        "model": "gpt-4o",
        "lab": "openai",
        "source": "ChatGPT export, conversation talk-1",
        "date": "2023-11-14",
        "licence": "CC0-1.0",
        "consent": True,
    } == found.provenance.canonical()
    assert ("philosophy", "authored", None) == (found.domain, found.phase, found.split)


def test_responses_to_one_prompt_share_its_group(tmp_path: Path) -> None:
    """A response that was made again is a branch; an edited prompt is another prompt."""
    nodes = [
        node("u", "system", "user", "Why?"),
        node("a", "u", "assistant", "Because."),
        node("b", "u", "assistant", "Therefore.", meta={"model_slug": "o3"}),
        node("v", "system", "user", "Why not?"),
        node("c", "v", "assistant", "Hm."),
    ]
    taken, left_out = read(ChatGPT, archive(tmp_path / "export.zip", chatgpt(*nodes)))
    assert ([], [["Why?", "Because."], ["Why?", "Therefore."], ["Why not?", "Hm."]]) == (
        left_out,
        [words(each) for each in taken],
    )
    assert ["gpt-4o", "o3", "gpt-4o"] == [each.provenance.model for each in taken]
    one, other, third = (each.prompt_group for each in taken)
    assert (True, False) == (one == other, one == third)
    assert 3 == len({each.id for each in taken})


@pytest.mark.parametrize(
    ("expected", "change"),
    [
        ("a tool's answer", {"role": "tool", "text": "found it"}),
        ("a call of a tool", {"role": "assistant", "text": "search()", "recipient": "browser"}),
        ("a call of a tool", {"role": "assistant", "text": "print(1)", "kind": "code"}),
        ("the model's reasoning", {"role": "assistant", "text": "hm", "kind": "thoughts"}),
        ("the model's reasoning", {"role": "assistant", "text": "hm", "channel": "analysis"}),
        ("a hidden message", {"role": "user", "text": "x", "meta": {"is_visually_hidden_from_conversation": True}}),
        ("custom instructions or a memory", {"role": "user", "text": "", "kind": "user_editable_context"}),
        ("custom instructions or a memory", {"role": "system", "text": "", "meta": {"is_user_system_message": True}}),
        ("a system message", {"role": "system", "text": "Be brief."}),
        ("a message of another kind", {"role": "assistant", "text": "x", "kind": "sonic_webpage"}),
        ("a message of another kind", {"role": "narrator", "text": "x"}),
        ("an empty turn", {"role": "assistant", "text": " "}),
        ("an image in a response", {"role": "assistant", "text": [IMAGE], "kind": "multimodal_text"}),
        (None, {"role": "system", "text": " "}),
    ],
)
def test_what_is_no_part_of_the_talk_is_left_out_and_told(
    expected: str | None, change: dict[str, Any], tmp_path: Path
) -> None:
    """Between a prompt and its response; the talk goes on."""
    change = dict(change)
    middle = node("x", "u", change.pop("role"), change.pop("text"), **change)
    nodes = [node("u", "system", "user", "Why?"), middle, node("a", "x", "assistant", "Because.")]
    taken, reasons = imported(tmp_path, ChatGPT, chatgpt(*nodes))
    assert ([["Why?", "Because."]], [expected] if expected else []) == (taken, list(reasons))


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (NO_IMAGE, {"text": [IMAGE, "What is this?"], "kind": "multimodal_text"}),
        (NO_FILE, {"text": "Sum it up.", "meta": {"attachments": [{"name": "a.pdf"}]}}),
        ("a message of another kind", {"text": "x", "kind": "future"}),
        (NO_FILE, {"text": [{"content_type": "file"}, "Sum it up."], "kind": "multimodal_text"}),
    ],
)
def test_a_prompt_that_shows_something_ends_its_branch(expected: str, message: dict[str, Any], tmp_path: Path) -> None:
    """Its response answers what a conversation cannot hold; what was said before it is kept."""
    nodes = [
        node("u", "system", "user", "Why?"),
        node("a", "u", "assistant", "Because."),
        node("v", "a", "user", **message),
        node("b", "v", "assistant", "It is a cat."),
    ]
    assert ([["Why?", "Because."]], {expected: 1}) == imported(tmp_path, ChatGPT, chatgpt(*nodes))


def test_marks_of_citations_are_no_words(tmp_path: Path) -> None:
    """They stand for links that the page shows; whatever else is written with such characters is left for the lints."""
    text = "So.\ue200cite\ue202turn0search1\ue202turn0search2\ue201 \ue200entity\ue202x\ue201"
    nodes = [node("u", "system", "user", "Why?"), node("a", "u", "assistant", text)]
    assert ([["Why?", "So. \ue200entity\ue202x\ue201"]], {"the mark of a citation": 1}) == imported(
        tmp_path, ChatGPT, chatgpt(*nodes)
    )


def test_what_was_spoken_is_taken_by_its_transcription(tmp_path: Path) -> None:
    """A recording beside it is no loss."""
    heard = [{"content_type": "audio_transcription", "text": "Why?"}, {"content_type": "audio_asset_pointer"}]
    nodes = [node("u", "system", "user", heard, kind="multimodal_text"), node("a", "u", "assistant", "Because.")]
    assert ([["Why?", "Because."]], {}) == imported(tmp_path, ChatGPT, chatgpt(*nodes))


def test_claudes_messages_follow_each_other(tmp_path: Path) -> None:
    """Human and assistant; lab, day and source are known, the model is not."""
    (found,), left_out = read(Claude, archive(tmp_path / "export.zip", claude("Why?", "Because.")))
    assert ([], ["Why?", "Because."]) == (left_out, words(found))
    assert {
        "author": "unknown",
        "lab": "anthropic",
        "source": "Claude export, conversation claude-1",
        "date": "2025-03-05",
    } == found.provenance.canonical()


def test_claudes_messages_may_say_which_they_follow(tmp_path: Path) -> None:
    """Then they are a tree; where one does not say, it follows the one before it."""
    root = "00000000-0000-4000-8000-000000000000"
    written = claude()
    written["chat_messages"] = [
        message("human", "Why?", 1, parent_message_uuid=root),
        message("assistant", "Because.", 2, parent_message_uuid="m-1"),
        message("assistant", "Therefore.", 3, parent_message_uuid="m-1"),
        message("human", "And?", 4, parent_message_uuid=None),
        message("assistant", "So.", 5, parent_message_uuid=None),
    ]
    assert ([["Why?", "Because."], ["Why?", "Therefore.", "And?", "So."]], {}) == imported(tmp_path, Claude, written)


def test_claudes_blocks_are_told_apart(tmp_path: Path) -> None:
    """Text is taken; reasoning, tools and what is unknown are left out; an old export has a text alone."""
    blocks = [
        {"type": "thinking", "thinking": "Hm."},
        {"type": "text", "text": "One."},
        {"type": "tool_use", "name": "search"},
        {"type": "tool_result", "content": []},
        {"type": "text", "text": "Two."},
        {"type": "future"},
        "no block",
    ]
    written = claude()
    written["chat_messages"] = [message("human", "Why?", 1, content=[]), message("assistant", "x", 2, content=blocks)]
    assert (
        [["Why?", "One.\n\nTwo."]],
        {
            "the model's reasoning": 1,
            "a call of a tool": 1,
            "a tool's answer": 1,
            "a message of another kind": 2,
        },
    ) == imported(tmp_path, Claude, written)


@pytest.mark.parametrize(
    ("expected", "change"),
    [
        (NO_FILE, {"attachments": [{"file_name": "a.txt", "extracted_content": "x"}]}),
        (NO_FILE, {"files": [{"file_name": "a.png"}]}),
        (NO_IMAGE, {"content": [{"type": "text", "text": "See?"}, {"type": "image"}]}),
    ],
)
def test_a_file_shown_to_claude_ends_the_branch(expected: str, change: dict[str, Any], tmp_path: Path) -> None:
    """As with ChatGPT's."""
    written = claude("Why?", "Because.")
    written["chat_messages"] += [message("human", "See?", 3, **change), message("assistant", "I see.", 4)]
    assert ([["Why?", "Because."]], {expected: 1}) == imported(tmp_path, Claude, written)


@pytest.mark.parametrize(
    ("expected", "entry"),
    [
        ("no conversation: key 'mapping' is missing", {}),
        ("no conversation: key 'mapping' is missing", {"mapping": []}),
        ("a conversation without a response", {"mapping": {}}),
        ("a conversation without a response", {"mapping": {"a": None, "b": 1, "c": {"message": "x", "parent": 3}}}),
        ("a list where a JSON object belongs", []),
    ],
)
def test_an_entry_that_is_no_conversation_is_told(expected: str, entry: Any, tmp_path: Path) -> None:
    """With its number, and the next one is read."""
    taken, (left_out,) = read(ChatGPT, archive(tmp_path / "export.zip", entry, talk("Why?", "Because.")))
    assert [["Why?", "Because."]] == [words(each) for each in taken]
    assert ("conversation 1 of export.zip/conversations.json", 1, expected) == (
        left_out.source,
        left_out.line,
        left_out.reason,
    )


WORDS = re.findall(
    r"\S+",
    """mapping message author role content content_type parts metadata parent create_time model_slug human user assistant
    chat_messages uuid sender text type attachments parent_message_uuid created_at""",
)
ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=120, deadline=None)
@given(ANY, st.sampled_from(["chatgpt", "claude"]), st.data())
def test_no_shape_of_json_brings_the_import_down(value: Any, which: str, data: st.DataObject) -> None:
    """Anything in the place of anything: what is taken is a conversation, the rest has a reason."""
    importer: ChatGPT | Claude = ChatGPT() if which == "chatgpt" else Claude()
    entry = talk("Why?", "So.") if which == "chatgpt" else claude("Why?", "So.")
    place: Any = entry
    while data.draw(st.booleans()) and place:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list):
            break
        outer, place = place, place[key]
        if data.draw(st.booleans()):
            outer[key] = value
    for each in conversations_in([Entry("f", 1, entry)], importer._branches):
        assert Conversation.model_validate(each.canonical()) if isinstance(each, Conversation) else each.reason


@pytest.mark.parametrize(
    ("expected", "slug", "default"),
    [("o3", "o3", "gpt-4o"), ("gpt-4o", None, "gpt-4o"), ("gpt-4o", "auto", "gpt-4o"), (None, "auto", "auto")],
)
def test_a_response_without_a_model_has_that_of_its_conversation(
    expected: str | None, slug: str | None, default: str, tmp_path: Path
) -> None:
    """`auto` is no model; the lab is known anyway, and so is the conversation's day where the response has none."""
    meta = {"model_slug": slug} if slug else {}
    nodes = [
        node("u", "system", "user", "Why?"),
        node("a", "u", "assistant", "So.", meta=meta, create_time=None),
    ]
    (found,), _ = read(ChatGPT, archive(tmp_path / "export.zip", chatgpt(*nodes, default_model_slug=default)))
    assert (expected, "openai", "2020-09-13") == (
        found.provenance.model,
        found.provenance.lab,
        str(found.provenance.date),
    )


@pytest.mark.parametrize("when", [None, "x", "2026-99-99", 1e30, -1e30, True, [], "NaN"])
def test_a_time_that_is_none_is_not_known(when: Any, tmp_path: Path) -> None:
    """And costs nothing else."""
    written = talk("Why?", "Because.", create_time=when)
    for each in written["mapping"].values():
        if each["message"]:
            each["message"]["create_time"] = when
    (found,), _ = read(ChatGPT, archive(tmp_path / "export.zip", written))
    assert found.provenance.date is None


def test_importing_again_gives_the_same_ids(tmp_path: Path) -> None:
    """They are made of what is said: a later, longer export changes none."""
    one, _ = read(ChatGPT, archive(tmp_path / "one.zip", talk("Why?", "Because.")))
    two, _ = read(ChatGPT, archive(tmp_path / "two.zip", talk("New?", "Yes."), talk("Why?", "Because.")))
    assert one[0] == two[1]


def test_an_export_may_be_unpacked_or_cut_into_files(tmp_path: Path) -> None:
    """conversations.json alone, or numbered files in the archive; chat.html and the like are not read."""
    plain = tmp_path / "conversations.json"
    plain.write_text(json.dumps([talk("Why?", "Because.")], indent=1))
    assert [["Why?", "Because."]] == [words(each) for each in read(ChatGPT, plain)[0]]
    more = json.dumps([talk("And?", "So.")])
    path = archive(
        tmp_path / "e.zip", talk("Why?", "Because."), name="conversations-000.json", **{"conversations-001.json": more}
    )
    assert [["And?", "So."], ["Why?", "Because."]] == [words(each) for each in read(ChatGPT, path)[0]]
    with pytest.raises(SpecError, match=r"no conversations\.json in this archive\. Is it a data export\?"):
        read(ChatGPT, archive(tmp_path / "f.zip", name="shared_conversations.json"))
