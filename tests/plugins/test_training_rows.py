"""Rows for trainers: each format's words, what says where they come from, and what a conversation cannot hold."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from brie_bench_training_rows import Alpaca, Messages, OpenAI, Preference, PromptCompletion, ShareGPT
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Conversation, Unreadable
from brie_bench.conversations.importing import conversations_in
from brie_bench.conversations.opening import Entry
from brie_bench.conversations.rows import Rows
from brie_bench.errors import SpecError

ASK = {"role": "user", "content": "Why?"}
ANSWER = {"role": "assistant", "content": "Because."}
PARTS = [{"type": "text", "text": "Why?"}, {"type": "text", "text": "Now?"}]
FORMATS: dict[str, tuple[type[Rows], dict[str, Any]]] = {
    "messages": (Messages, {"messages": [ASK, ANSWER]}),
    "openai": (OpenAI, {"messages": [ASK, ANSWER]}),
    "prompt-completion": (PromptCompletion, {"prompt": "Why?", "completion": "Because."}),
    "preference": (Preference, {"prompt": "Why?", "chosen": "Because."}),
    "alpaca": (Alpaca, {"instruction": "Why?", "input": "", "output": "Because."}),
    "sharegpt": (
        ShareGPT,
        {"conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "Because."}]},
    ),
}


def write(path: Path, *rows: Any) -> Path:
    """A JSONL file; text goes in as it is."""
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), "utf-8")
    return path


def read(importer: type[Rows], path: Path, **options: Any) -> tuple[list[Conversation], list[Unreadable]]:
    """What is taken and what is left out."""
    found = list(importer(importer.Options(**options)).read([path]))
    taken = [each for each in found if isinstance(each, Conversation)]
    return taken, [each for each in found if isinstance(each, Unreadable)]


def said(importer: type[Rows], tmp_path: Path, row: Any, **options: Any) -> tuple[list[str], list[str]]:
    """`u: words` of every turn of a row's conversations, and the reasons."""
    taken, left_out = read(importer, write(tmp_path / "rows.jsonl", row), **options)
    turns = [f"{turn.role[0]}: {turn.content}" for each in taken for turn in each.messages]
    return turns, [each.reason for each in left_out]


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_gives_the_same_conversation(form: str, tmp_path: Path) -> None:
    """As JSON lines and as a JSON array; everything but the place is equal."""
    importer, row = FORMATS[form]
    assert form == importer.name
    (one,), left_out = read(importer, write(tmp_path / "rows.jsonl", row), author="A. Author")
    assert ([], ["Why?", "Because."]) == (left_out, [turn.content for turn in one.messages])
    assert {"author": "A. Author", "source": "rows.jsonl, line 1"} == one.provenance.canonical()
    (other,), _ = read(importer, write(tmp_path / "rows.json", json.dumps([row], indent=2)), author="A. Author")
    assert "row 1 of rows.json" == other.provenance.source
    assert (one.id, one.prompt_group, one.messages) == (other.id, other.prompt_group, other.messages)


@pytest.mark.parametrize("form", FORMATS)
def test_a_line_that_is_no_row_costs_itself_alone(form: str, tmp_path: Path) -> None:
    """Broken JSON, another object, a list: each is told with its line."""
    importer, row = FORMATS[form]
    path = write(tmp_path / "rows.jsonl", row, "{broken", {}, [], "", row)
    taken, left_out = read(importer, path)
    assert (2, [2, 3, 4]) == (len(taken), [each.line for each in left_out])
    assert left_out[0].reason.startswith("not valid JSON: ")
    assert left_out[1].reason.startswith("no conversation: key '")
    assert "a list where a JSON object belongs" == left_out[2].reason


@pytest.mark.parametrize(
    ("turns", "reasons", "messages"),
    [
        (["s: Be kind.", "u: Why?", "a: Because."], [], [{"role": "system", "content": "Be kind."}, ASK, ANSWER]),
        (["s: Be kind.", "u: Why?", "a: Because."], [], [{"role": "developer", "content": "Be kind."}, ASK, ANSWER]),
        (["u: Why?\n\nNow?", "a: Because."], [], [{"role": "user", "content": PARTS}, ANSWER]),
        (["u: Why?", "a: Because."], ["a last prompt without a response"], [ASK, ANSWER, ASK]),
        ([], ["an image or a file, which a conversation cannot hold"], [{**ASK, "content": [{"type": "image_url"}]}]),
        ([], ["calls of tools, which a conversation cannot hold"], [ASK, {**ANSWER, "tool_calls": [{}]}]),
        ([], ["calls of tools, which a conversation cannot hold"], [ASK, {"role": "tool", "content": "x"}, ANSWER]),
        ([], ["no conversation: a message without text"], [ASK, {**ANSWER, "content": None}]),
        ([], ["no conversation: 'narrator' is no role in key 'messages'"], [{**ASK, "role": "narrator"}]),
        ([], ["no conversation: '[]' is no role in key 'messages'"], [{**ASK, "role": []}]),
        ([], ["no conversation: no response to a prompt"], []),
        ([], ["no conversation: key 'messages' holds no list of messages"], "Why?"),
        ([], ["no conversation: key 'messages' holds no list of messages"], ["Why?"]),
    ],
)
def test_messages(turns: list[str], reasons: list[str], messages: Any, tmp_path: Path) -> None:
    """Roles and contents as chat templates take them; tools and images end the row."""
    for importer in (Messages, OpenAI):
        assert (turns, reasons) == said(importer, tmp_path, {"messages": messages})


def test_a_weight_of_zero_is_told(tmp_path: Path) -> None:
    """On an earlier response it is lost; on the last one the row is, for nobody is to learn it."""
    ignored = {**ANSWER, "weight": 0}
    turns = ["u: Why?", "a: Because.", "u: Why?", "a: Because."]
    assert (turns, ["a weight of 0, which a conversation cannot hold"]) == said(
        OpenAI, tmp_path, {"messages": [ASK, ignored, ASK, {**ANSWER, "weight": 1}]}
    )
    assert ([], ["a last response of the weight 0, which nobody is to learn"]) == said(
        OpenAI, tmp_path, {"messages": [ASK, ANSWER, ASK, ignored]}
    )


@pytest.mark.parametrize(
    ("turns", "row"),
    [
        (["u: Why?", "a: Because."], {"prompt": [ASK], "completion": [ANSWER]}),
        (["u: Why?", "a: Because."], {"prompt": [ASK], "completion": "Because."}),
        (["u: Why?", "a: Because.", "u: Why?", "a: So."], {"prompt": [ASK, ANSWER, ASK], "completion": "So."}),
    ],
)
def test_prompt_and_completion_may_be_messages(turns: list[str], row: Any, tmp_path: Path) -> None:
    """Several turns of them too."""
    assert (turns, []) == said(PromptCompletion, tmp_path, row)


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Why?", "chosen": "Because.", "rejected": "No."},
        {"prompt": [ASK], "chosen": [ANSWER], "rejected": [{**ANSWER, "content": "No."}]},
        {"chosen": [ASK, ANSWER], "rejected": [ASK, {**ANSWER, "content": "No."}]},
        {"id": "r-1", "prompt": "Why?", "chosen": "Because.", "rejected": "No."},
        {
            "id": "r-1",
            "prompt": "Why?",
            "chosen": "Because.",
            "rejected": "No.",
            "prompt_group": "p-499f097cf704535e3839",
            "domain": "a",
            "provenance": {"author": "A. Author"},
        },
    ],
)
def test_the_rejected_response_is_left_out_or_marked(row: Any, tmp_path: Path) -> None:
    """It is counted; with the option it is a response of its own to the same prompt, with a pattern that says so."""
    assert (["u: Why?", "a: Because."], ["a rejected response"]) == said(Preference, tmp_path, row)
    (chosen, rejected), left_out = read(Preference, write(tmp_path / "rows.jsonl", row), rejected=True)
    assert ([], "Because.", "No.") == (left_out, chosen.messages[-1].content, rejected.messages[-1].content)
    assert ((), ("rejected",)) == (chosen.patterns, rejected.patterns)
    assert (True, False) == (chosen.prompt_group == rejected.prompt_group, chosen.id == rejected.id)


@pytest.mark.parametrize(
    ("turns", "reasons", "row"),
    [
        (["u: Why?\n\nNow.", "a: Because."], [], {"instruction": "Why?", "input": "Now.", "output": "Because."}),
        (["u: Why?", "a: Because."], [], {"instruction": "Why?", "output": "Because."}),
        (["s: Be kind.", "u: Why?", "a: So."], [], {"instruction": "Why?", "output": "So.", "system": "Be kind."}),
        (
            ["u: Hm?", "a: Ah.", "u: Why?", "a: So."],
            [],
            {"instruction": "Why?", "output": "So.", "history": [["Hm?", "Ah."]]},
        ),
        (
            [],
            ["no conversation: key 'history' holds no pairs of texts"],
            {"instruction": "Why?", "output": "So.", "history": [["Hm?"]]},
        ),
        ([], ["no conversation: key 'output' is no text"], {"instruction": "Why?", "output": None}),
        ([], ["no conversation: key 'instruction' is no text"], {"instruction": 5, "output": "So."}),
        (
            [],
            ["an empty turn", "a response before any prompt", "no conversation: no response to a prompt"],
            {"instruction": "", "output": "So."},
        ),
    ],
)
def test_alpaca(turns: list[str], reasons: list[str], row: Any, tmp_path: Path) -> None:
    """The input follows the instruction; a system prompt and a history are turns."""
    assert (turns, reasons) == said(Alpaca, tmp_path, row)


def test_sharegpt_begins_with_the_first_prompt(tmp_path: Path) -> None:
    """Conversations that were cut off at their beginning are common there."""
    turns = [("gpt", "Ah."), ("human", "Why?"), ("chatgpt", "Because.")]
    row = {"id": "x-1", "conversations": [{"from": speaker, "value": text} for speaker, text in turns]}
    assert (["u: Why?", "a: Because."], ["a response before any prompt"]) == said(ShareGPT, tmp_path, row)


def test_what_a_row_says_of_itself_is_taken(tmp_path: Path) -> None:
    """Its id where it is a name, its model and source; the lab is told from the model."""
    rows = [
        {"messages": [ASK, ANSWER], "id": "r-1", "model": "claude-3-opus", "source": "a book"},
        {"messages": [ASK, ANSWER], "id": 17, "model": 5},
    ]
    (one, two), left_out = read(Messages, write(tmp_path / "rows.jsonl", *rows), model="gpt-4o", date="2026-01-02")
    assert ([], "r-1", "17") == (left_out, one.id, two.id)
    assert ("claude-3-opus", "anthropic", "a book") == (
        one.provenance.model,
        one.provenance.lab,
        one.provenance.source,
    )
    assert ("gpt-4o", "openai", "rows.jsonl, line 2") == (
        two.provenance.model,
        two.provenance.lab,
        two.provenance.source,
    )
    assert "2026-01-02" == str(two.provenance.date)


def test_a_row_of_this_project_comes_back_as_it_was(tmp_path: Path) -> None:
    """All that the data spec knows, or as much of it as the row has."""
    row = {
        "id": "mine",
        "messages": [ASK, ANSWER],
        "prompt_group": "g",
        "domain": "creative",
        "patterns": ["doubt"],
        "phase": "curated",
        "split": "train",
        "provenance": {"author": "A. Author", "licence": "CC0-1.0", "consent": True},
    }
    (found,), left_out = read(Messages, write(tmp_path / "rows.jsonl", row), author="another")
    assert ([], row) == (left_out, found.canonical())
    part = {key: row[key] for key in ("messages", "prompt_group", "split")}
    (found,), left_out = read(Messages, write(tmp_path / "rows.jsonl", part), author="another")
    assert ([], "g", "train", "another") == (left_out, found.prompt_group, found.split, found.provenance.author)


@pytest.mark.parametrize(
    ("key", "value"),
    [("id", "name\n"), ("domain", "not a name"), ("split", "dev"), ("phase", 3), ("provenance", {}), ("patterns", "x")],
)
def test_a_column_of_another_meaning_costs_itself_alone(key: str, value: Any, tmp_path: Path) -> None:
    """It is named as the data spec names one and holds something else: it is told, and the rest is taken."""
    row = {"messages": [ASK, ANSWER], "prompt_group": "g", key: value}
    (found,), (left_out,) = read(Messages, write(tmp_path / "rows.jsonl", row))
    assert (f"a column that the data spec does not take as it is: {key}", "g") == (left_out.reason, found.prompt_group)
    assert found.provenance.source == "rows.jsonl, line 1"


def test_columns_that_are_not_taken_are_named_once(tmp_path: Path) -> None:
    """For the file, not for every row."""
    rows = [{"messages": [ASK, ANSWER], "score": 1}, {"messages": [ASK, ANSWER], "tools": [], "score": 2}]
    _, (left_out,) = read(Messages, write(tmp_path / "rows.jsonl", *rows))
    assert ("rows.jsonl", "columns that a conversation does not have: score, tools") == (
        left_out.source,
        left_out.reason,
    )


@pytest.mark.parametrize(
    ("expected", "raw"),
    [
        ("this file is empty.", b""),
        ("this file is UTF-16, not UTF-8. Save it as UTF-8.", '{"messages": []}'.encode("utf-16")),
        ("this is an archive, a JSON file is needed. Unpack it first.", b"PK\x03\x04"),
    ],
)
def test_a_file_that_holds_no_rows_is_refused(expected: str, raw: bytes, tmp_path: Path) -> None:
    """At its beginning."""
    (tmp_path / "rows.jsonl").write_bytes(raw)
    with pytest.raises(SpecError) as error:
        read(Messages, tmp_path / "rows.jsonl")
    assert str(error.value).endswith(f"rows.jsonl: {expected}")


@pytest.mark.parametrize("array", [False, True])
def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(array: bool, tmp_path: Path) -> None:
    """As some editors write them; what is said is as it was."""
    row = {"messages": [ASK, {**ANSWER, "content": "One.\r\nTwo."}]}
    lines = json.dumps([row, row], indent=1) if array else f"{json.dumps(row)}\n{json.dumps(row)}\n"
    (tmp_path / "rows.jsonl").write_bytes(b"\xef\xbb\xbf" + lines.replace("\n", "\r\n").encode())
    taken, left_out = read(Messages, tmp_path / "rows.jsonl")
    assert ([], ["One.\r\nTwo."] * 2) == (left_out, [each.messages[-1].content for each in taken])


WORDS = re.findall(
    r"\S+",
    """messages role content user assistant prompt completion chosen rejected instruction output history id system
    conversations from value human gpt weight tool_calls provenance prompt_group domain author type text""",
)
ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(FORMATS)), st.data())
def test_no_shape_of_json_brings_the_import_down(form: str, data: st.DataObject) -> None:
    """Anything in the place of anything: what is taken is a conversation, the rest has a reason."""
    importer, row = FORMATS[form]
    keys = st.sampled_from(sorted(importer.columns)) | st.sampled_from(["id", "model", "provenance", "prompt_group"])
    changes = data.draw(st.dictionaries(keys, ANY, max_size=3))
    for each in conversations_in([Entry("f", 1, {**row, **changes})], importer()._conversations):
        assert Conversation.model_validate(each.canonical()) if isinstance(each, Conversation) else each.reason
