"""Other tools' conversations into the data spec: what importers share, and the import itself, conversation by conversation."""

from __future__ import annotations

import datetime
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from pydantic import Field, ValidationError

from brie_bench.conversations.opening import Entry
from brie_bench.errors import BrieError, SpecError
from brie_bench.files import first_error, to_jsonl
from brie_bench.plugin.base import Options
from brie_bench.report.labs import lab_of
from brie_bench.spec.base import Name, digest
from brie_bench.spec.conversation import Conversation, Provenance, Turn
from brie_bench.spec.imported import Imported, Unreadable


class Authorship(Options):
    """What is said of every conversation where its file does not say it."""

    author: str = Field(default="unknown", pattern=r"\S", description="The person or group that wrote or curated them.")
    model: str | None = Field(
        default=None, pattern=r"\S", description="The model that helped, as its provider names it."
    )
    lab: str | None = Field(
        default=None, pattern=r"\S", description="The lab of that model; told from its name without it."
    )
    date: datetime.date | None = Field(default=None, description="When they were written, such as 2026-02-28.")
    licence: str | None = Field(
        default=None, pattern=r"\S", description="An SPDX licence identifier, such as CC-BY-4.0."
    )
    consent: bool | None = Field(
        default=None, strict=True, description="Whether everybody whose words these are agreed to this use."
    )
    domain: Name = Field(default="unsorted", description="The ground they stand on: philosophy, creative, …")

    def conversation(
        self,
        turns: Sequence[Turn],
        source: str,
        *,
        model: str | None = None,
        lab: str | None = None,
        day: datetime.date | None = None,
    ) -> Conversation:
        """A conversation of these turns; what is not known of it is taken from here.

        Its id is the digest of its turns, so that importing again gives it the same one. Conversations that begin with the
        same prompt share a prompt group. Raises ValidationError for turns that are none.
        """
        model = model or self.model
        prompt = next((turn.content.strip() for turn in turns if turn.role == "user"), "")
        return Conversation(
            id=f"c-{content(turns)}",
            messages=tuple(turns),
            prompt_group=f"p-{digest(prompt)[:20]}",
            domain=self.domain,
            provenance=Provenance(
                author=self.author,
                model=model,
                lab=lab or self.lab or lab_of(model),
                source=source,
                date=day or self.date,
                licence=self.licence,
                consent=self.consent,
            ),
        )


def content(turns: Sequence[Turn]) -> str:
    """What is said, in 20 hexadecimal digits."""
    return digest([[turn.role, turn.content] for turn in turns])[:20]


def conversations_in(
    entries: Iterable[Entry], parse: Callable[[dict[str, Any], str], Iterator[Conversation | str]]
) -> Iterator[Conversation | Unreadable]:
    """What `parse` makes of each entry and its origin, in words; a text that it yields, and a ValueError that it raises, is
    why something of the entry is left out."""
    for entry in entries:
        for each in _parsed(entry, parse):
            if isinstance(each, str):
                yield Unreadable(source=entry.place, line=entry.line, reason=each)
            else:
                yield each


def _parsed(
    entry: Entry, parse: Callable[[dict[str, Any], str], Iterator[Conversation | str]]
) -> Iterator[Conversation | str]:
    if isinstance(entry.value, SpecError):
        yield entry.value.what.rstrip(".")
        return
    try:
        yield from parse(entry.value, entry.origin)
    except ValidationError as error:
        yield f"no conversation: {first_error(error, Conversation).rstrip('.')}"
    except ValueError as error:
        yield str(error)


@dataclass
class Account:
    """What an import took and what it left out."""

    conversations: int = 0
    prompts: set[str] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)
    """By reason, without its details."""
    first: dict[str, Unreadable] = field(default_factory=dict)
    """The first of each reason."""

    def leave(self, each: Unreadable) -> None:
        """Count something left out, under what its reason begins with."""
        reason = each.reason.partition(": ")[0]
        if reason not in self.left_out and len(self.left_out) >= _MOST_REASONS:
            reason = "other reasons"
        self.left_out[reason] += 1
        self.first.setdefault(reason, each)


_MOST_REASONS = 100


def place(each: Unreadable) -> str:
    """Where it is, in words; a repeat has no line of its own."""
    return f"{each.source}:{each.line}" if each.line else each.source


def import_conversations(
    records: Iterable[Imported | Conversation | Unreadable], out: IO[str], left_out: IO[str] | None = None
) -> Account:
    """Write every conversation to `out` as it comes, and what is left out to `left_out`; what that came to.

    Ids are unique: the same conversation is taken once, and another one under the same id gets a digest added to it.
    Memory grows with the ids and prompt groups only. Raises BrieError where not one conversation is there.
    """
    account = Account()
    contents: dict[str, str] = {}

    def leave(each: Unreadable) -> None:
        account.leave(each)
        if left_out is not None:
            left_out.writelines(to_jsonl([each]))

    for record in records:
        if isinstance(record, Unreadable):
            leave(record)
        elif isinstance(record, Imported):
            raise BrieError("this importer reads judgments, not conversations.", mend="Use 'brie-bench import'.")
        else:
            found = _own_id(record, contents)
            if found is None:
                source = record.provenance.source or record.id
                leave(Unreadable(source=source, line=0, reason="a repeat of a conversation that was taken"))
                continue
            out.writelines(to_jsonl([found]))
            account.conversations += 1
            account.prompts.add(found.prompt_group)
    if not account.conversations:
        why = "".join(f" {place(each)}: {each.reason}." for each in list(account.first.values())[:1])
        raise BrieError(f"no conversation could be read.{why}")
    return account


def _own_id(conversation: Conversation, contents: dict[str, str]) -> Conversation | None:
    """`conversation` under an id that no other has; None where the same one was taken."""
    mine = content(conversation.messages)
    base = conversation.id[:70]
    others = (f"{base}-{mine}{number or ''}" for number in itertools.count())
    for name in itertools.chain([conversation.id], others):
        if contents.setdefault(name, "") == mine:
            return None
        if not contents[name]:
            contents[name] = mine
            return conversation if name == conversation.id else conversation.replace(id=name)
    return None
