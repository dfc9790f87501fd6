"""Conversations for other tools: what exporters share, and the export itself, with an account of what is not in it."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from brie_bench.conversations.folder import replacing_folder
from brie_bench.conversations.reading import Broken, Placed
from brie_bench.errors import BrieError, PluginError, SpecError, in_words
from brie_bench.files import replacing
from brie_bench.plugin.base import Options
from brie_bench.plugin.kinds import Exporter
from brie_bench.spec.conversation import Conversation

FIELDS = tuple(name for name in Conversation.model_fields if name != "messages")
"""What a conversation says besides its turns."""
PRIVATE = ("author", "source", "date")
"""Of the provenance, what is withheld unless it is asked for."""
WITHHELD = "withheld"
"""Stands for an author who is not named."""

Name = Literal["id", "prompt_group", "domain", "patterns", "phase", "split", "provenance", "author", "source", "date"]


class Kept(Options):
    """What a row says besides its turns."""

    include: tuple[Name, ...] = Field(
        default=(), description="Fields to keep as columns; author, source and date belong to the provenance."
    )


class ConversationExporter(Exporter):
    """Writes conversations for another tool: a file, or a folder of files."""

    options: Any
    folder: ClassVar[frozenset[str]] = frozenset()
    """The files that it may write where its target is a folder, empty at first: `README.md`, `data/train.jsonl`, …"""

    @property
    def holds(self) -> frozenset[str]:
        """The fields it keeps, of `FIELDS` and `PRIVATE`."""
        return frozenset()

    @abstractmethod
    def write(self, records: Iterable[Any], target: Path) -> None:
        """Write them all. Raises BrieError for records that are no conversations (`only_conversations` does)."""


class Rows(ConversationExporter):
    """JSON lines, the turns first and then the columns that are asked for."""

    class Options(Kept):
        """What a row says besides its turns."""

    @property
    def holds(self) -> frozenset[str]:
        """What is included; a part of the provenance includes it."""
        return held(self.options.include)

    @abstractmethod
    def rows(self, conversation: Conversation) -> Iterator[dict[str, Any]]:
        """The turns of each row that it becomes."""

    def write(self, records: Iterable[Any], target: Path) -> None:
        """One row a line."""
        with target.open("w", encoding="utf-8", newline="\n") as file:
            for conversation in only_conversations(records):
                beside = columns(conversation, self.holds)
                file.writelines(line({**row, **beside}) for row in self.rows(conversation))


def held(include: Collection[str]) -> frozenset[str]:
    """`include`, and the provenance where a part of it is there."""
    return frozenset(include) | ({"provenance"} if set(include) & set(PRIVATE) else set())


def columns(conversation: Conversation, holds: Collection[str]) -> dict[str, Any]:
    """The fields that are held as JSON values, in the order of the data spec, what is unknown as null: rows have equal keys."""
    shown = publicly(conversation, holds).model_dump(mode="json")
    return {name: shown[name] for name in FIELDS if name in holds}


def publicly(conversation: Conversation, holds: Collection[str] = ()) -> Conversation:
    """The conversation without what is private and not held: no author named, no source, no date."""
    hidden: dict[str, Any] = {"author": WITHHELD, "source": None, "date": None}
    changes = {name: value for name, value in hidden.items() if name not in holds}
    return conversation.model_copy(update={"provenance": conversation.provenance.model_copy(update=changes)})


def line(row: dict[str, Any]) -> str:
    """A row as a line of JSON, its keys in their order."""
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


def only_conversations(records: Iterable[Any]) -> Iterator[Conversation]:
    """`records`. Raises BrieError for one that is no conversation."""
    for record in records:
        if not isinstance(record, Conversation):
            raise BrieError(
                "this exporter writes conversations, not judgments.", mend="Use 'brie-bench conversations export'."
            )
        yield record


@dataclass
class Account:
    """What an export wrote, and what it did not."""

    conversations: int = 0
    responses: int = 0
    """Turns of the assistant."""
    splits: Counter[str] = field(default_factory=Counter)
    """Conversations that were written, by split; `none` before the split."""
    other_split: int = 0
    """Conversations of another split than the one asked for."""
    no_consent: int = 0
    """Conversations that somebody did not agree to."""
    lost: Counter[str] = field(default_factory=Counter)
    """By field, the conversations that say something there which the target does not hold."""

    def take(self, conversation: Conversation, holds: Collection[str]) -> None:
        """Count one that is written."""
        self.conversations += 1
        self.responses += sum(turn.role == "assistant" for turn in conversation.messages)
        self.splits[conversation.split or "none"] += 1
        self.lost.update(lost(conversation, holds))


def lost(conversation: Conversation, holds: Collection[str]) -> Iterator[str]:
    """The fields in which the conversation says something that is not held."""
    said = conversation.canonical()
    yield from (name for name in FIELDS if name in said and name not in holds)
    if "provenance" in holds:
        yield from (
            name for name in PRIVATE if said["provenance"].get(name, WITHHELD) != WITHHELD and name not in holds
        )


def export_conversations(
    found: Iterable[Placed | Broken], exporter: ConversationExporter, target: Path, *, split: str | None = None
) -> Account:
    """Write all conversations, or those of one split, to `target`, which is replaced at once; what that came to. Streams.

    Conversations that somebody did not agree to are never written. Raises SpecError for a line that is no conversation,
    and BrieError where nothing is left to write.
    """
    account = Account()

    def taken() -> Iterator[Conversation]:
        for each in found:
            if isinstance(each, Broken):
                mend = "See 'brie-bench conversations validate'."
                raise SpecError(each.reason, where=f"{each.file}:{each.line}", mend=mend)
            conversation = each.conversation
            if conversation.provenance.consent is False:
                account.no_consent += 1
            elif split is not None and conversation.split != split:
                account.other_split += 1
            else:
                account.take(conversation, exporter.holds)
                yield conversation

    with replacing_folder(target, exporter.folder) if exporter.folder else replacing(target) as temporary:
        try:
            exporter.write(taken(), temporary)
        except (BrieError, OSError):
            raise
        except Exception as error:  # a stranger's code: say whose fault it is
            raise PluginError(f"exporter '{exporter.name}': {in_words(error)}") from error
        if not account.conversations:
            raise BrieError(_nothing(account, split))
    return account


def _nothing(account: Account, split: str | None) -> str:
    """Why there is nothing to write."""
    if account.other_split:
        return f"no conversation is in the split '{split}'."
    return "nobody agreed to any of these conversations." if account.no_consent else "no conversation here."
