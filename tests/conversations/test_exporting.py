"""An export writes all or nothing, leaves out what nobody agreed to, and counts what the target does not hold."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench.conversations.exporting import (
    FIELDS,
    PRIVATE,
    ConversationExporter,
    columns,
    export_conversations,
    lost,
    publicly,
)
from brie_bench.conversations.folder import replacing_folder
from brie_bench.conversations.reading import Broken, Placed
from brie_bench.errors import BrieError, PluginError, SpecError, UsageError
from brie_bench.spec.conversation import Conversation

from .pile import conversation


class Ids(ConversationExporter):
    """Writes ids."""

    name = "ids"
    holds = frozenset({"id"})  # type: ignore[assignment]

    def write(self, records: Iterable[Any], target: Path) -> None:
        target.write_text(" ".join(each.id for each in records))


class Folder(Ids):
    """Writes ids into a folder."""

    name = "folder"
    folder = frozenset({"ids/all", "README.md"})

    def write(self, records: Iterable[Any], target: Path) -> None:
        (target / "ids").mkdir()
        super().write(records, target / "ids" / "all")


class Faulty(Ids):
    """Breaks half-way."""

    name = "faulty"

    def write(self, records: Iterable[Any], target: Path) -> None:
        target.write_text(next(iter(records)).id)
        raise RuntimeError("no more ink")


def talk(number: int, **changes: Any) -> Placed:
    """A conversation and its place; `consent` is that of its provenance."""
    provenance = {"author": "A. Author", **({"consent": changes.pop("consent")} if "consent" in changes else {})}
    return Placed("in.jsonl", number, conversation(number, random.Random(number), provenance=provenance, **changes))


def test_it_is_counted_what_is_written_and_what_is_not(tmp_path: Path) -> None:
    """Conversations without consent never, other splits only where one is asked for."""
    found = [
        talk(1, split="train"),
        talk(2, split="validation", patterns=["wit"]),
        talk(3, split="train", patterns=["wit"], consent=True),
        talk(4, split="train", consent=False),
    ]
    account = export_conversations(found, Ids(), tmp_path / "out")
    assert "c-1 c-2 c-3" == (tmp_path / "out").read_text()
    assert (3, 6, 0, 1) == (account.conversations, account.responses, account.other_split, account.no_consent)
    assert {"train": 2, "validation": 1} == account.splits
    assert {"prompt_group": 3, "domain": 3, "patterns": 2, "split": 3, "provenance": 3} == account.lost
    account = export_conversations(found, Ids(), tmp_path / "out", split="train")
    assert "c-1 c-3" == (tmp_path / "out").read_text()
    assert (2, 1, 1) == (account.conversations, account.other_split, account.no_consent)


@pytest.mark.parametrize(
    ("error", "message", "found", "exporter"),
    [
        (
            SpecError,
            "in.jsonl:2: key 'id' is missing.",
            [talk(1), Broken("in.jsonl", 2, "key 'id' is missing.")],
            Ids(),
        ),
        (BrieError, "nobody agreed to any of these conversations", [talk(1, consent=False)], Ids()),
        (BrieError, "no conversation is in the split 'train'", [talk(1)], Ids()),
        (BrieError, "no conversation here", [], Ids()),
        (PluginError, "exporter 'faulty': RuntimeError: no more ink", [talk(1, split="train")], Faulty()),
    ],
)
@pytest.mark.parametrize("old", [None, "old"])
def test_it_is_all_or_nothing(
    old: str | None,
    error: type[BrieError],
    message: str,
    found: list[Any],
    exporter: ConversationExporter,
    tmp_path: Path,
) -> None:
    """Whatever goes wrong, what was there is there, and nothing else."""
    target = tmp_path / "out"
    if old is not None:
        target.write_text(old)
    with pytest.raises(error, match=message):
        export_conversations(
            found, exporter, target, split="train" if "train" in message or error is PluginError else None
        )
    assert ([] if old is None else [target]) == list(tmp_path.iterdir())
    assert old is None or old == target.read_text()


def test_a_folder_is_replaced_where_it_holds_nothing_else(tmp_path: Path) -> None:
    """What an export does not write is never removed, nor a folder half written."""
    target = tmp_path / "out"
    export_conversations([talk(1)], Folder(), target)
    (target / "README.md").write_text("old")
    export_conversations([talk(2)], Folder(), target)
    assert ["ids", "ids/all"] == sorted(each.relative_to(target).as_posix() for each in target.rglob("*"))
    assert "c-2" == (target / "ids" / "all").read_text()
    with pytest.raises(SpecError):
        export_conversations([talk(3), Broken("in.jsonl", 2, "no.")], Folder(), target)
    assert "c-2" == (target / "ids" / "all").read_text()
    (target / "ids" / "mine").write_text("mine")
    with pytest.raises(UsageError, match="holds 'ids/mine', which an export does not write"):
        export_conversations([talk(3)], Folder(), target)
    assert ("c-2", "mine") == ((target / "ids" / "all").read_text(), (target / "ids" / "mine").read_text())
    assert [target] == list(tmp_path.iterdir())


def test_a_link_or_a_file_is_no_folder(tmp_path: Path) -> None:
    """Neither is replaced by one, nor written through."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").write_text("mine")
    for name in ("link", "file"):
        with pytest.raises(UsageError, match="this is no folder"), replacing_folder(tmp_path / name, {"README.md"}):
            pass
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "README.md").symlink_to(tmp_path / "file")
    with pytest.raises(UsageError, match=r"holds 'README\.md'"), replacing_folder(tmp_path / "out", {"README.md"}):
        pass


def test_what_is_private_is_withheld_unless_it_is_held() -> None:
    """Author, source and date; the rest of the provenance stays."""
    whole = conversation(1, random.Random(1))
    assert {"author": "withheld", "licence": "CC0-1.0", "consent": True} == publicly(whole).provenance.canonical()
    assert whole == publicly(whole, PRIVATE)
    assert ["source", "date"] == list(lost(whole, {*FIELDS, "author"}))
    assert [] == list(lost(publicly(whole), FIELDS))


@settings(max_examples=50, deadline=None)
@given(st.sets(st.sampled_from([*FIELDS, *PRIVATE])), st.integers(0, 50))
def test_a_field_is_held_or_lost(holds: set[str], number: int) -> None:
    """Every field that says something is a column or is counted, never both."""
    whole = conversation(number, random.Random(number), patterns=["wit"], split="train", phase="curated")
    gone = set(lost(whole, holds))
    assert set(FIELDS) == set(columns(whole, holds)) | (gone & set(FIELDS))
    assert not set(columns(whole, holds)) & gone
    if "provenance" in holds:
        assert set(PRIVATE) == (holds & set(PRIVATE)) | (gone & set(PRIVATE))
        shown = Conversation.model_validate({**whole.model_dump(), "provenance": columns(whole, holds)["provenance"]})
        assert publicly(whole, holds).provenance == shown.provenance
