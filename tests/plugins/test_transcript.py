"""Transcripts: who speaks is said by marks at the beginning of a line, and by nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from brie_bench_transcript import Transcript

from brie_bench import Conversation, Unreadable, files
from brie_bench.errors import SpecError


def read(path: Path, text: str | bytes, **options: Any) -> tuple[list[list[str]], list[str]]:
    """The words of each conversation, and the reasons."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    found = list(Transcript(Transcript.Options(**options)).read([path]))
    taken = [each for each in found if isinstance(each, Conversation)]
    words = [[f"{turn.role[0]}: {turn.content}" for turn in each.messages] for each in taken]
    return words, [each.reason for each in found if isinstance(each, Unreadable)]


@pytest.mark.parametrize(
    ("you", "they"),
    [
        ("Human: {}", "Assistant: {}"),
        ("USER: {}", "AI: {}"),
        ("**You:** {}", "**ChatGPT:** {}"),
        ("**You**: {}", "__Claude__: {}"),
        ("## User\n\n{}", "## Assistant\n\n{}"),
        ("### Human:\n{}", "### Assistant:\n{}"),
        ("You said:\n{}", "ChatGPT said:\n{}"),
        ("> User: {}", "> Gemini (1.5 Pro): {}"),
        ("**User**\n{}", "*Assistant*\n\n\n{}"),
    ],
)
def test_marks(you: str, they: str, tmp_path: Path) -> None:
    """As people and pages write them."""
    text = "\n\n".join([you.format("Why?"), they.format("Because.\n\nTruly."), you.format("And?"), they.format("So.")])
    assert ([["u: Why?", "a: Because.\n\nTruly.", "u: And?", "a: So."]], []) == read(tmp_path / "t.md", text)


@pytest.mark.parametrize(
    "line",
    [
        "You are right.",
        "You",
        "Human beings: a study",
        "Humans: many",
        "Answer: 42",
        "so the Human: spoke",
        "    User: indented as code",
        "```\nHuman: quoted\n```",
        "**You are** right: so it is",
    ],
)
def test_what_is_no_mark_is_said(line: str, tmp_path: Path) -> None:
    """Words that only look like one, and whatever stands in a code block."""
    assert ([["u: Why?", f"a: See.\n{line}"]], []) == read(tmp_path / "t.md", f"Human: Why?\nAssistant: See.\n{line}\n")


def test_other_speakers_are_named_by_options(tmp_path: Path) -> None:
    """In any case, beside the usual names."""
    found = read(
        tmp_path / "t.md", "Anna: Why?\nBRIE: Because.\nHuman: And?\nBrie: So.\n", user="Anna", assistant="Brie"
    )
    assert ([["u: Why?", "a: Because.", "u: And?", "a: So."]], []) == found


def test_a_line_may_separate_conversations(tmp_path: Path) -> None:
    """Each has its own first line; nothing is between two such lines."""
    path = tmp_path / "t.md"
    path.write_text("User: Why?\nAI: So.\n* * *\n\nUser: And?\nAI: Yes.\n* * *\n* * *\n")
    found = list(Transcript(Transcript.Options(between="* * *")).read([path]))
    assert [["Why?", "So."], ["And?", "Yes."]] == [
        [turn.content for turn in each.messages] for each in found if isinstance(each, Conversation)
    ]
    assert ["t.md, line 1", "t.md, line 4"] == [
        each.provenance.source for each in found if isinstance(each, Conversation)
    ]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ((["u: Why?", "a: So."], ["words before the first speaker"]), "# A talk\n\nUser: Why?\nAI: So.\n"),
        ((["s: Be kind.", "u: Why?", "a: So."], []), "System: Be kind.\nUser: Why?\nAI: So.\n"),
        ((["u: Why?", "a: So."], ["a last prompt without a response"]), "User: Why?\nAI: So.\nUser: And?\n"),
        ((None, ["words before the first speaker", "no conversation: no line names a speaker"]), "Why? So.\n"),
        ((None, ["a last prompt without a response", "no conversation: no response to a prompt"]), "User: Why?\n"),
        ((None, ["byte 10 is not UTF-8"]), b"User: Why?\nUser: Why \xff\nAI: So.\n"),
    ],
)
def test_what_is_left_out_is_told(
    expected: tuple[list[str] | None, list[str]], text: str | bytes, tmp_path: Path
) -> None:
    """Headings, prompts without a response, files in which nobody speaks, words that cannot be read."""
    turns, reasons = expected
    assert ([turns] if turns else [], reasons) == read(tmp_path / "t.md", text)


def test_windows_files_are_read_alike(tmp_path: Path) -> None:
    """With a byte order mark and carriage returns."""
    text = b"\xef\xbb\xbf" + b"Human: Why?\r\n\r\nHm.\r\nAssistant: So.\r\n"
    assert ([["u: Why?\n\nHm.", "a: So."]], []) == read(tmp_path / "t.md", text)


def test_a_conversation_that_is_too_long_costs_itself_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words or empty lines, no more of them is held in memory."""
    monkeypatch.setattr("brie_bench_transcript.LONGEST_LINE", 100)
    text = "User: Why?\nAI: " + "\n" * 200 + "So.\n====\nUser: Why?\nAI: So.\n"
    assert ([["u: Why?", "a: So."]], ["longer than 100 characters"]) == read(tmp_path / "t.md", text, between="====")
    assert files.LONGEST_LINE > 100


@pytest.mark.parametrize(
    ("expected", "raw"), [("is empty", b""), ("is UTF-16, not UTF-8", "User: Why?".encode("utf-16"))]
)
def test_a_file_that_is_no_text_is_refused(expected: str, raw: bytes, tmp_path: Path) -> None:
    """At its beginning."""
    with pytest.raises(SpecError, match=expected):
        read(tmp_path / "t.md", raw)
