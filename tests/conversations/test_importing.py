"""The import itself: ids are unique and stable, losses are counted by reason, and it streams."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from brie_bench import Conversation, Turn, Unreadable
from brie_bench.conversations.importing import Authorship, conversations_in, import_conversations
from brie_bench.conversations.opening import Entry, exported, rows
from brie_bench.errors import BrieError, SpecError
from brie_bench.files import sources

from .exports import archive, talk


def turns(*texts: str) -> list[Turn]:
    """User and assistant in turn."""
    return [Turn(role="assistant" if number % 2 else "user", content=text) for number, text in enumerate(texts)]


def made(*texts: str, name: str | None = None) -> Conversation:
    """A conversation."""
    found = Authorship().conversation(turns(*texts), "a test")
    return found.replace(id=name) if name else found


def written(*records: Conversation | Unreadable) -> list[dict[str, object]]:
    """The lines that an import writes."""
    out = io.StringIO()
    import_conversations(records, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_what_is_not_said_is_taken_from_the_options() -> None:
    """What a source says itself goes before; the lab is told from the model's name."""
    told = Authorship(author="A. Author", model="claude-3-opus", licence="CC0-1.0", consent=True, domain="creative")
    one = told.conversation(turns("Why?", "So."), "a test").provenance
    assert ("A. Author", "claude-3-opus", "anthropic", "a test", "CC0-1.0", True) == (
        one.author,
        one.model,
        one.lab,
        one.source,
        one.licence,
        one.consent,
    )
    two = told.replace(lab="theirs").conversation(turns("Why?", "So."), "a test", model="gpt-4o", lab="mine").provenance
    assert ("gpt-4o", "mine") == (two.model, two.lab)
    assert "theirs" == told.replace(lab="theirs").conversation(turns("Why?", "So."), "a test").provenance.lab


@pytest.mark.parametrize("said", [[], ["Why?"]])
def test_turns_that_are_no_conversation_are_refused(said: list[str]) -> None:
    """By the data spec, not by the importer."""
    with pytest.raises(ValidationError):
        made(*said)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("ab ", min_size=1).filter(str.strip), min_size=2, max_size=2), st.text("ab", min_size=1))
def test_a_prompt_group_is_a_prompt(texts: list[str], other: str) -> None:
    """Whatever answers it; space around it does not count."""
    one = made(*texts)
    assert one.prompt_group == made(f" {texts[0]}\n", other).prompt_group
    assert (texts[0].strip() == other) == (one.prompt_group == made(other, texts[1]).prompt_group)


def test_a_system_turn_is_no_part_of_the_prompt() -> None:
    """The same prompt under another system turn stays in its group, and is another conversation."""
    system = Turn(role="system", content="Be kind.")
    other = Authorship().conversation([system, *turns("Why?", "So.")], "a test")
    assert (made("Why?", "So.").prompt_group, False) == (other.prompt_group, made("Why?", "So.").id == other.id)


def test_a_conversation_is_taken_once() -> None:
    """The same one again is a repeat, whatever the order; another response is not."""
    out, left_out = io.StringIO(), io.StringIO()
    account = import_conversations([made("Why?", "So."), made("Why?", "No."), made("Why?", "So.")], out, left_out)
    assert (2, 1, {"a repeat of a conversation that was taken": 1}) == (
        account.conversations,
        len(account.prompts),
        dict(account.left_out),
    )
    assert [{"source": "a test", "line": 0, "reason": "a repeat of a conversation that was taken"}] == [
        json.loads(line) for line in left_out.getvalue().splitlines()
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["x", "y", "x" * 100, None]), st.sampled_from("abc")), min_size=1, max_size=9)
)
def test_ids_are_unique(names: list[tuple[str | None, str]]) -> None:
    """Others under one id get a digest added; the same content under one id is a repeat; all lines are conversations."""
    lines = written(*(made("Why?", text, name=name) for name, text in names))
    assert len(lines) == len({line["id"] for line in lines})
    assert len({(name or text, text) for name, text in names}) == len(lines)
    assert [Conversation.model_validate(line).canonical() for line in lines] == lines


def test_an_id_that_looks_like_a_digest_is_no_trap() -> None:
    """A third conversation finds an id although the second one's is taken."""
    one, two = made("Why?", "So.", name="x"), made("Why?", "No.", name="x")
    second = str(written(one, two)[1]["id"])
    lines = written(one, made("Why?", "Else.", name=second), two)
    assert 3 == len({line["id"] for line in lines})


def test_losses_are_counted_by_what_their_reasons_begin_with() -> None:
    """Details differ, the reason is one; a hostile file cannot fill the memory with reasons."""
    reasons = ["not JSON: a", "not JSON: b", *(f"reason {number}" for number in range(300))]
    left = [Unreadable(source="f", line=number, reason=reason) for number, reason in enumerate(reasons, 1)]
    account = import_conversations([*left, made("Why?", "So.")], io.StringIO())
    assert (2, 101, 302) == (account.left_out["not JSON"], len(account.left_out), account.left_out.total())
    assert ("not JSON: a", 201) == (account.first["not JSON"].reason, account.left_out["other reasons"])


def test_nothing_taken_is_an_error_that_says_why() -> None:
    """With the first reason and its place."""
    with pytest.raises(BrieError, match=r"no conversation could be read\. f:3: broken\."):
        import_conversations([Unreadable(source="f", line=3, reason="broken")], io.StringIO())


def test_a_conversation_is_written_before_the_next_is_read() -> None:
    """Memory is one conversation."""
    out = io.StringIO()
    lengths = []

    def records() -> Iterator[Conversation]:
        for number in range(3):
            lengths.append(out.getvalue().count("\n"))
            yield made("Why?", f"So {number}.")

    import_conversations(records(), out)
    assert [0, 1, 2] == lengths


def test_what_cannot_be_parsed_is_left_out_with_its_place() -> None:
    """Texts that are yielded, ValueErrors, and entries that were wrong already."""

    def parse(value: dict[str, object], origin: str) -> Iterator[Conversation | str]:
        yield f"from {origin}"
        if value:
            raise ValueError("bad")
        yield made("Why?")

    entries = [
        Entry("row 1 of f", 7, {}),
        Entry("f", 8, {"a": 1}, numbered=False),
        Entry("f", 9, SpecError("broken."), numbered=False),
    ]
    found = [each for each in conversations_in(entries, parse) if isinstance(each, Unreadable)]
    assert [
        ("row 1 of f", 7, "from row 1 of f"),
        ("row 1 of f", 7, "no conversation: key 'messages': needs at least 2 entries"),
        ("f", 8, "from f, line 8"),
        ("f", 8, "bad"),
        ("f", 9, "broken"),
    ] == [(each.source, each.line, each.reason) for each in found]


def test_a_file_may_begin_with_space(tmp_path: Path) -> None:
    """An array is known by its first bracket."""
    (tmp_path / "a.json").write_text('\n\n [{"a": 1}]')
    (source,) = sources([tmp_path / "a.json"])
    assert [("row 1 of a.json", 3, {"a": 1}, True)] == list(rows(source))


def test_a_member_that_cannot_be_had_is_an_entry(tmp_path: Path) -> None:
    """A name that leads out of the archive costs that member alone."""
    path = archive(tmp_path / "e.zip", talk("Why?", "So."), **{"../conversations.json": "[]"})
    (source,) = sources([path])
    first, second = exported(source)
    assert ("e.zip/../conversations.json", "its name leads out of the archive.") == (
        first.place,
        first.value.what if isinstance(first.value, SpecError) else "",
    )
    assert "conversation 1 of e.zip/conversations.json" == second.place
