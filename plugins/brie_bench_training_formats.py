"""Writes conversations as trainers take them: trl's rows, OpenAI's fine-tuning rows, a Hugging Face dataset folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

from pydantic import Field

from brie_bench import Conversation, hookimpl
from brie_bench.conversations.exporting import (
    FIELDS,
    PRIVATE,
    ConversationExporter,
    Kept,
    Rows,
    columns,
    held,
    line,
    only_conversations,
    publicly,
)
from brie_bench.errors import BrieError

SPLITS = ("train", "validation", "test")


def turns(conversation: Conversation) -> list[dict[str, str]]:
    """Role and content of every turn."""
    return [{"role": turn.role, "content": turn.content} for turn in conversation.messages]


class Messages(Rows):
    """Writes rows with `messages`, as trl and most trainers take them: role and content of every turn."""

    name = "messages"

    def rows(self, conversation: Conversation) -> Iterator[dict[str, Any]]:
        """One row."""
        yield {"messages": turns(conversation)}


class PromptCompletion(Rows):
    """Writes trl's `prompt` and `completion`, both lists of messages; a trainer learns the completion alone.

    Every response of a conversation becomes the completion of a row, and all that was said before it the prompt: each is
    learned once. With the option `responses=last` only the last one does, and a conversation is one row.
    """

    name = "prompt-completion"

    class Options(Kept):
        """What a row says besides its turns, and which responses get one."""

        responses: Literal["each", "last"] = Field(default="each", description="The responses that become completions.")

    def rows(self, conversation: Conversation) -> Iterator[dict[str, Any]]:
        """A row for each response that is asked for."""
        said = turns(conversation)
        for number, turn in enumerate(said, 1):
            if turn["role"] == "assistant" and (self.options.responses == "each" or number == len(said)):
                yield {"prompt": said[: number - 1], "completion": [turn]}


class OpenAI(ConversationExporter):
    """Writes OpenAI's chat fine-tuning rows: `messages` and nothing else."""

    name = "openai"

    def write(self, records: Iterable[Any], target: Path) -> None:
        """One row a line."""
        with target.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(line({"messages": turns(each)}) for each in only_conversations(records))


class Dataset(ConversationExporter):
    """Writes a Hugging Face dataset folder: `data/train.jsonl`, `data/validation.jsonl` and a dataset card.

    Every field is a column; who the author is, the source and the date only where they are included.
    """

    name = "dataset"
    folder = frozenset({"README.md", *(f"data/{split}.jsonl" for split in SPLITS)})

    class Options(Kept):
        """What else a row says, and what the card says of all rows."""

        title: str = Field(default="Authored conversations", pattern=r"\S", description="The title of the card.")
        language: str | None = Field(
            default=None, pattern=r"^[a-z]{2,3}$", description="The language's ISO 639 code, such as en."
        )

    @property
    def holds(self) -> frozenset[str]:
        """All but what is private and not included."""
        return held(self.options.include) | frozenset(FIELDS)

    def write(self, records: Iterable[Any], target: Path) -> None:
        """The rows of each split as they come, and the card when they are counted.

        Without any split all rows are for training. Raises BrieError where some conversations have one and others not.
        """
        from brie_bench.conversations.card import Rights, card
        from brie_bench.conversations.summary import summarise

        rights = Rights()
        (target / "data").mkdir()
        with contextlib.ExitStack() as stack:
            files: dict[str | None, IO[str]] = {}

            def opened(split: str | None) -> IO[str]:
                path = target / "data" / f"{split or 'train'}.jsonl"
                return stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))

            def written() -> Iterator[Conversation]:
                for conversation in only_conversations(records):
                    split = conversation.split
                    if files and (split is None) != (None in files):
                        raise BrieError(
                            f"conversation '{conversation.id}' has {'no' if split is None else 'a'} split, unlike those"
                            " before it.",
                            mend="Use 'brie-bench conversations split' first.",
                        )
                    if split not in files:
                        files[split] = opened(split)
                    files[split].write(line({"messages": turns(conversation), **columns(conversation, self.holds)}))
                    rights.take(conversation.provenance)
                    yield publicly(conversation, self.holds)

            summary = summarise(written())
        splits = {split: summary.splits.get(split, 0) for split in SPLITS if split in summary.splits}
        text = card(
            self.options.title,
            self.options.language,
            summary,
            rights,
            splits or {"train": summary.conversations},
            [name for name in PRIVATE if name not in self.holds],
        )
        (target / "README.md").write_text(text, encoding="utf-8", newline="\n")


@hookimpl
def register_exporters(register) -> None:  # type: ignore[no-untyped-def]
    for exporter in (Messages, PromptCompletion, OpenAI, Dataset):
        register(exporter)
